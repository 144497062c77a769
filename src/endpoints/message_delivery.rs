//! `POST /api/v1/messages/delivery`: what the SMS gateway learnt of a message that it took (docs/sms-gateway.md).

use super::Problem;
use super::openapi::Problems;
use super::request::Body;
use crate::app::App;
use crate::clock;
use crate::messages;
use crate::model::ids::MessageId;
use crate::model::message::DeliveryReport;
use axum::extract::{FromRequestParts, State};
use axum::http::request::Parts;
use axum::http::{StatusCode, header};
use serde::Deserialize;
use std::sync::Arc;
use utoipa::ToSchema;

/// The gateway, by the token that was agreed on with it.
pub struct Gateway;

impl FromRequestParts<Arc<App>> for Gateway {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &Arc<App>) -> Result<Self, Problem> {
        let value = parts.headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
        let token = value.and_then(|value| value.strip_prefix("Bearer ")).ok_or(Problem::NotSignedIn)?;
        if app.report_token.is(token) { Ok(Self) } else { Err(Problem::NotSignedIn) }
    }
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Report {
    /// Of the message, as it was sent to the gateway.
    #[schema(value_type = String)]
    id: MessageId,
    #[schema(value_type = String, example = "delivered")]
    status: DeliveryReport,
}

/// Takes a delivery report.
///
/// # Errors
/// `not_signed_in`: not the gateway's token. `not_found`: no such message. `changed`: it is just being sent; report it again.
#[utoipa::path(post, path = "/messages/delivery", tag = "messages", request_body = Report, security(("key" = [])),
    responses((status = 204), Problems))]
pub async fn report(
    State(app): State<Arc<App>>,
    _: Gateway,
    Body { value, .. }: Body<Report>,
) -> Result<StatusCode, Problem> {
    let now = clock::unix_ms();
    if let Some(after) = messages::report(&app.database, value.id, value.status, now).await? {
        app.metrics.messages.with_label_values(&[after.channel.as_str(), after.status.as_str()]).inc();
    }
    Ok(StatusCode::NO_CONTENT)
}
