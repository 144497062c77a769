//! `/api/v1/consent-texts`: the words that patients consent to. Whoever asks for a consent reads them; the administrator adds versions.

use super::Problem;
use super::caller::Caller;
use super::openapi::Problems;
use super::request::{Body, List, invalid, parsed_if_any};
use crate::app::App;
use crate::model::consent::Purpose;
use crate::model::consent_text::{ConsentText, Texts, TextsInput};
use crate::model::invalid::Fault;
use crate::model::record::Version;
use crate::model::role::Right;
use crate::storage::{consent_texts, idempotency};
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use utoipa::ToSchema;

#[derive(Serialize, ToSchema)]
pub struct ConsentTextView {
    #[schema(value_type = String)]
    purpose: Purpose,
    version: u32,
    texts: Texts,
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ConsentTextInput {
    /// `consultation`, `recording`, `images` or `third_party`.
    purpose: Option<String>,
    /// The number that it is to get: one more than the newest. Left out: the next, whoever else adds one.
    version: Option<u32>,
    texts: TextsInput,
}

/// Every version, the newest of each purpose first.
///
/// # Errors
/// `not_signed_in`.
#[utoipa::path(get, path = "/consent-texts", tag = "consent texts",
    responses((status = 200, body = List<ConsentTextView>), Problems))]
pub async fn list(State(app): State<Arc<App>>, _caller: Caller) -> Result<Json<List<ConsentTextView>>, Problem> {
    let texts = consent_texts::all(&app.database).await?;
    Ok(Json(List::whole(texts.into_iter().map(view).collect())))
}

/// Adds the next version of a purpose's text. Decisions about earlier versions stay as they are.
///
/// # Errors
/// `changed`: somebody has added the version that was asked for; `invalid`.
#[utoipa::path(post, path = "/consent-texts", tag = "consent texts", request_body = ConsentTextInput,
    params(("Idempotency-Key" = Option<String>, Header)),
    responses((status = 201, body = ConsentTextView), Problems))]
pub async fn add(
    State(app): State<Arc<App>>,
    caller: Caller,
    Body { value, idempotency }: Body<ConsentTextInput>,
) -> Result<(StatusCode, Json<ConsentTextView>), Problem> {
    caller.require_everywhere(Right::WriteTexts)?;
    let purpose =
        parsed_if_any("purpose", value.purpose.as_deref())?.ok_or_else(|| invalid("purpose", Fault::Missing))?;
    let texts = Texts::validate(&value.texts)?;
    let newest = consent_texts::newest(&app.database, purpose).await?.map_or(0, |newest| newest.version);
    let mut change = app.database.change(caller.author(), caller.now).await?;
    if let Some(version) = idempotency::recall::<u32>(&mut change, idempotency.as_ref()).await? {
        return Ok((StatusCode::CREATED, Json(view(ConsentText { purpose, version, texts }))));
    }
    let text = ConsentText { purpose, version: newest.saturating_add(1), texts };
    if let Some(asked) = value.version {
        Version(text.version).expect(Version(asked))?;
    }
    consent_texts::add(&mut change, &text).await?;
    idempotency::remember(&mut change, idempotency.as_ref(), &text.version).await?;
    change.commit().await?;
    Ok((StatusCode::CREATED, Json(view(text))))
}

fn view(text: ConsentText) -> ConsentTextView {
    ConsentTextView { purpose: text.purpose, version: text.version, texts: text.texts }
}
