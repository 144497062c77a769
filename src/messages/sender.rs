//! The task that empties the outbox: takes what is due, makes its text, hands it to the gateway, writes down what came of it. A few at a
//! time; woken by what is committed and by the time. It may die anywhere: a message that it held comes back when its lease has run out.

use super::email::Mailer;
use super::letter;
use super::sms::SmsGateway;
use super::text;
use crate::accounts::secret;
use crate::clock;
use crate::config::Messages as Settings;
use crate::metrics::Metrics;
use crate::model::email::Email;
use crate::model::ids::JoinTokenId;
use crate::model::message::{
    Address, Gateways, Message, MessageStatus, NO_GATEWAY, Outcome, Recipient, TOO_LATE, WITHDRAWN, retry_after,
};
use crate::model::phone::Phone;
use crate::model::refusal::Refusal;
use crate::storage::{Author, Database, Notice, StorageError, messages, visits};
use lettre::transport::smtp;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::broadcast::Receiver;
use tokio::sync::broadcast::error::RecvError;
use tokio::sync::oneshot;
use tokio::task::{JoinHandle, JoinSet};

/// Messages on their way at once: a gateway takes a few a second, and this is not for campaigns.
const AT_ONCE: usize = 8;
/// A look at the outbox without anybody's word: what another node left behind.
const LONGEST_SLEEP: Duration = Duration::from_secs(60);
/// Before the next look at a database that has failed.
const AFTER_FAILURE: Duration = Duration::from_secs(5);
/// A sender that has said nothing for so many times a gateway's time is taken for dead.
const LEASE: u32 = 3;
/// What messages on their way have when the server stops.
const FINISH_WITHIN: Duration = Duration::from_secs(3);

#[derive(Debug, thiserror::Error)]
pub enum SenderError {
    #[error("cannot read `messages.ca_file` = {path}: {reason}")]
    Authorities { path: String, reason: std::io::Error },
    #[error("cannot set up the client of `sms.url`: {0}")]
    Sms(#[from] reqwest::Error),
    #[error("cannot set up the client of `smtp.host`: {0}")]
    Smtp(#[from] smtp::Error),
}

pub struct Sender {
    database: Database,
    gateways: Gateways,
    sms: Option<SmsGateway>,
    mailer: Option<Mailer>,
    /// Before `/visit`, in links.
    link_base: String,
    retry: Duration,
    timeout: Duration,
    metrics: Arc<Metrics>,
}

/// Ends the sender when it is dropped, in good order when it is stopped.
pub struct RunningSender {
    stop: oneshot::Sender<()>,
    task: JoinHandle<()>,
}

impl RunningSender {
    pub async fn stop(self) {
        // Either end may be gone already.
        let _ = self.stop.send(());
        let _ = self.task.await;
    }
}

/// A message that is this sender's until its lease ends.
struct Job {
    message: Message,
    way: Way,
    /// To be withdrawn when the message has not gone out.
    link: Option<JoinTokenId>,
}

enum Way {
    Sms(Phone, String),
    Email(Email, text::Email),
}

impl Sender {
    /// # Errors
    /// The certificate authorities cannot be read, or TLS cannot be set up.
    pub fn new(
        settings: Settings,
        link_base: String,
        database: Database,
        metrics: Arc<Metrics>,
    ) -> Result<Self, SenderError> {
        let authorities = authorities(&settings)?;
        let mailer = |smtp| Mailer::new(smtp, &authorities, settings.timeout);
        Ok(Self {
            database,
            gateways: Gateways { sms: settings.sms.is_some(), email: settings.smtp.is_some() },
            mailer: settings.smtp.as_ref().map(mailer).transpose()?,
            sms: settings.sms.map(|sms| SmsGateway::new(sms, &authorities)).transpose()?,
            link_base,
            retry: settings.retry,
            timeout: settings.timeout,
            metrics,
        })
    }

    /// Begins to empty the outbox.
    #[must_use]
    pub fn spawn(self) -> RunningSender {
        let (stop, stopped) = oneshot::channel();
        RunningSender { stop, task: tokio::spawn(Arc::new(self).run(stopped)) }
    }

    /// Until it is stopped; then what is on its way may arrive.
    async fn run(self: Arc<Self>, mut stopped: oneshot::Receiver<()>) {
        let mut notices = self.database.notices();
        let mut under_way = JoinSet::new();
        loop {
            let sleep = self.take_due(&mut under_way).await.unwrap_or_else(|error| {
                tracing::error!(%error, "the outbox of messages");
                AFTER_FAILURE
            });
            tokio::select! {
                _ = &mut stopped => break,
                () = tokio::time::sleep(sleep) => {}
                () = new_message(&mut notices) => {}
                Some(_) = under_way.join_next() => {}
            }
        }
        // What is cut off here comes back when its lease has run out.
        let _ = tokio::time::timeout(FINISH_WITHIN, under_way.join_all()).await;
    }

    /// Starts as many as there is room for. Answers for how long there is nothing more to start.
    async fn take_due(self: &Arc<Self>, under_way: &mut JoinSet<()>) -> Result<Duration, StorageError> {
        loop {
            while under_way.try_join_next().is_some() {}
            let room = AT_ONCE.saturating_sub(under_way.len());
            if room == 0 {
                return Ok(LONGEST_SLEEP);
            }
            let limit = u32::try_from(room).unwrap_or(u32::MAX);
            let now = clock::unix_ms();
            let due = messages::due(&self.database, now, limit).await?;
            if due.is_empty() {
                let next = messages::next_turn(&self.database, now).await?;
                return Ok(next.map_or(LONGEST_SLEEP, |next| next.since(now).min(LONGEST_SLEEP)));
            }
            for message in due {
                if let Some(job) = self.take(&message).await? {
                    under_way.spawn(Arc::clone(self).send(job));
                }
            }
        }
    }

    /// `None`: another sender has it, or it is not to be sent any more.
    async fn take(&self, seen: &Message) -> Result<Option<Job>, StorageError> {
        let now = clock::unix_ms();
        let Some(letter) = letter::gather(&self.database, seen, now).await? else {
            return self.give_up(seen, MessageStatus::Expired, WITHDRAWN).await;
        };
        if seen.expires <= now {
            return self.give_up(seen, MessageStatus::Expired, seen.error.as_deref().unwrap_or(TOO_LATE)).await;
        }
        let to = match Address::of(&Recipient::of(&letter.patient), self.gateways) {
            Ok(to) => to,
            Err(code) => return self.give_up(seen, MessageStatus::Failed, code).await,
        };
        let message = seen.sending(&to, self.timeout * LEASE, now);
        let mut change = self.database.change(Author::System, now).await?;
        match messages::update(&mut change, seen, &message).await {
            Err(StorageError::Refused(Refusal::Changed)) => return Ok(None),
            other => other?,
        }
        let link = letter.make_link(&mut change, &message, &self.link_base).await?;
        change.commit().await?;
        let facts = letter.facts(&message, link.as_ref());
        let way = match to {
            Address::Sms(phone) => Way::Sms(phone, text::sms(message.language, &facts)),
            Address::Email(email) => Way::Email(email, text::email(message.language, &facts)),
        };
        Ok(Some(Job { message, way, link: link.and_then(|link| link.revocable) }))
    }

    async fn give_up(&self, seen: &Message, status: MessageStatus, code: &str) -> Result<Option<Job>, StorageError> {
        self.settle(seen, &seen.given_up(status, code, clock::unix_ms()), None).await?;
        Ok(None)
    }

    async fn send(self: Arc<Self>, job: Job) {
        let outcome = tokio::time::timeout(self.timeout, self.deliver(&job)).await;
        let outcome = outcome.unwrap_or_else(|_| Outcome::Unknown("timeout".to_owned()));
        let unsent = job.link.filter(|_| outcome.is_surely_unsent());
        let random = secret::random().map_or(0, u64::from_ne_bytes);
        let retry = retry_after(self.retry, job.message.attempts, random);
        let after = job.message.after(outcome, retry, clock::unix_ms());
        if let Err(error) = self.settle(&job.message, &after, unsent).await {
            tracing::error!(%error, message = %job.message.id, "what came of a message could not be written down");
        }
    }

    async fn deliver(&self, job: &Job) -> Outcome {
        let id = job.message.id;
        match (&job.way, &self.sms, &self.mailer) {
            (Way::Sms(to, text), Some(gateway), _) => gateway.send(id, to, text).await,
            (Way::Email(to, letter), _, Some(mailer)) => mailer.send(id, to, letter, clock::unix_ms()).await,
            _ => Outcome::Refused(NO_GATEWAY.to_owned()),
        }
    }

    async fn settle(&self, seen: &Message, after: &Message, unsent: Option<JoinTokenId>) -> Result<(), StorageError> {
        let mut change = self.database.change(Author::System, after.updated).await?;
        match messages::update(&mut change, seen, after).await {
            // A delivery report was faster, or another sender that took this one for dead.
            Err(StorageError::Refused(Refusal::Changed)) => return Ok(()),
            other => other?,
        }
        if let Some(link) = unsent {
            visits::revoke_link(&mut change, link).await?;
        }
        change.commit().await?;
        let result = if after.status == MessageStatus::Queued { "retried" } else { after.status.as_str() };
        self.metrics.messages.with_label_values(&[after.channel.as_str(), result]).inc();
        Ok(())
    }
}

/// In PEM, beside the system's; none when none are configured.
pub(super) fn authorities(settings: &Settings) -> Result<Vec<u8>, SenderError> {
    let Some(path) = &settings.ca_file else { return Ok(Vec::new()) };
    std::fs::read(path).map_err(|reason| SenderError::Authorities { path: path.display().to_string(), reason })
}

/// Resolves when a message was committed; or when so much was that one may have been among it.
async fn new_message(notices: &mut Receiver<Notice>) {
    loop {
        match notices.recv().await {
            Ok(notice) if notice.entity != messages::ENTITY => {}
            // The database ends with the server; the loop's other branches go on until then.
            Err(RecvError::Closed) => std::future::pending().await,
            Ok(_) | Err(RecvError::Lagged(_)) => return,
        }
    }
}
