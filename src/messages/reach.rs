//! Whether the gateways are there, found out without sending anything.

use super::email::Mailer;
use super::sender::{SenderError, authorities};
use super::sms::SmsGateway;
use crate::config::Messages as Settings;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Gateway {
    Sms,
    Mail,
}

/// Each that is configured, and what is wrong with it.
///
/// # Errors
/// The certificate authorities cannot be read, or TLS cannot be set up.
pub async fn reach(settings: &Settings) -> Result<Vec<(Gateway, Result<(), String>)>, SenderError> {
    let authorities = authorities(settings)?;
    let mut reached = Vec::new();
    if let Some(sms) = &settings.sms {
        let gateway = SmsGateway::new(sms.clone(), &authorities)?;
        reached.push((Gateway::Sms, gateway.reach(settings.timeout).await));
    }
    if let Some(smtp) = &settings.smtp {
        let mailer = Mailer::new(smtp, &authorities, settings.timeout)?;
        reached.push((Gateway::Mail, mailer.reach().await));
    }
    Ok(reached)
}
