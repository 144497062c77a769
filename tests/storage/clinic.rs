//! A small clinic in a database: one site, a few specialists, patients and carts, and made-up appointments between them.

use crate::databases::TestDatabase;
use kenes::model::appointment::{Actor, Appointment, CancelReason, Channel, Event, Facts, Status, Transition};
use kenes::model::ids::{AppointmentId, CartId, SlotId, UserId};
use kenes::model::record::Stamp;
use kenes::model::role::{Role, Roles};
use kenes::model::slot::{HOLD, Hold};
use kenes::model::time::{Interval, UnixMillis};
use kenes::storage::attempts::{self, Attempt, Booked};
use kenes::storage::{Author, Database, StorageError, appointments};
use sqlx::Executor as _;
use std::str::FromStr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// 2026-11-23T04:00:00Z, a Monday morning in Petropavlovsk.
pub(crate) const MORNING: UnixMillis = UnixMillis(1_795_406_400_000);
pub(crate) const MINUTE: Duration = Duration::from_secs(60);
/// Of each kind: specialists, patients (with a referral each), carts.
pub(crate) const PEOPLE: u64 = 8;

const NURSE: u64 = 1;
const SITE: u64 = 2;
const SPECIALISTS: u64 = 100;
const PATIENTS: u64 = 200;
const REFERRALS: u64 = 300;
const CARTS: u64 = 400;

/// The id with the number `n`, of whatever kind is asked for.
pub(crate) fn id<T: FromStr>(n: u64) -> T {
    UserId::new(UnixMillis(n), [0; 10]).to_string().parse().unwrap_or_else(|_| panic!("{n} makes an id"))
}

/// An id that no other call has got, in no process.
pub(crate) fn new_id<T: FromStr>() -> T {
    static COUNT: AtomicU64 = AtomicU64::new(0);
    let mut random = [0; 10];
    random[..4].copy_from_slice(&std::process::id().to_le_bytes());
    random[4..8].copy_from_slice(&COUNT.fetch_add(1, Ordering::Relaxed).to_le_bytes()[..4]);
    UserId::new(MORNING, random).to_string().parse().unwrap_or_else(|_| panic!("an id"))
}

pub(crate) fn nurse() -> Author {
    Author::User(id(NURSE))
}

pub(crate) fn specialist(n: u64) -> UserId {
    id(SPECIALISTS + n)
}

pub(crate) fn cart(n: u64) -> CartId {
    id(CARTS + n)
}

pub(crate) async fn open(test: &TestDatabase) -> Database {
    let database = test.open().await;
    let mut connection = test.intrude().await;
    for sql in rows() {
        connection.execute(sqlx::AssertSqlSafe(sql)).await.unwrap();
    }
    database
}

fn rows() -> Vec<String> {
    let stamp = "1, NULL, 0, 0";
    let site: UserId = id(SITE);
    let mut sql = vec![
        format!("INSERT INTO sites VALUES ('{site}', 'Presnovka', 'hospital', 'Asia/Almaty', 120, {stamp})"),
        format!("INSERT INTO users VALUES ('{}', '{site}', 'N', 'nurse', NULL, 'kk', {stamp})", id::<UserId>(NURSE)),
    ];
    for n in 0..PEOPLE {
        let (doctor, patient, referral, cart) =
            (specialist(n), id::<UserId>(PATIENTS + n), id::<UserId>(REFERRALS + n), cart(n));
        sql.push(format!(
            "INSERT INTO users VALUES ('{doctor}', '{site}', 'S', 'specialist', 'cardiology', 'kk', {stamp})"
        ));
        sql.push(format!(
            "INSERT INTO patients (id, name, birth_date, sex, language, needs_interpreter, version, created_ms, updated_ms)
             VALUES ('{patient}', 'P', '1980-01-01', 'female', 'kk', 0, 1, 0, 0)"
        ));
        sql.push(format!(
            "INSERT INTO referrals (id, source, mis_ref, site_id, patient_id, referring_doctor, specialty, reason, priority,
                                    status, version, created_ms, updated_ms)
             VALUES ('{referral}', 'mis', '{n}', '{site}', '{patient}', 'D', 'cardiology', 'R', 'routine', 'in_work', 1, 0, 0)"
        ));
        sql.push(format!(
            "INSERT INTO carts (id, site_id, name, capabilities, version, created_ms, updated_ms)
             VALUES ('{cart}', '{site}', 'C', '', 1, 0, 0)"
        ));
    }
    sql
}

/// Who meets when: indexes into the clinic's people, minutes after the morning.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Visit {
    pub(crate) specialist: u64,
    pub(crate) patient: u64,
    pub(crate) cart: Option<u64>,
    pub(crate) start_minute: u32,
    pub(crate) minutes: u32,
}

impl Visit {
    /// Proposed, and not stored yet.
    pub(crate) fn appointment(&self, slot: Option<SlotId>) -> Appointment {
        let start = MORNING.plus(self.start_minute * MINUTE);
        Appointment {
            id: new_id(),
            referral: Some(id(REFERRALS + self.patient)),
            site: id(SITE),
            patient: id(PATIENTS + self.patient),
            specialist: specialist(self.specialist),
            cart: self.cart.map(cart),
            slot,
            time: Interval::new(start, start.plus(self.minutes * MINUTE)).unwrap(),
            channel: if self.cart.is_some() { Channel::Cart } else { Channel::HomeLink },
            status: Status::Proposed,
            proposal: None,
            cancel_reason: None,
            failure: None,
            no_summary_reason: None,
            rescheduled_from: None,
            stamp: Stamp::first(nurse().user(), MORNING),
        }
    }
}

pub(crate) fn attempt(channel: Channel) -> Attempt {
    Attempt { id: new_id(), channel, specialty: "cardiology".parse().unwrap() }
}

/// One attempt as an endpoint makes it.
pub(crate) async fn book(database: &Database, proposed: &Appointment) -> Result<AppointmentId, StorageError> {
    let booking = decide(proposed, Event::Book);
    attempts::book(database, nurse(), MORNING, &attempt(proposed.channel), async |change| {
        appointments::create(change, proposed).await?;
        appointments::apply(change, proposed, &booking).await?;
        Ok(Booked::New(proposed.id, proposed.id))
    })
    .await
}

pub(crate) async fn cancel(database: &Database, id: AppointmentId) -> Result<Appointment, StorageError> {
    let booked = appointments::find(database, id).await?.unwrap();
    let mut change = database.change(nurse(), MORNING).await?;
    let cancelling = decide(&booked, Event::Cancel(CancelReason::PatientDeclined));
    let cancelled = appointments::apply(&mut change, &booked, &cancelling).await?;
    change.commit().await?;
    Ok(cancelled)
}

pub(crate) fn decide(appointment: &Appointment, event: Event) -> Transition {
    let nurse = Actor::User { id: id(NURSE), roles: Roles::NONE.with(Role::Nurse) };
    let hold = Some(Hold { by: id(NURSE), until: MORNING.plus(HOLD) });
    let facts = Facts { hold, is_time_free: true, ..Facts::default() };
    appointment.decide(&nurse, event, &facts, MORNING).unwrap()
}

pub(crate) fn slot(n: u64, start_minute: u32) -> kenes::model::slot::Slot {
    use kenes::model::slot::{Slot, SlotKind, SlotState};
    let start = MORNING.plus(start_minute * MINUTE);
    Slot {
        id: new_id(),
        specialist: specialist(n),
        specialty: "cardiology".parse().unwrap(),
        time: Interval::new(start, start.plus(30 * MINUTE)).unwrap(),
        channel: Channel::Cart,
        kind: SlotKind::Competitive,
        state: SlotState::Free,
        stamp: Stamp::first(None, MORNING),
    }
}
