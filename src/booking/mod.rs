//! One step of booking with everything that it brings about, in one change: the appointment, its time and slot, its referral, its visit, its
//! conclusion, its messages. Whoever makes a step (a desk, a link, a job) makes it here. Decides nothing that the model decides, and commits nothing.

pub mod day_off;
pub mod offers;

use crate::accounts::secret::random;
use crate::messages;
use crate::model::appointment::{Appointment, EventKind, Status, Transition};
use crate::model::ids::{ReferralId, VisitId};
use crate::model::referral::{Referral, ReferralEvent, ReferralStatus};
use crate::storage::{Change, StorageError, appointments, conclusions, referrals, visits, waitlist};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

/// Makes `transition` happen to the appointment that the caller saw.
///
/// # Errors
/// `changed`: it is another by now; `time_taken`, `hold_expired` where it takes time.
pub async fn happen(
    change: &mut Change,
    seen: &Appointment,
    transition: &Transition,
) -> Result<Appointment, StorageError> {
    let after = appointments::apply(change, seen, transition).await?;
    match transition.event {
        EventKind::CheckIn => {
            visits::open(change, after.id, VisitId::new(change.now(), random()?), &new_room()?).await?;
        }
        EventKind::Admit => visits::begin(change, after.id).await?,
        EventKind::Complete => drop(conclusions::sign(change, after.id).await?),
        _ => {}
    }
    messages::on_event(change, &after, transition).await?;
    if !after.status.is_live() {
        visits::close(change, &after, change.now()).await?;
    }
    if let Some(referral) = after.referral {
        follow(change, referral, transition).await?;
    }
    Ok(after)
}

/// Books what the model has `proposed`, for its referral, in the stead of what it replaces.
///
/// # Errors
/// As for [`happen`], or the referral's refusal.
pub async fn book(
    change: &mut Change,
    proposed: &Appointment,
    transition: &Transition,
    referral: Option<&Referral>,
    replaced: Option<(&Appointment, &Transition)>,
) -> Result<Appointment, StorageError> {
    if let Some((old, transition)) = replaced {
        happen(change, old, transition).await?;
    }
    appointments::create(change, proposed).await?;
    let booked = happen(change, proposed, transition).await?;
    if let Some(referral) = referral {
        waitlist::end_waiting(change, referral.id).await?;
    }
    Ok(booked)
}

/// What a step means to the referral. One that has its appointment is not booked again; one that was closed meanwhile stays closed.
async fn follow(change: &mut Change, id: ReferralId, transition: &Transition) -> Result<(), StorageError> {
    let Some(mut referral) = referrals::find_in(change, id).await? else { return Ok(()) };
    let is_booked = referral.status == ReferralStatus::Booked;
    let event = match transition.to {
        Status::Booked if transition.event == EventKind::Book => ReferralEvent::Book,
        Status::Completed if is_booked => ReferralEvent::Complete,
        status if status.can_be_rescheduled() && is_booked => ReferralEvent::LoseAppointment,
        _ => return Ok(()),
    };
    if event == ReferralEvent::Book && referral.status == ReferralStatus::Received {
        referral = referrals::apply(change, &referral, ReferralEvent::Take).await?;
    }
    referrals::apply(change, &referral, event).await?;
    Ok(())
}

/// Names nobody and cannot be guessed.
fn new_room() -> Result<String, StorageError> {
    Ok(URL_SAFE_NO_PAD.encode(random::<16>()?))
}
