//! Messages to a visit's patient: what became of them, and the link once more.

use super::change::changeable;
use crate::app::App;
use crate::endpoints::Problem;
use crate::endpoints::caller::Caller;
use crate::endpoints::openapi::Problems;
use crate::endpoints::request::{Body, Id, rfc3339};
use crate::messages;
use crate::model::ids::AppointmentId;
use crate::model::message::{Message, MessageChannel, MessageKind, MessageStatus};
use crate::model::refusal::Refusal;
use axum::extract::State;
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use utoipa::ToSchema;

#[derive(Serialize, ToSchema)]
pub(super) struct MessageView {
    id: String,
    /// `booked`, `confirm_ask`, `reminder`, `rescheduled`, `cancelled` or `link`.
    #[schema(value_type = String)]
    kind: MessageKind,
    /// `sms` or `email`.
    #[schema(value_type = String)]
    channel: MessageChannel,
    /// `queued`, `sending`, `sent`, `delivered`, `failed` or `expired`.
    #[schema(value_type = String)]
    status: MessageStatus,
    /// Absent where the patient has no address.
    to_masked: Option<String>,
    /// Of the last attempt. With the status `failed`, the patient is to be telephoned.
    error: Option<String>,
    attempts: u32,
    /// When it got its status; of one that waits, when its turn comes.
    at: String,
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct MessageInput {
    kind: Wanted,
}

#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum Wanted {
    Link,
}

/// Sends the patient a link to the visit, by SMS or e-mail.
///
/// # Errors
/// `appointment_ended`, `link_expired`: there is nothing to open any more.
#[utoipa::path(post, path = "/appointments/{id}/messages", tag = "appointments", request_body = MessageInput,
    params(("id" = String, Path)), responses((status = 204), Problems))]
pub async fn send(
    State(app): State<Arc<App>>,
    caller: Caller,
    Id(id): Id<AppointmentId>,
    Body { value, .. }: Body<MessageInput>,
) -> Result<StatusCode, Problem> {
    let MessageInput { kind: Wanted::Link } = value;
    let visit = changeable(&app, &caller, id).await?.appointment;
    if !visit.status.is_live() {
        return Err(Refusal::AppointmentEnded.into());
    }
    if caller.now >= visit.time.end() {
        return Err(Refusal::LinkExpired.into());
    }
    let mut change = app.database.change(caller.author(), caller.now).await?;
    messages::on_link_wanted(&mut change, &visit).await?;
    change.commit().await?;
    Ok(StatusCode::NO_CONTENT)
}

impl MessageView {
    pub(super) fn of(message: Message) -> Self {
        let at = if message.status == MessageStatus::Queued { message.next } else { message.updated };
        Self {
            id: message.id.to_string(),
            kind: message.kind,
            channel: message.channel,
            status: message.status,
            to_masked: message.to_masked,
            error: message.error,
            attempts: message.attempts,
            at: rfc3339(at),
        }
    }
}
