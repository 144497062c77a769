//! `/api/v1/api-keys`: the keys of programs that send referrals and read what came of them.

use super::Problem;
use super::caller::Caller;
use super::openapi::Problems;
use super::request::{Body, Id, List, Paging, Params, parsed_if_any, rfc3339};
use crate::accounts::secret::{self, Secret};
use crate::app::App;
use crate::model::api_key::{ApiKey, ApiKeyInput, NewApiKey, PREFIX};
use crate::model::ids::ApiKeyId;
use crate::model::role::Right;
use crate::storage::{api_keys, idempotency};
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use utoipa::ToSchema;

#[derive(Serialize, Deserialize, ToSchema)]
pub struct ApiKeyView {
    id: String,
    name: String,
    site: String,
    /// Of referrals: the key reads and writes what has the same one.
    source: String,
    scopes: Vec<String>,
    created: String,
    expires: String,
    /// To within five minutes.
    last_used: Option<String>,
    revoked: Option<String>,
    /// The key itself, said once: to whom it was made for, in the first answer.
    #[serde(skip_serializing_if = "Option::is_none")]
    key: Option<String>,
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewKey {
    /// Of the program that holds the key.
    name: String,
    site: String,
    source: String,
    /// Rights that an integrator has, such as `referrals:write`.
    scopes: Vec<String>,
    /// At most two years ahead.
    expires: String,
}

impl From<NewKey> for ApiKeyInput {
    fn from(key: NewKey) -> Self {
        let NewKey { name, site, source, scopes, expires } = key;
        Self { name: Some(name), site: Some(site), source: Some(source), scopes: Some(scopes), expires: Some(expires) }
    }
}

impl ApiKeyView {
    fn of(key: &ApiKey) -> Self {
        Self {
            id: key.id.to_string(),
            name: key.details.name.clone(),
            site: key.details.site.to_string(),
            source: key.details.source.clone(),
            scopes: key.details.scopes.as_slice().iter().map(|right| right.to_string()).collect(),
            created: rfc3339(key.created),
            expires: rfc3339(key.details.expires),
            last_used: key.used.map(rfc3339),
            revoked: key.revoked.map(rfc3339),
            key: None,
        }
    }
}

/// The keys, the newest first, those that ended among them.
///
/// # Errors
/// `not_allowed`.
#[utoipa::path(get, path = "/api-keys", tag = "accounts", params(Paging),
    responses((status = 200, body = List<ApiKeyView>), Problems))]
pub async fn list(
    State(app): State<Arc<App>>,
    caller: Caller,
    Params(paging): Params<Paging>,
) -> Result<List<ApiKeyView>, Problem> {
    caller.require_everywhere(Right::WriteUsers)?;
    let (limit, before) = (paging.limit()?, parsed_if_any::<ApiKeyId>("cursor", paging.cursor.as_deref())?);
    // One more, to see whether there is a next page.
    let mut keys = api_keys::list(&app.database, before, limit + 1).await?;
    let is_last = keys.len() <= usize::try_from(limit).unwrap_or(usize::MAX);
    keys.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
    let next = keys.last().filter(|_| !is_last).map(|key| key.id.to_string());
    Ok(List { items: keys.iter().map(ApiKeyView::of).collect(), next })
}

/// Makes a key. `Idempotency-Key`: asked again, the answer is the same but for the key itself, which is kept nowhere.
///
/// # Errors
/// `not_allowed`; `invalid`.
#[utoipa::path(post, path = "/api-keys", tag = "accounts", request_body = NewKey,
    responses((status = 201, body = ApiKeyView), Problems))]
pub async fn create(
    State(app): State<Arc<App>>,
    caller: Caller,
    Body { value, idempotency }: Body<NewKey>,
) -> Result<(StatusCode, Json<ApiKeyView>), Problem> {
    caller.require_everywhere(Right::WriteUsers)?;
    let created_by = Some(caller.require_user(Right::WriteUsers)?);
    let details = NewApiKey::validate(&value.into(), caller.now)?;
    let mut change = app.database.change(caller.author(), caller.now).await?;
    if let Some(answer) = idempotency::recall(&mut change, idempotency.as_ref()).await? {
        return Ok((StatusCode::CREATED, Json(answer)));
    }
    let secret = Secret::random(PREFIX)?;
    let id = ApiKeyId::new(caller.now, secret::random()?);
    let key = ApiKey { id, hash: secret.hash, details, used: None, revoked: None, created_by, created: caller.now };
    api_keys::create(&mut change, &key).await?;
    let view = ApiKeyView::of(&key);
    idempotency::remember(&mut change, idempotency.as_ref(), &view).await?;
    change.commit().await?;
    Ok((StatusCode::CREATED, Json(ApiKeyView { key: Some(secret.text), ..view })))
}

/// Ends a key at once.
///
/// # Errors
/// `not_allowed`; `not_found`: there is no such key, or it was revoked before.
#[utoipa::path(delete, path = "/api-keys/{id}", tag = "accounts", params(("id" = String, Path)),
    responses((status = 204), Problems))]
pub async fn revoke(State(app): State<Arc<App>>, caller: Caller, Id(id): Id<ApiKeyId>) -> Result<StatusCode, Problem> {
    caller.require_everywhere(Right::WriteUsers)?;
    let mut change = app.database.change(caller.author(), caller.now).await?;
    api_keys::revoke(&mut change, id).await?;
    change.commit().await?;
    Ok(StatusCode::NO_CONTENT)
}
