//! A small clinic in a database: one site, a few specialists, patients and carts, and made-up appointments between them.

use crate::databases::TestDatabase;
use kenes::model::appointment::{Actor, Appointment, CancelReason, Channel, Event, Facts, Status, Transition};
use kenes::model::booking_attempt::Attempt;
use kenes::model::cart::{Cart, CartInput, NewCart};
use kenes::model::ids::{AppointmentId, SlotId, UserId};
use kenes::model::patient::{NewPatient, Patient, PatientInput};
use kenes::model::record::Stamp;
use kenes::model::referral::{NewReferral, Referral, ReferralInput, ReferralStatus};
use kenes::model::role::{Role, Roles};
use kenes::model::site::{NewSite, Site, SiteInput};
use kenes::model::slot::{HOLD, Hold, Slot, SlotKind, SlotState};
use kenes::model::time::{Interval, UnixMillis};
use kenes::model::user::{NewUser, User, UserInput};
use kenes::storage::attempts::{self, Booked};
use kenes::storage::{Author, Database, StorageError, appointments, patients, places, referrals, users};
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

pub(crate) async fn open(test: &TestDatabase) -> Database {
    let database = test.open().await;
    let mut change = database.change(Author::System, MORNING).await.unwrap();
    places::create_site(&mut change, &site()).await.unwrap();
    users::create(&mut change, &user(id(NURSE), "nurse", None)).await.unwrap();
    for n in 0..PEOPLE {
        users::create(&mut change, &user(specialist(n), "specialist", Some("cardiology"))).await.unwrap();
        patients::create(&mut change, &patient(n)).await.unwrap();
        referrals::create(&mut change, &referral(n)).await.unwrap();
        places::create_cart(&mut change, &cart(n)).await.unwrap();
    }
    change.commit().await.unwrap();
    database
}

pub(crate) fn site() -> Site {
    let input = SiteInput {
        kind: some("hospital"),
        name: some("Presnovka district hospital"),
        time_zone: some("Asia/Almaty"),
        km_to_hub: Some(130),
        phone: some("+77154421234"),
    };
    Site { id: id(SITE), details: NewSite::validate(&input).unwrap(), stamp: stamp() }
}

pub(crate) fn user(id: UserId, role: &str, specialty: Option<&str>) -> User {
    let input = UserInput {
        site: Some(site().id.to_string()),
        name: some("Somebody"),
        roles: some(role),
        specialty: specialty.map(str::to_owned),
        languages: some("kk,ru"),
    };
    User { id, details: NewUser::validate(&input).unwrap(), stamp: stamp() }
}

pub(crate) fn patient(n: u64) -> Patient {
    let input = PatientInput {
        mis_id: Some(format!("mis-{n}")),
        name: some("Somebody Else"),
        birth_date: some("1980-02-29"),
        sex: some("female"),
        phone: some("+77011234567"),
        language: some("kk"),
        phc_site: Some(site().id.to_string()),
        ..PatientInput::default()
    };
    let details = NewPatient::validate(&input, "2026-11-23".parse().unwrap()).unwrap();
    Patient { id: id(PATIENTS + n), details, stamp: stamp() }
}

pub(crate) fn referral(n: u64) -> Referral {
    let input = ReferralInput {
        source: some("mis"),
        mis_ref: Some(n.to_string()),
        site: Some(site().id.to_string()),
        patient: Some(patient(n).id.to_string()),
        referring_doctor: some("A Doctor"),
        specialty: some("cardiology"),
        reason: some("Pain on exertion"),
        icd10: some("I20.8"),
        priority: some(if n == PEOPLE - 1 { "urgent" } else { "routine" }),
    };
    let details = NewReferral::validate(&input).unwrap();
    Referral { id: id(REFERRALS + n), details, status: ReferralStatus::Received, stamp: stamp() }
}

pub(crate) fn cart(n: u64) -> Cart {
    let input = CartInput {
        site: Some(site().id.to_string()),
        name: Some(format!("Cart {n}")),
        capabilities: some("otoscope,ptz"),
    };
    let details = NewCart::validate(&input).unwrap();
    Cart { id: id(CARTS + n), details, last_seen: None, check: None, stamp: stamp() }
}

fn some(text: &str) -> Option<String> {
    Some(text.to_owned())
}

fn stamp() -> Stamp {
    Stamp::first(None, MORNING)
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
            site: site().id,
            patient: id(PATIENTS + self.patient),
            specialist: specialist(self.specialist),
            cart: self.cart.map(|n| id(CARTS + n)),
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
    Attempt::begin(new_id(), channel, "cardiology".parse().unwrap())
}

/// One attempt as an endpoint makes it.
pub(crate) async fn book(database: &Database, proposed: &Appointment) -> Result<AppointmentId, StorageError> {
    let booking = decide(proposed, Event::Book);
    attempts::book(database, nurse(), MORNING, attempt(proposed.channel), async |change| {
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

/// The nurse as the model sees her.
pub(crate) fn actor() -> Actor {
    Actor::User { id: id(NURSE), roles: Roles::NONE.with(Role::Nurse) }
}

pub(crate) fn decide(appointment: &Appointment, event: Event) -> Transition {
    let hold = Some(Hold { by: id(NURSE), until: MORNING.plus(HOLD) });
    let facts = Facts { hold, is_time_free: true, ..Facts::default() };
    appointment.decide(&actor(), event, &facts, MORNING).unwrap()
}

pub(crate) fn slot(n: u64, start_minute: u32) -> Slot {
    let start = MORNING.plus(start_minute * MINUTE);
    Slot {
        id: new_id(),
        specialist: specialist(n),
        specialty: "cardiology".parse().unwrap(),
        time: Interval::new(start, start.plus(30 * MINUTE)).unwrap(),
        channel: Channel::Cart,
        kind: SlotKind::Competitive,
        state: SlotState::Free,
        stamp: stamp(),
    }
}
