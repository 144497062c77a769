//! The task that keeps the record. It may be late, never out of order: a notice is written, or given up after some attempts and counted,
//! before the next is looked at.

use super::close_overdue;
use crate::booking;
use crate::clock;
use crate::metrics::Metrics;
use crate::model::appointment::{Actor, Appointment, Event, Facts, Status};
use crate::model::consent::{self, Consent, Purpose};
use crate::model::ids::AppointmentId;
use crate::model::private::Private;
use crate::model::visit::{Attendee, Visit, VisitPerson, VisitRole};
use crate::rooms::{Happening, Person, RoomNotice, Rooms};
use crate::storage::visits::Arrival;
use crate::storage::{Author, Change, Database, Notice, StorageError, appointments, users, visits};
use kenes_signaling::ids::{RoomId, Subject};
use kenes_signaling::message::{Role as CallRole, Status as CallStatus};
use kenes_signaling::time::UnixMillis;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::broadcast::error::RecvError;
use tokio::sync::{broadcast, mpsc, oneshot};
use tokio::time::{interval, sleep};

/// How often the server says that it keeps its rooms: how exactly is known when people left if it dies.
const KEEP_EVERY: Duration = Duration::from_secs(30);
const ATTEMPTS: u32 = 5;
const RETRY_AFTER: Duration = Duration::from_millis(500);

pub(super) struct Recorder {
    database: Database,
    rooms: Arc<Rooms>,
    metrics: Arc<Metrics>,
    /// The rooms of visits that have people; at most as many as rooms are open.
    live: BTreeMap<AppointmentId, RoomId>,
}

impl Recorder {
    pub(super) fn new(database: Database, rooms: Arc<Rooms>, metrics: Arc<Metrics>) -> Self {
        Self { database, rooms, metrics, live: BTreeMap::new() }
    }

    pub(super) async fn keep(
        mut self,
        mut notices: mpsc::Receiver<RoomNotice>,
        mut changes: broadcast::Receiver<Notice>,
        mut finished: oneshot::Receiver<()>,
    ) {
        let mut keeping = interval(KEEP_EVERY);
        loop {
            tokio::select! {
                notice = notices.recv() => match notice {
                    Some(notice) => self.take(&notice).await,
                    None => return,
                },
                change = changes.recv() => match change {
                    Ok(change) => self.take_change(&change).await,
                    Err(RecvError::Lagged(_)) => self.follow_all().await,
                    Err(RecvError::Closed) => return,
                },
                _ = keeping.tick() => self.keep_open(clock::unix_ms()).await,
                _ = &mut finished => break,
            }
        }
        while let Ok(notice) = notices.try_recv() {
            self.take(&notice).await;
        }
    }

    /// Writes the notice down, then does what follows from it.
    async fn take(&mut self, notice: &RoomNotice) {
        let room = &notice.room;
        let mut failures = 0;
        let visit = loop {
            match self.write(notice).await {
                // The room of a demo, or of nobody that the record knows.
                Ok(None) => return,
                Ok(Some(visit)) => break visit,
                Err(error) if self.gives_up(&mut failures, &error).await => return,
                Err(_) => {}
            }
        };
        if self.rooms.people(room).is_empty() {
            self.live.remove(&visit.appointment);
        } else {
            self.live.insert(visit.appointment, room.clone());
        }
        let by = match &notice.what {
            Happening::Admitted { by, .. } => by.as_ref().and_then(attendee),
            _ => None,
        };
        self.follow_through(visit.appointment, room, by).await;
    }

    async fn take_change(&self, change: &Notice) {
        let id = if change.entity == "appointment" { change.id.parse::<AppointmentId>().ok() } else { None };
        if let Some((id, room)) = id.and_then(|id| self.live.get_key_value(&id)) {
            self.follow_through(*id, room, None).await;
        }
    }

    async fn follow_all(&self) {
        for (id, room) in &self.live {
            self.follow_through(*id, room, None).await;
        }
    }

    async fn follow_through(&self, id: AppointmentId, room: &RoomId, by: Option<Attendee>) {
        let mut failures = 0;
        while let Err(error) = self.follow(id, room, by).await {
            if self.gives_up(&mut failures, &error).await {
                return;
            }
        }
    }

    /// Says that the server keeps its rooms, and closes the visits that nobody closed. What fails is tried again at the next time.
    async fn keep_open(&self, now: UnixMillis) {
        let kept = if self.live.is_empty() { Ok(()) } else { visits::keep_open(&self.database, now).await };
        let closed = close_overdue(&self.database, now, |id| self.live.contains_key(&id)).await;
        if let Err(error) = kept.and(closed) {
            tracing::warn!(%error, "open visits could not be looked after");
        }
    }

    /// Somebody else may have changed the same appointment at the same time, or the database be away for a moment: waits, unless that has
    /// been tried often enough.
    async fn gives_up(&self, failures: &mut u32, error: &StorageError) -> bool {
        *failures += 1;
        tracing::warn!(%error, failures, "a visit could not be written down");
        if *failures == ATTEMPTS {
            self.metrics.session.notices_failed.inc();
            return true;
        }
        sleep(RETRY_AFTER).await;
        false
    }

    /// The visit that the notice was about.
    async fn write(&self, notice: &RoomNotice) -> Result<Option<Visit>, StorageError> {
        let Some(visit) = visits::find_by_room(&self.database, notice.room.as_str()).await? else { return Ok(None) };
        match &notice.what {
            Happening::Joined { who, is_in_call } => self.joined(&visit, who, *is_in_call, notice.at).await?,
            Happening::Admitted { who, .. } => {
                let Some(who) = attendee(who) else { return Ok(None) };
                let mut change = self.change(who).await?;
                visits::enter_call(&mut change, &visit, who, notice.at).await?;
                change.commit().await?;
            }
            Happening::Left { who, measured } => {
                let Some(who) = attendee(who) else { return Ok(None) };
                let mut change = self.change(who).await?;
                visits::depart(&mut change, &visit, who, notice.at, measured).await?;
                change.commit().await?;
            }
            Happening::Ended => self.ended(&visit, notice.at).await?,
        }
        Ok(Some(visit))
    }

    async fn joined(&self, visit: &Visit, who: &Person, is_in_call: bool, at: UnixMillis) -> Result<(), StorageError> {
        let Some(attendee) = attendee(&who.subject) else { return Ok(()) };
        let Some(role) = self.role_of(attendee, who.role).await? else { return Ok(()) };
        let name = Private::new(who.name.as_str().to_owned());
        let mut change = self.change(attendee).await?;
        visits::join(&mut change, visit, &Arrival { attendee, role, name, at, is_in_call }).await?;
        let appointment = appointments::find(&self.database, visit.appointment).await?;
        if visit.ended.is_some() && appointment.is_some_and(|appointment| appointment.status.is_live()) {
            visits::reopen(&mut change, visit).await?;
        }
        change.commit().await
    }

    /// A host ended the call; what becomes of the appointment is a step of its own.
    async fn ended(&self, visit: &Visit, at: UnixMillis) -> Result<(), StorageError> {
        let appointment = appointments::find(&self.database, visit.appointment).await?;
        let Some(appointment) = appointment.filter(|_| visit.ended.is_none()) else { return Ok(()) };
        let mut change = self.database.change(Author::System, clock::unix_ms()).await?;
        visits::close(&mut change, &appointment, at).await?;
        change.commit().await
    }

    /// What the appointment's state and the people in its room mean for each other.
    async fn follow(&self, id: AppointmentId, room: &RoomId, by: Option<Attendee>) -> Result<(), StorageError> {
        let Some(appointment) = appointments::find(&self.database, id).await? else { return Ok(()) };
        match appointment.status {
            Status::CheckedIn | Status::InCall => {}
            status if status.is_live() => return Ok(()),
            _ => {
                self.rooms.end(room);
                return Ok(());
            }
        }
        let people = self.people(&appointment, room).await?;
        let consents = visits::consents(&self.database, id).await?;
        let is_shown = people.iter().any(|(person, status)| {
            *status != CallStatus::Waiting && person.role.is_patients_side(appointment.channel)
        });
        // Withdrawn in the middle of the call: nobody sees or hears the patient any more.
        if is_shown && !consent::is_given(&consents, Purpose::Consultation) {
            self.rooms.end(room);
            return Ok(());
        }
        match appointment.status {
            Status::CheckedIn if is_shown => self.begin(&appointment, &people, &consents, by).await,
            Status::InCall => {
                self.let_in(&appointment, &people, room);
                Ok(())
            }
            _ => Ok(()),
        }
    }

    /// The call begins when the patient's side was let in by a host who may do so, or when it and the specialist are in the call.
    async fn begin(
        &self,
        appointment: &Appointment,
        people: &[(VisitPerson, CallStatus)],
        consents: &[Consent],
        by: Option<Attendee>,
    ) -> Result<(), StorageError> {
        let mut in_call = people.iter().filter(|(_, status)| *status != CallStatus::Waiting).map(|(person, _)| person);
        let specialist = in_call.find(|person| person.role == VisitRole::Specialist).map(|person| person.subject);
        let facts = Facts { is_consent_decided: consent::is_decided(consents), ..Facts::default() };
        for host in by.into_iter().chain(specialist) {
            let Some(actor) = self.actor(host).await? else { continue };
            let now = clock::unix_ms();
            if let Ok(admission) = appointment.decide(&actor, Event::Admit, &facts, now) {
                let mut change = self.database.change(host.into(), now).await?;
                booking::happen(&mut change, appointment, &admission).await?;
                return change.commit().await;
            }
        }
        Ok(())
    }

    /// Who waits although the call has begun: admitted from the desk, or back after this server was restarted.
    fn let_in(&self, appointment: &Appointment, people: &[(VisitPerson, CallStatus)], room: &RoomId) {
        for (person, status) in people {
            if *status == CallStatus::Waiting
                && person.role.is_patients_side(appointment.channel)
                && let Ok(subject) = Subject::new(person.subject.to_string())
            {
                self.rooms.admit(room, subject);
            }
        }
    }

    /// Those in the room now, as the record knows them.
    async fn people(
        &self,
        appointment: &Appointment,
        room: &RoomId,
    ) -> Result<Vec<(VisitPerson, CallStatus)>, StorageError> {
        let Some(visit) = visits::of_appointment(&self.database, appointment.id).await? else { return Ok(Vec::new()) };
        let recorded = visits::people(&self.database, visit.id).await?;
        let here =
            self.rooms.people(room).into_iter().filter_map(|person| Some((attendee(&person.subject)?, person.status?)));
        let here: Vec<_> = here.collect();
        let status = |who: Attendee| here.iter().find(|(attendee, _)| *attendee == who).map(|(_, status)| *status);
        Ok(recorded.into_iter().filter_map(|person| status(person.subject).map(|status| (person, status))).collect())
    }

    /// `None`: a link that is gone.
    async fn role_of(&self, who: Attendee, in_room: CallRole) -> Result<Option<VisitRole>, StorageError> {
        Ok(match who {
            Attendee::Cart(_) => Some(VisitRole::Cart),
            Attendee::Link(id) => visits::link_by_id(&self.database, id).await?.map(|link| link.details.role.into()),
            Attendee::User(_) if in_room == CallRole::Specialist => Some(VisitRole::Specialist),
            Attendee::User(_) => Some(VisitRole::Nurse),
        })
    }

    /// As whom the model judges a host; guests let nobody in.
    async fn actor(&self, host: Attendee) -> Result<Option<Actor>, StorageError> {
        Ok(match host {
            Attendee::User(id) => {
                let user = users::find(&self.database, id).await?;
                user.map(|user| Actor::User { id, roles: user.details.roles })
            }
            Attendee::Cart(id) => Some(Actor::Cart(id)),
            Attendee::Link(_) => None,
        })
    }

    async fn change(&self, who: Attendee) -> Result<Change, StorageError> {
        self.database.change(who.into(), clock::unix_ms()).await
    }
}

/// `None`: of a demo.
fn attendee(subject: &Subject) -> Option<Attendee> {
    subject.as_str().parse().ok()
}
