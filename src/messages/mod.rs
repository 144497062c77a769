//! Messages to patients, by SMS and e-mail: what an event of a visit puts into the outbox ([`Outbox`]), and the one task that empties
//! it ([`sender`]). Texts and links are made when a message is sent and kept nowhere; nothing of either is logged.

mod email;
mod letter;
pub mod sender;
mod sms;
mod text;

use crate::accounts::secret;
use crate::config::Messages as Settings;
use crate::model::appointment::Appointment;
use crate::model::ids::MessageId;
use crate::model::join_link::TokenHash;
use crate::model::message::{
    About, DeliveryReport, Due, Gateways, Message, on_booked, on_cancelled, on_link, on_moved, on_offered,
};
use crate::model::patient::Patient;
use crate::model::time::{UnixMillis, Zone};
use crate::model::waitlist::WaitlistOffer;
use crate::storage::{Author, Change, Database, StorageError, messages};
use aws_lc_rs::error::Unspecified;

#[derive(Debug, thiserror::Error)]
pub enum OutboxError {
    #[error(transparent)]
    Storage(#[from] StorageError),
    #[error("the system's random source failed")]
    Random(#[from] Unspecified),
}

/// Where a business event leaves its messages: one call per event, within the change that makes it happen. The sender hears of them when the
/// change commits. Where nothing can be sent they are failed at once, for staff to see that the patient is to be telephoned.
#[derive(Clone, Debug)]
pub struct Outbox {
    gateways: Gateways,
    /// Of the token that delivery reports come with.
    report_token: Option<TokenHash>,
}

impl Outbox {
    #[must_use]
    pub fn new(settings: &Settings) -> Self {
        let report_token = settings.sms.as_ref().and_then(|sms| sms.delivery_secret.as_deref()).map(secret::hash);
        Self { gateways: gateways(settings), report_token }
    }

    /// A visit was booked, in another's stead or not. `zone` is its site's.
    ///
    /// # Errors
    /// The database or the system's random source failed; so for each event.
    pub async fn on_booked(
        &self,
        change: &mut Change,
        visit: &Appointment,
        patient: &Patient,
        zone: &Zone,
    ) -> Result<(), OutboxError> {
        let due = on_booked(visit, zone, change.now());
        self.enqueue(change, About::Visit(visit.id), patient, due).await
    }

    /// A visit got another place or channel.
    ///
    /// # Errors
    /// As [`Outbox::on_booked`].
    pub async fn on_moved(
        &self,
        change: &mut Change,
        visit: &Appointment,
        patient: &Patient,
    ) -> Result<(), OutboxError> {
        let due = on_moved(visit, change.now());
        self.enqueue(change, About::Visit(visit.id), patient, due).await
    }

    /// A visit was cancelled, for a new one or for none. `visit` is as it is now.
    ///
    /// # Errors
    /// As [`Outbox::on_booked`].
    pub async fn on_cancelled(
        &self,
        change: &mut Change,
        visit: &Appointment,
        patient: &Patient,
    ) -> Result<(), OutboxError> {
        messages::withdraw(change, visit.id).await?;
        let due = on_cancelled(visit, change.now());
        self.enqueue(change, About::Visit(visit.id), patient, due).await
    }

    /// A freed time was offered to whom waits for one.
    ///
    /// # Errors
    /// As [`Outbox::on_booked`].
    pub async fn on_offered(
        &self,
        change: &mut Change,
        offer: &WaitlistOffer,
        patient: &Patient,
    ) -> Result<(), OutboxError> {
        let due = on_offered(offer, change.now());
        self.enqueue(change, About::Offer(offer.id), patient, due).await
    }

    /// Somebody asked to send the patient the visit's link.
    ///
    /// # Errors
    /// As [`Outbox::on_booked`].
    pub async fn on_link_wanted(
        &self,
        change: &mut Change,
        visit: &Appointment,
        patient: &Patient,
    ) -> Result<(), OutboxError> {
        let due = on_link(visit, change.now());
        self.enqueue(change, About::Visit(visit.id), patient, due).await
    }

    /// Keeps what the gateway has learnt of a message that it took; what is no news is fine.
    ///
    /// # Errors
    /// There is no such message, or the database failed.
    pub async fn on_report(
        &self,
        database: &Database,
        id: MessageId,
        report: DeliveryReport,
        now: UnixMillis,
    ) -> Result<Option<Message>, StorageError> {
        let seen = messages::find(database, id).await?.ok_or(StorageError::Missing("message"))?;
        let Some(after) = seen.reported(report, now) else { return Ok(None) };
        let mut change = database.change(Author::System, now).await?;
        messages::update(&mut change, &seen, &after).await?;
        change.commit().await?;
        Ok(Some(after))
    }

    /// Whether delivery reports come with this token.
    #[must_use]
    pub fn is_report_token(&self, token: &str) -> bool {
        // Digests are compared, so that the time it takes tells nothing of the token.
        self.report_token.is_some_and(|expected| expected == secret::hash(token))
    }

    async fn enqueue(
        &self,
        change: &mut Change,
        about: About,
        patient: &Patient,
        due: impl IntoIterator<Item = Due>,
    ) -> Result<(), OutboxError> {
        let now: UnixMillis = change.now();
        for due in due {
            let id = MessageId::new(now, secret::random()?);
            messages::enqueue(change, &Message::new(id, patient, about, due, self.gateways, now)).await?;
        }
        Ok(())
    }
}

fn gateways(settings: &Settings) -> Gateways {
    Gateways { sms: settings.sms.is_some(), email: settings.smtp.is_some() }
}
