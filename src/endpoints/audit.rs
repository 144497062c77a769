//! `GET /api/v1/audit`: who changed what, newest first, and whether the trail is whole. Rows are read here and written nowhere but by a change itself.

use super::Problem;
use super::caller::Caller;
use super::openapi::Problems;
use super::request::{List, Paging, Params, invalid, rfc3339};
use crate::app::App;
use crate::model::invalid::Fault;
use crate::model::role::Right;
use crate::storage::StorageError;
use crate::storage::audit::{self, Chain, Line};
use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::sync::Arc;
use utoipa::{IntoParams, ToSchema};

#[derive(Serialize, ToSchema)]
pub struct AuditView {
    /// Counts the rows of the trail, from 1.
    seq: u64,
    #[schema(format = "date-time")]
    at: String,
    /// `user:<id>`, `cart:<id>`, `link:<id>`, `api_key:<id>` or `system`.
    actor: String,
    /// Of a user.
    actor_name: Option<String>,
    action: String,
    entity: String,
    entity_id: String,
    /// Names of fields and states; never a person.
    #[schema(value_type = Object)]
    detail: Value,
}

#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct AuditQuery {
    /// The kind of thing: `appointment`, `user`, `slot` ..
    entity: Option<String>,
    entity_id: Option<String>,
    /// 1 to 200; 50 when left out.
    #[param(minimum = 1, maximum = 200)]
    limit: Option<u32>,
    /// `next` of the page before.
    cursor: Option<String>,
}

/// What was changed, by whom and when, newest first.
///
/// # Errors
/// `not_allowed`, `invalid`.
#[utoipa::path(get, path = "/audit", tag = "audit", params(AuditQuery),
    responses((status = 200, body = List<AuditView>), Problems))]
pub async fn list(
    State(app): State<Arc<App>>,
    caller: Caller,
    Params(query): Params<AuditQuery>,
) -> Result<Json<List<AuditView>>, Problem> {
    caller.require_everywhere(Right::ReadAudit)?;
    let limit = Paging { limit: query.limit, cursor: None }.limit()?;
    let before = query.cursor.as_deref().map(|cursor| cursor.parse().map_err(|_| invalid("cursor", Fault::Malformed)));
    let entity = plain_word("entity", query.entity.as_deref())?;
    let entity_id = plain_word("entity_id", query.entity_id.as_deref())?;
    let mut lines = audit::newest(&app.database, entity, entity_id, before.transpose()?, limit + 1).await?;
    let is_last = lines.len() <= limit as usize;
    lines.truncate(limit as usize);
    let next = lines.last().filter(|_| !is_last).map(|line| line.entry.seq.to_string());
    let items = lines.into_iter().map(view).collect::<Result<_, _>>()?;
    Ok(Json(List { items, next }))
}

/// What following the trail from its first row has found.
#[derive(Serialize, ToSchema)]
pub struct ChainView {
    /// `intact`; `broken`: somebody has changed, added or removed a row; `wrong_end`: the newest rows are missing, or were written
    /// by no change.
    #[schema(value_type = String)]
    state: &'static str,
    /// As many follow from one another.
    rows: u64,
    /// The first that does not.
    broken_at: Option<u64>,
    /// Hash of the newest row: kept elsewhere, it proves later what came before it.
    head: Option<String>,
}

/// Follows the trail from its first row to its end.
///
/// # Errors
/// `not_allowed`.
#[utoipa::path(get, path = "/audit/chain", tag = "audit", responses((status = 200, body = ChainView), Problems))]
pub async fn chain(State(app): State<Arc<App>>, caller: Caller) -> Result<Json<ChainView>, Problem> {
    caller.require_everywhere(Right::ReadAudit)?;
    let (state, rows, broken_at, head) = match audit::verify(&app.database).await? {
        Chain::Intact { rows, head } => ("intact", rows, None, Some(head)),
        Chain::BrokenAt { seq } => ("broken", seq.saturating_sub(1), Some(seq), None),
        Chain::WrongEnd { rows, .. } => ("wrong_end", rows, None, None),
    };
    Ok(Json(ChainView { state, rows, broken_at, head }))
}

/// What a kind of thing and an id are written with.
fn plain_word<'a>(field: &'static str, text: Option<&'a str>) -> Result<Option<&'a str>, Problem> {
    let is_plain = |text: &str| text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte));
    match text {
        Some(text) if !is_plain(text) => Err(invalid(field, Fault::Malformed)),
        text => Ok(text.filter(|text| !text.is_empty())),
    }
}

fn view(Line { entry, actor_name }: Line) -> Result<AuditView, StorageError> {
    let detail = serde_json::from_str(&entry.detail).map_err(|_| StorageError::Unreadable { column: "detail" })?;
    Ok(AuditView {
        seq: entry.seq,
        at: rfc3339(entry.at),
        actor: entry.actor,
        actor_name: actor_name.map(|name| name.reveal().clone()),
        action: entry.action,
        entity: entry.entity,
        entity_id: entry.entity_id,
        detail,
    })
}
