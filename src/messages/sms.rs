//! SMS by an HTTP gateway that speaks docs/sms-gateway.md. Knows a number and a text, and neither a patient nor a visit.

use crate::config::Sms;
use crate::model::ids::MessageId;
use crate::model::message::Outcome;
use crate::model::phone::Phone;
use anyhow::Chain;
use reqwest::redirect::Policy;
use reqwest::{Certificate, Client, Response, StatusCode};
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// An answer is one small object; what comes after so many bytes is not read.
const MAX_ANSWER_BYTES: usize = 4 * 1024;
/// Of the gateway's own number of a message, as it is kept.
const MAX_PROVIDER_ID: usize = 100;

pub(super) struct SmsGateway {
    client: Client,
    settings: Sms,
}

#[derive(Serialize)]
struct Request<'a> {
    id: MessageId,
    to: &'a str,
    text: &'a str,
    sender: &'a str,
}

#[derive(Deserialize)]
struct Accepted {
    id: String,
}

impl SmsGateway {
    /// `authorities`: in PEM, beside the system's.
    ///
    /// # Errors
    /// TLS cannot be set up.
    pub(super) fn new(settings: Sms, authorities: &[u8]) -> Result<Self, reqwest::Error> {
        let authorities = Certificate::from_pem_bundle(authorities)?;
        // A redirect would carry the text and the token to whomever it names.
        let client = Client::builder().redirect(Policy::none()).no_proxy().tls_certs_merge(authorities).build()?;
        Ok(Self { client, settings })
    }

    /// By a request that sends nothing (RFC 9110 §9.3.2): a gateway that does not know HEAD answers 404 or 405, and is there.
    pub(super) async fn reach(&self, within: Duration) -> Result<(), String> {
        let request = self.client.head(&self.settings.url).bearer_auth(&self.settings.token).timeout(within);
        match request.send().await.map(|response| response.status()) {
            Ok(StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN) => Err("does not know this token".to_owned()),
            Ok(status) if status.is_server_error() => Err(format!("answers {status}")),
            Ok(_) => Ok(()),
            Err(error) if error.is_timeout() => Err(format!("no answer within {} s", within.as_secs())),
            // The outermost says only that a request failed.
            Err(error) => Err(Chain::new(&error).last().map_or_else(String::new, ToString::to_string)),
        }
    }

    pub(super) async fn send(&self, id: MessageId, to: &Phone, text: &str) -> Outcome {
        let body = Request { id, to: to.reveal(), text, sender: &self.settings.sender };
        let request = self.client.post(&self.settings.url).bearer_auth(&self.settings.token).json(&body);
        match request.send().await {
            Ok(response) if response.status().is_success() => {
                Outcome::Accepted { provider_id: provider_id(response).await }
            }
            Ok(response) => judge(response.status()),
            Err(error) if error.is_connect() => Outcome::Failed("unreachable".to_owned()),
            Err(_) => Outcome::Unknown("no_answer".to_owned()),
        }
    }
}

/// The gateway's refusals of one message are for good; whatever else it says may be mended: a wrong token, a full queue, an outage.
fn judge(status: StatusCode) -> Outcome {
    match status {
        StatusCode::BAD_REQUEST | StatusCode::UNPROCESSABLE_ENTITY => Outcome::Refused("refused".to_owned()),
        StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => Outcome::Failed("unauthorized".to_owned()),
        status => Outcome::Failed(format!("http_{}", status.as_u16())),
    }
}

/// The message is accepted whatever the answer's body says; a number in it helps whoever asks the gateway about it.
async fn provider_id(mut response: Response) -> Option<String> {
    let mut body = Vec::new();
    while let Ok(Some(chunk)) = response.chunk().await {
        if body.len() + chunk.len() > MAX_ANSWER_BYTES {
            return None;
        }
        body.extend_from_slice(&chunk);
    }
    let Accepted { id } = serde_json::from_slice(&body).ok()?;
    let is_sound = (1..=MAX_PROVIDER_ID).contains(&id.len()) && id.bytes().all(|byte| byte.is_ascii_graphic());
    is_sound.then_some(id)
}
