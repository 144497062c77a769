//! Messages to patients: to which address one goes, what becomes of it when it is sent, refused or delayed. Which ones are due is in
//! `due`; no text and no link is here. No clock, no SQL: `now` and random numbers are parameters.

mod due;

pub use due::{Due, carries_link, is_wanted, on_booked, on_cancelled, on_link, on_moved, on_offered};

use super::email::Email;
use super::ids::{AppointmentId, MessageId, PatientId, WaitlistOfferId};
use super::language::Language;
use super::patient::Patient;
use super::phone::Phone;
use super::time::UnixMillis;
use super::words::words;
use std::time::Duration;

/// From one attempt to the next, at most.
const MAX_RETRY: Duration = Duration::from_secs(30 * 60);
/// Words of `Message::error`: there is no way to reach the patient but by telephone ..
pub const NO_GATEWAY: &str = "no_gateway";
pub const NO_ADDRESS: &str = "no_address";
/// .. or the gateway could not deliver what it had taken ..
pub const UNDELIVERED: &str = "undelivered";
/// .. or the message was overtaken by what happened, or by time.
pub const WITHDRAWN: &str = "withdrawn";
pub const TOO_LATE: &str = "too_late";

/// What the outbox keeps of one message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    pub id: MessageId,
    pub patient: PatientId,
    pub about: About,
    pub kind: MessageKind,
    pub channel: MessageChannel,
    pub language: Language,
    pub status: MessageStatus,
    /// As staff see it; `None`: the patient has no address.
    pub to_masked: Option<String>,
    pub attempts: u32,
    /// When it is due; while it is being sent, when whoever sends it is taken for dead.
    pub next: UnixMillis,
    pub expires: UnixMillis,
    /// The gateway's number of it.
    pub provider_id: Option<String>,
    /// Of the last attempt, or why there was none.
    pub error: Option<String>,
    pub created: UnixMillis,
    pub updated: UnixMillis,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum About {
    Visit(AppointmentId),
    Offer(WaitlistOfferId),
}

words! {
    MessageKind {
        Booked = "booked",
        ConfirmAsk = "confirm_ask",
        Reminder = "reminder",
        Rescheduled = "rescheduled",
        Cancelled = "cancelled",
        /// A time for whom is on the waiting list.
        Offer = "offer",
        /// The visit's link, sent because somebody asked for it.
        Link = "link",
    }
}

words! {
    MessageChannel {
        Sms = "sms",
        Email = "email",
    }
}

words! {
    MessageStatus {
        Queued = "queued",
        Sending = "sending",
        /// The gateway has taken it.
        Sent = "sent",
        /// The patient's telephone has it.
        Delivered = "delivered",
        Failed = "failed",
        /// Not sent in time, or not wanted any more.
        Expired = "expired",
    }
}

impl MessageStatus {
    #[must_use]
    pub const fn is_open(self) -> bool {
        matches!(self, Self::Queued | Self::Sending)
    }
}

/// What came of one attempt.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The gateway has it.
    Accepted { provider_id: Option<String> },
    /// The gateway will never take it.
    Refused(String),
    /// Not this time; it surely has not been taken.
    Failed(String),
    /// No answer: it may have been taken.
    Unknown(String),
}

impl Outcome {
    #[must_use]
    pub const fn is_surely_unsent(&self) -> bool {
        matches!(self, Self::Refused(_) | Self::Failed(_))
    }
}

words! {
    /// What a gateway learns of a message after it has taken it.
    DeliveryReport {
        Delivered = "delivered",
        /// The telephone does not exist, or was out of reach for too long.
        Failed = "failed",
    }
}

impl Message {
    /// A message about `about`, queued; failed at once where there is no address, so that somebody telephones.
    #[must_use]
    pub fn new(id: MessageId, recipient: &Recipient, about: About, due: Due, now: UnixMillis) -> Self {
        // Which gateways there are is known where it is sent.
        let to = Address::of(recipient, Gateways { sms: true, email: true });
        Self {
            id,
            patient: recipient.patient,
            about,
            kind: due.kind,
            channel: to.as_ref().map_or(MessageChannel::Sms, Address::channel),
            language: recipient.language,
            status: if to.is_ok() { MessageStatus::Queued } else { MessageStatus::Failed },
            to_masked: to.as_ref().ok().map(Address::masked),
            attempts: 0,
            next: due.at,
            expires: due.expires,
            provider_id: None,
            error: to.err().map(str::to_owned),
            created: now,
            updated: now,
        }
    }

    /// On its way to `to`. Whoever sends it and says nothing for as long as `lease` is taken for dead.
    #[must_use]
    pub fn sending(&self, to: &Address, lease: Duration, now: UnixMillis) -> Self {
        Self {
            channel: to.channel(),
            to_masked: Some(to.masked()),
            attempts: self.attempts.saturating_add(1),
            next: now.plus(lease),
            ..self.now(MessageStatus::Sending, None, now)
        }
    }

    /// Not sent any more.
    #[must_use]
    pub fn given_up(&self, status: MessageStatus, error: &str, now: UnixMillis) -> Self {
        self.now(status, Some(error.to_owned()), now)
    }

    /// After an attempt. A failed one is repeated after `retry`, unless the message is worth nothing by then.
    #[must_use]
    pub fn after(&self, outcome: Outcome, retry: Duration, now: UnixMillis) -> Self {
        match outcome {
            Outcome::Accepted { provider_id } => Self { provider_id, ..self.now(MessageStatus::Sent, None, now) },
            Outcome::Refused(code) => self.now(MessageStatus::Failed, Some(code), now),
            Outcome::Failed(code) | Outcome::Unknown(code) => {
                let next = now.plus(retry);
                let is_in_time = next < self.expires;
                let status = if is_in_time { MessageStatus::Queued } else { MessageStatus::Expired };
                Self { next, ..self.now(status, Some(code), now) }
            }
        }
    }

    /// After a delivery report, which may come before the gateway's answer. `None`: it is no news.
    #[must_use]
    pub fn reported(&self, report: DeliveryReport, now: UnixMillis) -> Option<Self> {
        if !(self.status.is_open() || self.status == MessageStatus::Sent) {
            return None;
        }
        Some(match report {
            DeliveryReport::Delivered => self.now(MessageStatus::Delivered, None, now),
            DeliveryReport::Failed => self.now(MessageStatus::Failed, Some(UNDELIVERED.to_owned()), now),
        })
    }

    fn now(&self, status: MessageStatus, error: Option<String>, now: UnixMillis) -> Self {
        Self { status, error, updated: now, ..self.clone() }
    }
}

/// Of a patient, what a message needs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recipient {
    pub patient: PatientId,
    pub language: Language,
    pub phone: Option<Phone>,
    pub email: Option<Email>,
}

impl Recipient {
    #[must_use]
    pub fn of(patient: &Patient) -> Self {
        let details = &patient.details;
        Self {
            patient: patient.id,
            language: details.language,
            phone: details.phone.clone(),
            email: details.email.clone(),
        }
    }
}

/// What this server can send by.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Gateways {
    pub sms: bool,
    pub email: bool,
}

/// Where to a patient's message goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Address {
    Sms(Phone),
    Email(Email),
}

impl Address {
    /// An SMS where one can be sent: everybody reads it at once. E-mail else.
    ///
    /// # Errors
    /// [`NO_ADDRESS`], [`NO_GATEWAY`].
    pub fn of(recipient: &Recipient, gateways: Gateways) -> Result<Self, &'static str> {
        if recipient.phone.is_none() && recipient.email.is_none() {
            return Err(NO_ADDRESS);
        }
        let phone = recipient.phone.clone().filter(|_| gateways.sms).map(Self::Sms);
        let email = || recipient.email.clone().filter(|_| gateways.email).map(Self::Email);
        phone.or_else(email).ok_or(NO_GATEWAY)
    }

    #[must_use]
    pub fn channel(&self) -> MessageChannel {
        match self {
            Self::Sms(_) => MessageChannel::Sms,
            Self::Email(_) => MessageChannel::Email,
        }
    }

    /// Enough for whoever knows the address to recognise it: `+7701***4567`, `a***@mail.kz`.
    #[must_use]
    pub fn masked(&self) -> String {
        let begin = |text: &str, chars| text.chars().take(chars).collect::<String>();
        match self {
            Self::Sms(phone) => {
                let skipped = phone.reveal().chars().count().saturating_sub(4);
                let end: String = phone.reveal().chars().skip(skipped).collect();
                format!("{}***{end}", begin(phone.reveal(), 5))
            }
            Self::Email(email) => {
                let (local, domain) = email.reveal().split_once('@').unwrap_or_default();
                format!("{}***@{domain}", begin(local, 1))
            }
        }
    }
}

/// How long to wait after `attempts` failed ones: twice as long each time, less up to a half, so that messages which failed together
/// do not come back together. `random` is any number.
#[must_use]
pub fn retry_after(first: Duration, attempts: u32, random: u64) -> Duration {
    let doublings = attempts.saturating_sub(1).min(20);
    let whole = first.saturating_mul(1 << doublings).min(MAX_RETRY);
    let half = u64::try_from(whole.as_millis() / 2).unwrap_or(u64::MAX);
    whole.saturating_sub(Duration::from_millis(random % half.saturating_add(1)))
}

#[cfg(test)]
mod tests;
