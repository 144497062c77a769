//! Plays the table of cases in the order of time: each referral, hold, booking, call and visit by whoever would have done it, each step
//! judged by the model.

use super::cases::{CASES, Case, ComesTo, Start, Story, Visit};
use super::people::People;
use super::{DemoError, Ids, some};
use crate::booking;
use crate::model::appointment::{Actor, Appointment, Channel, Event, Facts, NewAppointment};
use crate::model::booking_attempt::{Attempt, Outcome};
use crate::model::conclusion::{CONCLUSION, Conclusion, NewConclusion};
use crate::model::consent::{Consent, Decision, Giver, NewConsent, Purpose};
use crate::model::horizon::Publishing;
use crate::model::ids::{
    AppointmentId, BookingAttemptId, ConclusionId, ConsentId, ReconfirmCallId, ReferralId, SlotId, WaitlistEntryId,
};
use crate::model::private::Private;
use crate::model::reconfirm::{NewReconfirmCall, ReconfirmCall, ReconfirmResult};
use crate::model::record::Stamp;
use crate::model::referral::{NewReferral, Referral, ReferralEvent, ReferralInput, ReferralStatus};
use crate::model::slot::{Slot, SlotKind, SlotState};
use crate::model::time::{Interval, UnixMillis, before};
use crate::model::user::User;
use crate::model::waitlist::{NewWaitlistEntry, WaitlistEntry, WaitlistStatus};
use crate::storage::{Author, Change, appointments, attempts, conclusions, referrals, slots, visits, waitlist};
use std::time::Duration;

const MINUTE: Duration = Duration::from_secs(60);
const HOUR: Duration = Duration::from_secs(3600);
const DAY: Duration = Duration::from_secs(24 * 3600);
const VISIT: Duration = Duration::from_secs(30 * 60);
const FIVE_MINUTES_MS: u64 = 5 * 60 * 1000;

#[derive(Clone, Copy)]
enum Act {
    Arrive,
    OnReferral(ReferralEvent),
    Wait(Channel),
    Book,
    /// The contact centre's call.
    Call,
    OnVisit(Event, By),
    GiveConsent,
    Conclude(&'static str, &'static str),
}

#[derive(Clone, Copy)]
enum By {
    Nurse,
    Specialist,
    System,
}

/// A case as it stands.
struct Tale<'a> {
    case: &'a Case,
    referral: Referral,
    visit: Option<(Appointment, Slot)>,
}

struct World<'a> {
    ids: &'a Ids,
    people: &'a People,
    now: UnixMillis,
}

pub(super) async fn tell(
    change: &mut Change,
    ids: &Ids,
    people: &People,
    now: UnixMillis,
    horizon: Duration,
) -> Result<(), DemoError> {
    let world = World { ids, people, now };
    let mut tales = CASES.iter().map(|case| world.tale(case)).collect::<Result<Vec<_>, _>>()?;
    publish(change, &world, &tales, horizon).await?;
    let mut acts: Vec<_> = tales.iter().enumerate().flat_map(|(index, tale)| world.acts(index, tale)).collect();
    acts.sort_by_key(|(at, ..)| *at);
    for (at, index, act) in acts {
        let tale = tales.get_mut(index).ok_or(DemoError::Misfit("a case"))?;
        world.perform(change, tale, at, act).await?;
    }
    Ok(())
}

/// The slots of the visits, past ones among them, and what the schedules give from today on.
async fn publish(
    change: &mut Change,
    world: &World<'_>,
    tales: &[Tale<'_>],
    horizon: Duration,
) -> Result<(), DemoError> {
    let today = world.people.zone.day(world.people.zone.local(world.now).date());
    let ahead = today.and_then(|today| Interval::new(today.start(), world.now.plus(horizon)));
    let ahead = ahead.ok_or(DemoError::Misfit("a horizon"))?;
    for (key, user) in &world.people.users {
        let Some(specialty) = &user.details.specialty else { continue };
        let own = tales.iter().filter_map(|tale| tale.visit.as_ref()).map(|(_, slot)| slot);
        let mut published: Vec<Slot> = own.filter(|slot| slot.specialist == user.id).cloned().collect();
        let taken: Vec<_> = published.iter().map(|slot| slot.time).collect();
        let schedules: Vec<_> = world.people.schedules.iter().filter(|own| own.is_of(user.id)).cloned().collect();
        let publishing =
            Publishing { specialist: user.id, specialty, schedules: &schedules, exceptions: &[], published: &taken };
        let mut count = 0_u32;
        let stamp = Stamp::first(None, world.ids.began);
        published.extend(publishing.slots(ahead, stamp, || {
            count += 1;
            world.ids.random("slot", &format!("{key} {count}"))
        }));
        slots::publish(change, &published).await?;
    }
    Ok(())
}

impl<'a> World<'a> {
    fn tale(&self, case: &'a Case) -> Result<Tale<'a>, DemoError> {
        let patient = self.people.patient(case.patient)?;
        let site = patient.details.phc_site.ok_or(DemoError::Misfit("a patient's site"))?;
        let input = ReferralInput {
            source: some("demo"),
            mis_ref: Some(format!("{}-{}", case.patient, case.specialty)),
            site: Some(site.to_string()),
            patient: Some(patient.id.to_string()),
            referring_doctor: some(self.family_doctor(site)?.details.name.reveal()),
            specialty: some(case.specialty),
            reason: some(case.reason),
            icd10: some(case.icd10),
            priority: some(if case.is_urgent { "urgent" } else { "routine" }),
        };
        let referral = Referral {
            id: ReferralId::new(self.came(case), self.random("referral", case)),
            details: NewReferral::validate(&input)?,
            status: ReferralStatus::Received,
            stamp: Stamp::first(None, self.came(case)),
        };
        let visit = match &case.story {
            Story::Visit(visit) => Some(self.proposal(case, &referral, visit)?),
            _ => None,
        };
        Ok(Tale { case, referral, visit })
    }

    fn proposal(&self, case: &Case, referral: &Referral, visit: &Visit) -> Result<(Appointment, Slot), DemoError> {
        let start = self.start(visit.start).ok_or(DemoError::Misfit("a start"))?;
        let began = self.ids.began;
        let slot = Slot {
            id: SlotId::new(began, self.random("slot", case)),
            specialist: self.people.of_specialty(case.specialty)?.id,
            specialty: referral.details.specialty.clone(),
            time: Interval::new(start, start.plus(VISIT)).ok_or(DemoError::Misfit("a visit's time"))?,
            channel: if visit.cart.is_some() { Channel::Cart } else { Channel::HomeLink },
            kind: SlotKind::Competitive,
            state: SlotState::Free,
            stamp: Stamp::first(None, began),
        };
        let booked = self.came(case).plus(25 * MINUTE);
        let new = NewAppointment {
            referral: Some(referral.id),
            patient: referral.details.patient,
            site: referral.details.site,
            slot: slot.id,
            cart: visit.cart.map(|key| self.ids.cart(key)),
            rescheduled_from: None,
        };
        let stamp = Stamp::first(Some(self.people.nurse_of(new.site)?.id), booked);
        let id = AppointmentId::new(booked, self.random("appointment", case));
        Ok((new.propose(id, &slot, stamp)?, slot))
    }

    fn family_doctor(&self, site: crate::model::ids::SiteId) -> Result<&User, DemoError> {
        self.people.user(if site == self.ids.site("presnovka") { "yerlan" } else { "igor" })
    }

    fn random(&self, kind: &str, case: &Case) -> [u8; 10] {
        self.ids.random(kind, &format!("{} {}", case.patient, case.specialty))
    }

    fn came(&self, case: &Case) -> UnixMillis {
        before(self.now, case.hours_ago * HOUR)
    }

    fn start(&self, start: Start) -> Option<UnixMillis> {
        match start {
            Start::FromNow(minutes) => {
                let clock = UnixMillis(self.now.0.next_multiple_of(FIVE_MINUTES_MS));
                let away = minutes.unsigned_abs() * MINUTE;
                Some(if minutes < 0 { before(clock, away) } else { clock.plus(away) })
            }
            Start::Day(days, hour) => {
                let date = self.people.zone.local(self.now).date();
                let date = date.checked_add(jiff::Span::new().try_days(days).ok()?).ok()?;
                self.people.zone.utc(date.at(hour, 0, 0, 0))
            }
        }
    }

    /// What happens in a case, each at its time.
    fn acts(&self, index: usize, tale: &Tale<'_>) -> Vec<(UnixMillis, usize, Act)> {
        let came = self.came(tale.case);
        let mut acts = vec![(came, Act::Arrive)];
        if !matches!(tale.case.story, Story::Received) {
            acts.push((came.plus(20 * MINUTE), Act::OnReferral(ReferralEvent::Take)));
        }
        let then = came.plus(25 * MINUTE);
        match &tale.case.story {
            Story::Received | Story::Taken => {}
            Story::Rejected => acts.push((then, Act::OnReferral(ReferralEvent::Reject))),
            Story::Cancelled => acts.push((then, Act::OnReferral(ReferralEvent::Cancel))),
            Story::Waits(channel) => acts.push((then, Act::Wait(*channel))),
            Story::Visit(visit) => {
                acts.push((then, Act::Book));
                if let Some((appointment, _)) = &tale.visit {
                    acts.extend(self.acts_of_visit(visit.comes_to, appointment.time.start()));
                }
            }
        }
        acts.into_iter().map(|(at, act)| (at, index, act)).collect()
    }

    fn acts_of_visit(&self, comes_to: ComesTo, start: UnixMillis) -> Vec<(UnixMillis, Act)> {
        let call = || (before(start, 20 * HOUR).min(before(self.now, HOUR / 2)), Act::Call);
        let check_in = || (before(start, 4 * MINUTE).min(before(self.now, 2 * MINUTE)), By::Nurse);
        let on = |(at, by), event| (at, Act::OnVisit(event, by));
        let after = |minutes: u32| start.plus(minutes * MINUTE);
        match comes_to {
            ComesTo::Booked => Vec::new(),
            ComesTo::Confirmed => vec![call()],
            ComesTo::CheckedIn => vec![call(), on(check_in(), Event::CheckIn)],
            ComesTo::Completed(summary, recommendations) => vec![
                call(),
                on(check_in(), Event::CheckIn),
                (after(1), Act::GiveConsent),
                on((after(2), By::Specialist), Event::Admit),
                (after(20), Act::Conclude(summary, recommendations)),
                on((after(24), By::Specialist), Event::Complete(None)),
            ],
            ComesTo::NoShowProposed => vec![on((after(15), By::System), Event::ProposeNoShow)],
            ComesTo::NoShow => vec![
                on((after(15), By::System), Event::ProposeNoShow),
                on((after(40), By::Nurse), Event::ConfirmNoShow),
            ],
            ComesTo::Failed(code) => vec![
                on((after(10), By::System), Event::ProposeFailure(code)),
                on((after(30), By::Nurse), Event::ConfirmFailure),
            ],
            ComesTo::Cancelled(reason) => {
                vec![on((before(self.now, 2 * HOUR), By::Nurse), Event::Cancel(reason))]
            }
        }
    }

    async fn perform(
        &self,
        change: &mut Change,
        tale: &mut Tale<'_>,
        at: UnixMillis,
        act: Act,
    ) -> Result<(), DemoError> {
        let nurse = self.people.nurse_of(tale.referral.details.site)?;
        let is_by_system = matches!(act, Act::Arrive | Act::OnVisit(_, By::System));
        change.go_on_as(if is_by_system { Author::System } else { Author::User(nurse.id) }, at);
        match act {
            Act::Arrive => referrals::create(change, &tale.referral).await?,
            Act::OnReferral(event) => tale.referral = referrals::apply(change, &tale.referral, event).await?,
            Act::Wait(channel) => self.wait(change, tale, channel, at).await?,
            Act::Book => self.book(change, tale, nurse, at).await?,
            Act::Call => self.call(change, tale, at).await?,
            Act::OnVisit(event, by) => self.happen(change, tale, event, by, at).await?,
            Act::Conclude(summary, recommendations) => {
                self.conclude(change, tale, summary, recommendations, at).await?;
            }
            Act::GiveConsent => self.give_consent(change, tale, nurse, at).await?,
        }
        Ok(())
    }

    async fn wait(
        &self,
        change: &mut Change,
        tale: &mut Tale<'_>,
        channel: Channel,
        at: UnixMillis,
    ) -> Result<(), DemoError> {
        tale.referral = referrals::apply(change, &tale.referral, ReferralEvent::Wait).await?;
        let details = NewWaitlistEntry {
            referral: tale.referral.id,
            specialty: tale.referral.details.specialty.clone(),
            channel,
            cart: None,
            window: Interval::new(at, self.now.plus(14 * DAY)).ok_or(DemoError::Misfit("a window"))?,
            priority: tale.referral.details.priority,
        };
        let entry = WaitlistEntry {
            id: WaitlistEntryId::new(at, self.random("waitlist", tale.case)),
            patient: tale.referral.details.patient,
            details,
            status: WaitlistStatus::Waiting,
            lost: None,
            stamp: Stamp::first(Some(self.people.nurse_of(tale.referral.details.site)?.id), at),
        };
        Ok(waitlist::join(change, &entry).await?)
    }

    async fn book(
        &self,
        change: &mut Change,
        tale: &mut Tale<'_>,
        nurse: &User,
        at: UnixMillis,
    ) -> Result<(), DemoError> {
        let (proposed, slot) = tale.visit.clone().ok_or(DemoError::Misfit("a visit"))?;
        let attempt = BookingAttemptId::new(at, self.random("attempt", tale.case));
        let attempt = Attempt::begin(attempt, slot.channel, slot.specialty.clone());
        let hold = slot.hold(nurse.id, at)?;
        slots::set_state(change, &slot, SlotState::Held(hold)).await?;
        appointments::create(change, &proposed).await?;
        let facts = Facts { hold: Some(hold), is_time_free: true, ..Facts::default() };
        let transition = proposed.decide(&actor(nurse), Event::Book, &facts, at)?;
        let booked = booking::happen(change, &proposed, &transition).await?;
        attempts::record(change, &attempt.end(Outcome::Success(booked.id), at)).await?;
        tale.visit = Some((booked, slot));
        Ok(())
    }

    async fn call(&self, change: &mut Change, tale: &mut Tale<'_>, at: UnixMillis) -> Result<(), DemoError> {
        let (appointment, slot) = tale.visit.clone().ok_or(DemoError::Misfit("a visit"))?;
        let operator = self.people.user("zhanna")?;
        let result = ReconfirmResult::Confirmed;
        let call = ReconfirmCall {
            id: ReconfirmCallId::new(at, self.random("call", tale.case)),
            appointment: appointment.id,
            operator: operator.id,
            attempt: 1,
            details: NewReconfirmCall { result, note: None },
            at,
        };
        change.go_on_as(Author::User(operator.id), at);
        visits::add_call(change, &call).await?;
        let (patient, event) = result.event().ok_or(DemoError::Misfit("a call"))?;
        let confirming = appointment.decide(&patient, event, &Facts::default(), at)?;
        tale.visit = Some((booking::happen(change, &appointment, &confirming).await?, slot));
        Ok(())
    }

    async fn happen(
        &self,
        change: &mut Change,
        tale: &mut Tale<'_>,
        event: Event,
        by: By,
        at: UnixMillis,
    ) -> Result<(), DemoError> {
        let (appointment, slot) = tale.visit.clone().ok_or(DemoError::Misfit("a visit"))?;
        let user = match by {
            By::Nurse => Some(self.people.nurse_of(appointment.site)?),
            By::Specialist => Some(self.people.of_specialty(tale.case.specialty)?),
            By::System => None,
        };
        change.go_on_as(user.map_or(Author::System, |user| Author::User(user.id)), at);
        let facts = Facts {
            is_consent_decided: true,
            has_summary: true,
            was_specialist_present: true,
            was_cart_online: true,
            ..Facts::default()
        };
        let transition = appointment.decide(&user.map_or(Actor::System, actor), event, &facts, at)?;
        tale.visit = Some((booking::happen(change, &appointment, &transition).await?, slot));
        Ok(())
    }

    /// A draft: completing the visit signs it.
    async fn conclude(
        &self,
        change: &mut Change,
        tale: &Tale<'_>,
        summary: &str,
        recommendations: &str,
        at: UnixMillis,
    ) -> Result<(), DemoError> {
        let (appointment, _) = tale.visit.as_ref().ok_or(DemoError::Misfit("a visit"))?;
        let id = ConclusionId::new(at, self.random("conclusion", tale.case));
        change.go_on_as(Author::User(appointment.specialist), at);
        Ok(conclusions::create(change, &conclusion(id, appointment, (summary, recommendations), at)).await?)
    }

    async fn give_consent(
        &self,
        change: &mut Change,
        tale: &Tale<'_>,
        nurse: &User,
        at: UnixMillis,
    ) -> Result<(), DemoError> {
        let (appointment, _) = tale.visit.as_ref().ok_or(DemoError::Misfit("a visit"))?;
        let details = NewConsent {
            purpose: Purpose::Consultation,
            decision: Decision::Given,
            text_version: 1,
            language: self.people.patient(tale.case.patient)?.details.language,
            giver: Giver::Patient,
            giver_name: None,
        };
        let consent = Consent {
            id: ConsentId::new(at, self.random("consent", tale.case)),
            appointment: appointment.id,
            patient: appointment.patient,
            details,
            taken_by: Some(nurse.id),
            at,
        };
        Ok(visits::add_consent(change, &consent).await?)
    }
}

fn conclusion(id: ConclusionId, appointment: &Appointment, texts: (&str, &str), at: UnixMillis) -> Conclusion {
    let private = |text: &str| Private::new(text.to_owned());
    Conclusion {
        id,
        appointment: appointment.id,
        number: CONCLUSION,
        author: appointment.specialist,
        details: NewConclusion { summary: private(texts.0), recommendations: Some(private(texts.1)), icd10: None },
        signature: None,
        stamp: Stamp::first(Some(appointment.specialist), at),
    }
}

fn actor(user: &User) -> Actor {
    Actor::User { id: user.id, roles: user.details.roles }
}
