//! The waiting list's steps: a slot is offered, and an offer is answered. Accepting one books it, in one change with the offer, the entry
//! and the referral; of several offers of one slot the first acceptance has it.

use crate::accounts::secret::random;
use crate::messages;
use crate::model::appointment::{Actor, Appointment, Channel, Event, Facts, NewAppointment};
use crate::model::booking_attempt::Attempt;
use crate::model::ids::{AppointmentId, BookingAttemptId, CartId, SlotId, WaitlistOfferId};
use crate::model::record::Stamp;
use crate::model::referral::Referral;
use crate::model::refusal::Refusal;
use crate::model::slot::{Slot, SlotStatus};
use crate::model::time::UnixMillis;
use crate::model::waitlist::{FreedSlot, OfferResult, WaitlistEntry, WaitlistOffer, WaitlistStatus};
use crate::storage::attempts::{self, Booked};
use crate::storage::{Author, Change, Database, StorageError, places, referrals, slots, waitlist};

/// Offers a free slot to somebody who waits.
///
/// # Errors
/// Not free any more, not what the person waits for, or too near for a message.
pub async fn make(
    change: &mut Change,
    entry: &WaitlistEntry,
    slot: &Slot,
    cart: Option<CartId>,
) -> Result<WaitlistOffer, StorageError> {
    let now = change.now();
    if slot.state.at(now).status() != SlotStatus::Free {
        return Err(Refusal::SlotTaken.into());
    }
    let id = WaitlistOfferId::new(now, random()?);
    let stamp = Stamp::first(change.author().user(), now);
    let offer = WaitlistOffer::make(id, entry, &FreedSlot::of(slot, cart), stamp)?;
    waitlist::offer(change, &offer).await?;
    messages::on_offer(change, &offer, entry).await?;
    Ok(offer)
}

/// What an answer is about, as it was read; every write finds out whether it still is so.
pub struct Question {
    pub offer: WaitlistOffer,
    pub entry: WaitlistEntry,
    pub slot: Slot,
    pub referral: Referral,
}

impl Question {
    /// `None`: there is no such offer.
    ///
    /// # Errors
    /// The database failed.
    pub async fn read(database: &Database, id: WaitlistOfferId) -> Result<Option<Self>, StorageError> {
        let Some(offer) = waitlist::find_offer(database, id).await? else { return Ok(None) };
        let entry = waitlist::find(database, offer.entry).await?.ok_or(StorageError::Missing("waiting list entry"))?;
        let slot = slots::find(database, offer.slot).await?.ok_or(StorageError::Missing("slot"))?;
        let referral = referrals::find(database, entry.details.referral).await?;
        let referral = referral.ok_or(StorageError::Missing("referral"))?;
        Ok(Some(Self { offer, entry, slot, referral }))
    }

    /// Books the offered slot for whom it was offered to. The patient's own act, whoever writes it down.
    ///
    /// # Errors
    /// `offer_expired`, `offer_answered`; `slot_taken`: somebody else was faster; `time_taken`: the patient or every cart is busy then.
    pub async fn accept(
        &self,
        database: &Database,
        author: Author,
        now: UnixMillis,
    ) -> Result<AppointmentId, StorageError> {
        let attempt = BookingAttemptId::new(now, random()?);
        let attempt = Attempt::begin(attempt, self.slot.channel, self.slot.specialty.clone());
        let booked = attempts::book(database, author, now, attempt, async |change| {
            let booked = self.book(change, database).await?;
            Ok(Booked::New(booked.id, booked.id))
        })
        .await;
        match booked {
            // Somebody answered between reading and writing: say what has become of the offer.
            Err(StorageError::Refused(Refusal::Changed)) => {
                let now_is = Self::read(database, self.offer.id).await?.ok_or(StorageError::Missing("offer"))?;
                now_is.offer.accept(&now_is.slot, now)?;
                now_is.check_waiting()?;
                Err(Refusal::Changed.into())
            }
            booked => booked,
        }
    }

    /// The next in the queue is asked.
    ///
    /// # Errors
    /// `offer_expired`, `offer_answered`.
    pub async fn decline(&self, change: &mut Change) -> Result<(), StorageError> {
        let result = self.offer.decline(change.now())?;
        waitlist::answer(change, &self.offer, result).await?;
        Ok(())
    }

    fn check_waiting(&self) -> Result<(), Refusal> {
        if self.entry.status == WaitlistStatus::Waiting { Ok(()) } else { Err(Refusal::NotWaiting) }
    }

    async fn book(&self, change: &mut Change, database: &Database) -> Result<Appointment, StorageError> {
        let now = change.now();
        // The entry, then the slot, then the offers, always: who waits for one of them holds none that the other wants.
        self.offer.accept(&self.slot, now)?;
        self.check_waiting()?;
        waitlist::set_status(change, &self.entry, WaitlistStatus::Booked).await?;
        let slot = slots::lock(change, self.slot.id).await?;
        let result: OfferResult = self.offer.accept(&slot, now)?;
        waitlist::answer(change, &self.offer, result).await?;
        waitlist::withdraw_offers(change, self.entry.id).await?;
        let new = NewAppointment {
            referral: Some(self.referral.id),
            patient: self.entry.patient,
            site: self.referral.details.site,
            slot: slot.id,
            cart: self.cart(database).await?,
            rescheduled_from: self.entry.lost,
        };
        let id = AppointmentId::new(now, random()?);
        let stamp = Stamp::first(change.author().user(), now);
        // Every cart of the site has another visit then.
        let proposed = new.propose(id, &slot, stamp).map_err(|_| Refusal::TimeTaken)?;
        let facts = Facts { is_offered: true, is_time_free: true, ..Facts::default() };
        let transition = proposed.decide(&Actor::Patient, Event::Book, &facts, now)?;
        super::book(change, &proposed, &transition, Some(&self.referral), None).await
    }

    /// The one that the patient waits for, or any of the site that is free then.
    async fn cart(&self, database: &Database) -> Result<Option<CartId>, StorageError> {
        if self.slot.channel != Channel::Cart {
            return Ok(None);
        }
        if let Some(wanted) = self.entry.details.cart {
            return Ok(Some(wanted));
        }
        let free = places::free_cart(database, self.referral.details.site, self.slot.time).await?;
        Ok(free.map(|cart| cart.id))
    }
}

/// Withdraws what nobody answered in time. Answers whether it was still open.
///
/// # Errors
/// The database failed.
pub async fn lapse(database: &Database, offer: &WaitlistOffer, now: UnixMillis) -> Result<bool, StorageError> {
    if !offer.has_lapsed(now) {
        return Ok(false);
    }
    let mut change = database.change(Author::System, now).await?;
    match waitlist::answer(&mut change, offer, OfferResult::Withdrawn).await {
        Ok(_) => change.commit().await.map(|()| true),
        // Answered a moment ago, or another node was first.
        Err(StorageError::Refused(Refusal::Changed)) => Ok(false),
        Err(error) => Err(error),
    }
}

/// What became of a slot that somebody gave back.
#[derive(Clone, Debug, PartialEq)]
pub enum Refill {
    Offered(WaitlistOffer),
    /// Nobody whom it fits has not been asked yet.
    NobodyWaits,
    /// On offer already, held by somebody, or too near: the work list has it.
    Waits,
    Gone,
}

/// Offers a slot that was given back to the first in the queue, unless somebody has it, holds it or is being asked.
///
/// # Errors
/// The database failed.
pub async fn refill(database: &Database, change: &mut Change, id: SlotId) -> Result<Refill, StorageError> {
    use crate::model::waitlist::{Outreach, outreach};
    use crate::storage::refill;
    let now = change.now();
    let Some(given) = refill::claim(change, id).await? else { return Ok(Refill::Gone) };
    match given.slot.state.at(now).status() {
        SlotStatus::Free => {}
        SlotStatus::Held => return Ok(Refill::Waits),
        SlotStatus::Busy | SlotStatus::Blocked => {
            refill::forget(change, id).await?;
            return Ok(Refill::Gone);
        }
    }
    match outreach(given.slot.time, now) {
        Ok(Outreach::Offer { .. }) if !refill::is_on_offer(change, id).await? => {}
        _ => return Ok(Refill::Waits),
    }
    let freed = FreedSlot::of(&given.slot, given.cart);
    match waitlist::queue(database, &freed, 1).await?.first() {
        Some(first) => make(change, first, &given.slot, given.cart).await.map(Refill::Offered),
        None => {
            refill::forget(change, id).await?;
            Ok(Refill::NobodyWaits)
        }
    }
}
