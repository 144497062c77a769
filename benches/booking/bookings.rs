//! Booking by 32 nurses at once: each holds a slot, then books it for a referral, with what their endpoints read and write. Hold and
//! booking are a commit each, with their audit rows; the booking also writes the attempt, the answer to its key and the messages.

use crate::clinic::{self, Clinic, NOW, Place, Random, SESSION, id};
use anyhow::{Context as _, Result, ensure};
use kenes::accounts::secret::random;
use kenes::model::appointment::{Actor, Event, Facts, NewAppointment};
use kenes::model::booking_attempt::Attempt;
use kenes::model::ids::{AppointmentId, BookingAttemptId, UserId};
use kenes::model::record::Stamp;
use kenes::model::role::{Role, Roles};
use kenes::model::slot::{SlotState, SlotStatus};
use kenes::storage::attempts::{self, Booked};
use kenes::storage::{Author, Database, IdempotencyKey, accounts, agenda, patients, places, referrals, slots, users};
use kenes::{booking, clock};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

pub(crate) const WRITERS: usize = 32;

/// A newcomer and the slot that suits the referral.
#[derive(Clone, Copy)]
pub(crate) struct Booking {
    newcomer: u64,
    patient: u64,
    place: Place,
}

/// Bookings of different slots, days and specialists mixed.
pub(crate) fn plan(clinic: &Clinic, count: u64) -> Result<Vec<Booking>> {
    let mut random = Random(2);
    let mut open = clinic.open.clone();
    (0..count)
        .map(|newcomer| {
            let from = usize::try_from(random.below(open.len() as u64))?;
            let suits = |place: &Place| place.specialist % 10 == newcomer % 10;
            let found =
                open.iter().skip(from).position(suits).map(|n| n + from).or_else(|| open.iter().position(suits));
            let place = open.swap_remove(found.context("there are too few open slots")?);
            Ok(Booking { newcomer, patient: clinic.patients + newcomer, place })
        })
        .collect()
}

pub(crate) struct Throughput {
    pub(crate) took: Duration,
    /// Each booking from its hold to its answer.
    pub(crate) each: Vec<Duration>,
}

pub(crate) async fn measure(database: &Database, bookings: Vec<Booking>) -> Result<Throughput> {
    let (bookings, next) = (Arc::new(bookings), Arc::new(AtomicUsize::new(0)));
    let started = clock::now();
    let writers: Vec<_> = (0..WRITERS)
        .map(|_| {
            let (database, bookings, next) = (database.clone(), bookings.clone(), next.clone());
            tokio::spawn(async move {
                let mut each = Vec::new();
                while let Some(booking) = bookings.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let started = clock::now();
                    hold(&database, booking).await?;
                    book(&database, booking).await?;
                    each.push(clock::now() - started);
                }
                anyhow::Ok(each)
            })
        })
        .collect();
    let mut each = Vec::new();
    for writer in writers {
        each.extend(writer.await??);
    }
    Ok(Throughput { took: clock::now() - started, each })
}

fn nurse(booking: &Booking) -> Result<UserId> {
    clinic::nurse(booking.place.site_number(booking.patient))
}

/// `POST /slots/{id}/hold`.
pub(crate) async fn hold(database: &Database, booking: &Booking) -> Result<()> {
    let nurse = nurse(booking)?;
    accounts::find_session(database, &SESSION).await?.context("nobody is signed in")?;
    let slot = slots::find(database, booking.place.slot()?).await?.context("no slot")?;
    let hold = slot.hold(nurse, NOW)?;
    let mut change = database.change(Author::User(nurse), NOW).await?;
    let held = slots::set_state(&mut change, &slot, SlotState::Held(hold)).await?;
    change.commit().await?;
    users::find(database, slot.specialist).await?.context("no specialist")?;
    ensure!(held.state.status() == SlotStatus::Held, "the slot is not held");
    Ok(())
}

/// `POST /appointments`.
pub(crate) async fn book(database: &Database, booking: &Booking) -> Result<()> {
    let nurse = nurse(booking)?;
    accounts::find_session(database, &SESSION).await?.context("nobody is signed in")?;
    let slot = slots::find(database, booking.place.slot()?).await?.context("no slot")?;
    let new = NewAppointment {
        referral: Some(clinic::newcomer_referral(booking.newcomer)?),
        patient: id(booking.patient)?,
        site: id(booking.place.site_number(booking.patient))?,
        slot: slot.id,
        cart: booking.place.cart()?,
        rescheduled_from: None,
    };
    patients::find(database, new.patient).await?.context("no patient")?;
    places::find_site(database, new.site).await?.context("no site")?;
    let referral =
        referrals::find(database, clinic::newcomer_referral(booking.newcomer)?).await?.context("no referral")?;
    if let Some(cart) = new.cart {
        places::find_cart(database, cart).await?.context("no cart")?;
    }
    let proposed = new.propose(AppointmentId::new(NOW, random()?), &slot, Stamp::first(Some(nurse), NOW))?;
    let attempt = Attempt::begin(BookingAttemptId::new(NOW, random()?), slot.channel, slot.specialty.clone());
    let SlotState::Held(hold) = slot.state else { anyhow::bail!("the slot is not held") };
    let facts = Facts { hold: Some(hold), is_time_free: true, ..Facts::default() };
    let actor = Actor::User { id: nurse, roles: Roles::NONE.with(Role::Nurse) };
    let key = IdempotencyKey { key: proposed.id.to_string(), request_hash: "07".repeat(32) };
    let booked = attempts::book(database, Author::User(nurse), NOW, attempt, async |change| {
        if let Some(answered) = change.recall(&key).await? {
            return Ok(Booked::Replayed(answered));
        }
        let transition = proposed.decide(&actor, Event::Book, &facts, NOW)?;
        booking::book(change, &proposed, &transition, Some(&referral), None).await?;
        change.remember(&key, &proposed.id).await?;
        Ok(Booked::New(proposed.id, proposed.id))
    })
    .await?;
    agenda::find(database, booked).await?.context("no appointment")?;
    Ok(())
}
