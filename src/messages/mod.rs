//! Messages to patients, by SMS and e-mail: what an event of a visit puts into the outbox, within the change that makes it happen, and the
//! one task that empties it ([`sender`]). Texts and links are made when a message is sent and kept nowhere; nothing of either is logged.

mod email;
mod letter;
mod reach;
mod report;
pub mod sender;
mod sms;
mod text;

pub use reach::{Gateway, reach};
pub use report::{ReportToken, report};

use crate::accounts::secret;
use crate::model::appointment::{Appointment, EventKind, Transition};
use crate::model::ids::MessageId;
use crate::model::message::{About, Due, Message, Recipient, on_booked, on_cancelled, on_link, on_moved, on_offered};
use crate::model::waitlist::{WaitlistEntry, WaitlistOffer};
use crate::storage::{Change, StorageError, messages};

/// What an event means to the patient: a booked visit is told, asked about and reminded of, a cancelled one is called off. `after` is the
/// appointment as it is now.
///
/// # Errors
/// The database or the system's random source failed; so for each event here.
pub async fn on_event(change: &mut Change, after: &Appointment, transition: &Transition) -> Result<(), StorageError> {
    match transition.event {
        EventKind::Book => {
            let (recipient, zone) = messages::recipient_and_zone(change, after).await?;
            let due = on_booked(after, &zone, change.now());
            enqueue(change, About::Visit(after.id), &recipient, due).await
        }
        EventKind::Cancel => {
            messages::withdraw(change, after.id).await?;
            let (recipient, _) = messages::recipient_and_zone(change, after).await?;
            let due = on_cancelled(after, change.now());
            enqueue(change, About::Visit(after.id), &recipient, due).await
        }
        EventKind::EnterInError => messages::withdraw(change, after.id).await,
        _ => Ok(()),
    }
}

/// A visit got another place or channel.
///
/// # Errors
/// As for [`on_event`].
pub async fn on_another_place(change: &mut Change, moved: &Appointment) -> Result<(), StorageError> {
    let (recipient, _) = messages::recipient_and_zone(change, moved).await?;
    let due = on_moved(moved, change.now());
    enqueue(change, About::Visit(moved.id), &recipient, due).await
}

/// A freed time was offered to whom waits for one.
///
/// # Errors
/// As for [`on_event`].
pub async fn on_offer(change: &mut Change, offer: &WaitlistOffer, entry: &WaitlistEntry) -> Result<(), StorageError> {
    let recipient = messages::recipient(change, entry.patient).await?;
    let due = on_offered(offer, change.now());
    enqueue(change, About::Offer(offer.id), &recipient, due).await
}

/// Somebody asked to send the patient the visit's link.
///
/// # Errors
/// As for [`on_event`].
pub async fn on_link_wanted(change: &mut Change, visit: &Appointment) -> Result<(), StorageError> {
    let recipient = messages::recipient(change, visit.patient).await?;
    let due = on_link(visit, change.now());
    enqueue(change, About::Visit(visit.id), &recipient, due).await
}

async fn enqueue(
    change: &mut Change,
    about: About,
    recipient: &Recipient,
    due: impl IntoIterator<Item = Due>,
) -> Result<(), StorageError> {
    let now = change.now();
    for due in due {
        let id = MessageId::new(now, secret::random()?);
        messages::enqueue(change, &Message::new(id, recipient, about, due, now)).await?;
    }
    Ok(())
}
