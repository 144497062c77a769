//! Who waits for an earlier time, and to whom a freed slot goes: urgent first, then oldest, of the same specialty, channel and cart. An
//! offer lasts two hours; less than a day ahead nobody reads one in time, and it becomes a telephone call. No clock, no SQL.

use super::appointment::Channel;
use super::ids::{AppointmentId, CartId, PatientId, ReferralId, SlotId, WaitlistEntryId, WaitlistOfferId};
use super::invalid::{Fault, Fields, Invalid};
use super::record::Stamp;
use super::referral::Priority;
use super::refusal::Refusal;
use super::slot::{Slot, SlotState};
use super::specialty::Specialty;
use super::time::{Interval, UnixMillis, parse_rfc3339};
use super::words::words;
use serde::Deserialize;
use std::time::Duration;

/// How long an offer can be accepted.
pub const OFFER: Duration = Duration::from_secs(2 * 3600);
/// A slot that starts sooner is offered by telephone.
pub const PHONE_BELOW: Duration = Duration::from_secs(24 * 3600);
/// Farther ahead nobody waits; the referral is made anew.
const HORIZON: Duration = Duration::from_secs(366 * 24 * 3600);

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WaitlistEntry {
    pub id: WaitlistEntryId,
    pub patient: PatientId,
    pub details: NewWaitlistEntry,
    pub status: WaitlistStatus,
    /// The visit that the person lost when the specialist cancelled the day.
    pub lost: Option<AppointmentId>,
    pub stamp: Stamp,
}

/// An entry's fields, each found right.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewWaitlistEntry {
    pub referral: ReferralId,
    pub specialty: Specialty,
    pub channel: Channel,
    /// The one that the patient can reach, where the channel is the cart.
    pub cart: Option<CartId>,
    /// From when to when the visit may be.
    pub window: Interval,
    pub priority: Priority,
}

words! {
    WaitlistStatus {
        Waiting = "waiting",
        Booked = "booked",
        Withdrawn = "withdrawn",
    }
}

/// A slot that somebody gave back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FreedSlot {
    pub slot: SlotId,
    pub specialty: Specialty,
    pub channel: Channel,
    /// The cart that it was booked with; `None`: any will do.
    pub cart: Option<CartId>,
    pub time: Interval,
}

impl FreedSlot {
    #[must_use]
    pub fn of(slot: &Slot, cart: Option<CartId>) -> Self {
        Self { slot: slot.id, specialty: slot.specialty.clone(), channel: slot.channel, cart, time: slot.time }
    }
}

impl WaitlistEntry {
    /// The slot is what this person waits for.
    #[must_use]
    pub fn fits(&self, freed: &FreedSlot) -> bool {
        let wanted = &self.details;
        let has_cart = match (wanted.cart, freed.cart) {
            (Some(wanted), Some(freed)) => wanted == freed,
            _ => true,
        };
        self.status == WaitlistStatus::Waiting
            && wanted.specialty == freed.specialty
            && wanted.channel == freed.channel
            && has_cart
            && wanted.window.contains(&freed.time)
    }
}

/// Those whom the slot fits, the first to be asked first.
#[must_use]
pub fn queue<'a>(entries: &'a [WaitlistEntry], freed: &FreedSlot) -> Vec<&'a WaitlistEntry> {
    let mut queue: Vec<_> = entries.iter().filter(|entry| entry.fits(freed)).collect();
    queue.sort_by_key(|entry| (entry.details.priority, entry.stamp.created, entry.id));
    queue
}

/// How to ask the person whose turn it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outreach {
    /// By message, good until then.
    Offer { expires: UnixMillis },
    /// A line of the work list.
    PhoneCall,
}

/// How to offer the time `freed`.
///
/// # Errors
/// It has begun.
pub fn outreach(freed: Interval, now: UnixMillis) -> Result<Outreach, Refusal> {
    if freed.start() <= now {
        return Err(Refusal::SlotPast);
    }
    if freed.start().since(now) < PHONE_BELOW {
        return Ok(Outreach::PhoneCall);
    }
    Ok(Outreach::Offer { expires: now.plus(OFFER) })
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WaitlistOffer {
    pub id: WaitlistOfferId,
    pub entry: WaitlistEntryId,
    pub slot: SlotId,
    pub expires: UnixMillis,
    /// `None`: open until it expires.
    pub result: Option<OfferResult>,
    pub stamp: Stamp,
}

words! {
    OfferResult {
        Accepted = "accepted",
        Declined = "declined",
        /// Nobody answered in time, somebody else was faster, or the slot is gone.
        Withdrawn = "withdrawn",
    }
}

impl WaitlistOffer {
    /// Offers `freed` to `entry` by message.
    ///
    /// # Errors
    /// The person does not wait, or not for this; the slot is too near for a message.
    pub fn make(id: WaitlistOfferId, entry: &WaitlistEntry, freed: &FreedSlot, stamp: Stamp) -> Result<Self, Refusal> {
        if entry.status != WaitlistStatus::Waiting {
            return Err(Refusal::NotWaiting);
        }
        if !entry.fits(freed) {
            return Err(Refusal::OfferUnfit);
        }
        match outreach(freed.time, stamp.created)? {
            Outreach::PhoneCall => Err(Refusal::OfferTooLate),
            Outreach::Offer { expires } => {
                Ok(Self { id, entry: entry.id, slot: freed.slot, expires, result: None, stamp })
            }
        }
    }

    #[must_use]
    pub fn has_lapsed(&self, now: UnixMillis) -> bool {
        self.result.is_none() && now >= self.expires
    }

    #[must_use]
    pub fn is_open(&self, now: UnixMillis) -> bool {
        self.result.is_none() && now < self.expires
    }

    /// Of several offers of one slot the first acceptance wins: the slot is free no more for the second.
    ///
    /// # Errors
    /// Answered, expired, or the slot is taken.
    pub fn accept(&self, slot: &Slot, now: UnixMillis) -> Result<OfferResult, Refusal> {
        self.check_open(now)?;
        match slot.state.at(now) {
            SlotState::Free if slot.id == self.slot => Ok(OfferResult::Accepted),
            _ => Err(Refusal::SlotTaken),
        }
    }

    /// # Errors
    /// Answered or expired.
    pub fn decline(&self, now: UnixMillis) -> Result<OfferResult, Refusal> {
        self.check_open(now).map(|()| OfferResult::Declined)
    }

    fn check_open(&self, now: UnixMillis) -> Result<(), Refusal> {
        match self.result {
            None | Some(OfferResult::Withdrawn) if now >= self.expires => Err(Refusal::OfferExpired),
            Some(OfferResult::Withdrawn) => Err(Refusal::SlotTaken),
            Some(_) => Err(Refusal::OfferAnswered),
            None => Ok(()),
        }
    }
}

#[derive(Clone, Default, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct WaitlistInput {
    pub referral: Option<String>,
    pub specialty: Option<String>,
    pub channel: Option<String>,
    pub cart: Option<String>,
    /// RFC 3339.
    pub earliest: Option<String>,
    pub latest: Option<String>,
    /// Left out: the referral's.
    pub priority: Option<String>,
}

impl NewWaitlistEntry {
    /// # Errors
    /// Every field that is not right.
    pub fn validate(input: &WaitlistInput, of_referral: Priority, now: UnixMillis) -> Result<Self, Invalid> {
        let mut fields = Fields::new();
        let referral = fields.required("referral", input.referral.as_deref());
        let specialty = fields.required("specialty", input.specialty.as_deref());
        let channel = fields.required("channel", input.channel.as_deref());
        let cart: Option<Option<CartId>> = fields.optional("cart", input.cart.as_deref());
        if let (Some(channel), Some(cart)) = (channel, cart) {
            let is_right = cart.is_none() || channel == Channel::Cart;
            fields.demand("cart", is_right, Fault::Contradicts);
        }
        let time = |text: Option<&str>| text.ok_or(Fault::Missing).and_then(parse_rfc3339);
        let earliest = fields.take("earliest", time(input.earliest.as_deref()));
        let latest = fields.take("latest", time(input.latest.as_deref()));
        if let Some(latest) = latest {
            fields.demand("latest", latest > now, Fault::Past);
            fields.demand("latest", latest <= now.plus(HORIZON), Fault::OutOfRange);
        }
        let window = match (earliest, latest) {
            (Some(earliest), Some(latest)) => {
                fields.take("latest", Interval::new(earliest, latest).ok_or(Fault::Contradicts))
            }
            _ => None,
        };
        let priority: Option<Option<Priority>> = fields.optional("priority", input.priority.as_deref());
        fields.finish((|| {
            Some(Self {
                referral: referral?,
                specialty: specialty?,
                channel: channel?,
                cart: cart?,
                window: window?,
                priority: priority?.unwrap_or(of_referral),
            })
        })())
    }
}

#[cfg(test)]
#[path = "waitlist_tests.rs"]
mod tests;
