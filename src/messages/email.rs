//! E-mail by SMTP. Knows an address and a text, and neither a patient nor a visit.

use super::text;
use crate::config::{Smtp, SmtpSecurity};
use crate::model::email::Email;
use crate::model::ids::MessageId;
use crate::model::message::Outcome;
use crate::model::time::UnixMillis;
use lettre::message::header::ContentType;
use lettre::message::{Mailbox, Message};
use lettre::transport::smtp;
use lettre::transport::smtp::authentication::Credentials;
use lettre::transport::smtp::client::{Certificate, Tls, TlsParameters};
use lettre::{AsyncSmtpTransport, AsyncTransport as _, Tokio1Executor};
use std::time::{Duration, SystemTime};

/// Replies of RFC 4954 §6 that speak of the account, which the administrator can mend.
const ACCOUNT_REPLIES: [&str; 3] = ["530", "534", "535"];

pub(super) struct Mailer {
    transport: AsyncSmtpTransport<Tokio1Executor>,
    from: Mailbox,
}

impl Mailer {
    /// `authorities`: in PEM, beside the system's.
    ///
    /// # Errors
    /// TLS cannot be set up.
    pub(super) fn new(settings: &Smtp, authorities: &[u8], timeout: Duration) -> Result<Self, smtp::Error> {
        let parameters = || {
            let authorities = Certificate::from_pem(authorities)?;
            TlsParameters::builder(settings.host.clone()).add_root_certificate(authorities).build()
        };
        let tls = match settings.security {
            SmtpSecurity::None => Tls::None,
            SmtpSecurity::StartTls => Tls::Required(parameters()?),
            SmtpSecurity::Tls => Tls::Wrapper(parameters()?),
        };
        let mut transport = AsyncSmtpTransport::<Tokio1Executor>::builder_dangerous(&settings.host)
            .port(settings.port)
            .tls(tls)
            .timeout(Some(timeout));
        if let Some((user, password)) = &settings.account {
            transport = transport.credentials(Credentials::new(user.clone(), password.clone()));
        }
        Ok(Self { transport: transport.build(), from: settings.from.clone() })
    }

    /// Up to the sign-in, without a letter.
    pub(super) async fn reach(&self) -> Result<(), String> {
        match self.transport.test_connection().await {
            Ok(true) => Ok(()),
            Ok(false) => Err("does not answer NOOP".to_owned()),
            Err(error) => Err(error.to_string()),
        }
    }

    /// The message's id is the letter's, too: a letter that arrives twice is recognised as one.
    pub(super) async fn send(&self, id: MessageId, to: &Email, letter: &text::Email, now: UnixMillis) -> Outcome {
        let Ok(to) = to.reveal().parse() else { return Outcome::Refused("refused".to_owned()) };
        let letter = Message::builder()
            .message_id(Some(format!("<{id}@{}>", self.from.email.domain())))
            .date(SystemTime::UNIX_EPOCH + Duration::from_millis(now.0))
            .from(self.from.clone())
            .to(Mailbox::new(None, to))
            .subject(letter.subject.clone())
            .header(ContentType::TEXT_PLAIN)
            .body(letter.body.clone());
        let Ok(letter) = letter else { return Outcome::Refused("refused".to_owned()) };
        match self.transport.send(letter).await {
            Ok(_) => Outcome::Accepted { provider_id: None },
            Err(error) => judge(&error),
        }
    }
}

fn judge(error: &smtp::Error) -> Outcome {
    match error.status().map(|code| code.to_string()) {
        Some(code) if ACCOUNT_REPLIES.contains(&code.as_str()) => Outcome::Failed("unauthorized".to_owned()),
        Some(_) if error.is_permanent() => Outcome::Refused("refused".to_owned()),
        Some(code) => Outcome::Failed(format!("smtp_{code}")),
        // A connection that broke off may have carried the letter.
        None => Outcome::Unknown("unreachable".to_owned()),
    }
}
