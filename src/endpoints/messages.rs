//! `GET /api/v1/messages`: what was sent to patients and what became of it, for who looks after the gateways. No text, no whole address.

use super::Problem;
use super::caller::Caller;
use super::openapi::Problems;
use super::request::{List, Paging, Params, parsed_if_any, rfc3339};
use crate::app::App;
use crate::model::ids::MessageId;
use crate::model::message::{About, Message, MessageChannel, MessageKind, MessageStatus};
use crate::model::role::Right;
use crate::storage::messages;
use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use utoipa::{IntoParams, ToSchema};

#[derive(Serialize, ToSchema)]
pub struct SentMessageView {
    id: String,
    /// `booked`, `confirm_ask`, `reminder`, `rescheduled`, `cancelled`, `offer` or `link`.
    #[schema(value_type = String)]
    kind: MessageKind,
    /// `sms` or `email`.
    #[schema(value_type = String)]
    channel: MessageChannel,
    /// `queued`, `sending`, `sent`, `delivered`, `failed` or `expired`.
    #[schema(value_type = String)]
    status: MessageStatus,
    /// As staff see an address; null: the patient has none.
    to_masked: Option<String>,
    attempts: u32,
    /// Of the last attempt, or why there was none.
    error: Option<String>,
    /// Null: it offers a time to the waiting list.
    appointment: Option<String>,
    #[schema(format = "date-time")]
    created: String,
    #[schema(format = "date-time")]
    updated: String,
}

#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct MessagesQuery {
    /// `failed` ..
    status: Option<String>,
    /// 1 to 200; 50 when left out.
    #[param(minimum = 1, maximum = 200)]
    limit: Option<u32>,
    /// `next` of the page before.
    cursor: Option<String>,
}

/// Messages to patients, newest first.
///
/// # Errors
/// `not_allowed`, `invalid`.
#[utoipa::path(get, path = "/messages", tag = "messages", params(MessagesQuery),
    responses((status = 200, body = List<SentMessageView>), Problems))]
pub async fn list(
    State(app): State<Arc<App>>,
    caller: Caller,
    Params(query): Params<MessagesQuery>,
) -> Result<Json<List<SentMessageView>>, Problem> {
    caller.require_everywhere(Right::ReadAudit)?;
    let limit = Paging { limit: query.limit, cursor: None }.limit()?;
    let status = parsed_if_any("status", query.status.as_deref())?;
    let before = parsed_if_any::<MessageId>("cursor", query.cursor.as_deref())?;
    // One more, to see whether there is a next page.
    let mut found = messages::newest(&app.database, status, before, limit + 1).await?;
    let is_last = found.len() <= limit as usize;
    found.truncate(limit as usize);
    let next = found.last().filter(|_| !is_last).map(|message| message.id.to_string());
    Ok(Json(List { items: found.into_iter().map(view).collect(), next }))
}

fn view(message: Message) -> SentMessageView {
    SentMessageView {
        id: message.id.to_string(),
        kind: message.kind,
        channel: message.channel,
        status: message.status,
        to_masked: message.to_masked,
        attempts: message.attempts,
        error: message.error,
        appointment: match message.about {
            About::Visit(id) => Some(id.to_string()),
            About::Offer(_) => None,
        },
        created: rfc3339(message.created),
        updated: rfc3339(message.updated),
    }
}
