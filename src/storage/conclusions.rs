//! Conclusions and their addenda: drafts that change by version, and what was signed, which the database itself keeps from changing
//! (migrations 0015).

use super::change::{Change, millis, require_current, stamped};
use super::columns::Columns;
use super::{Database, StorageError, hex};
use crate::model::conclusion::{Conclusion, NewConclusion, Signature, TextDigest};
use crate::model::ids::AppointmentId;
use crate::model::private::Private;
use crate::model::referral::Icd10;
use aws_lc_rs::digest::{SHA256, digest};
use serde_json::json;
use sqlx::any::AnyRow;

/// # Errors
/// Somebody has begun this one already.
pub async fn create(change: &mut Change, conclusion: &Conclusion) -> Result<(), StorageError> {
    let details = &conclusion.details;
    let insert = sqlx::query(
        "INSERT INTO conclusions (id, appointment_id, number, author_id, summary, recommendations, icd10, version,
                                  created_by, created_ms, updated_ms)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)",
    )
    .bind(conclusion.id.to_string())
    .bind(conclusion.appointment.to_string())
    .bind(i64::from(conclusion.number))
    .bind(conclusion.author.to_string())
    .bind(details.summary.reveal().clone())
    .bind(details.recommendations.as_ref().map(|text| text.reveal().clone()))
    .bind(details.icd10.as_ref().map(Icd10::to_string));
    stamped(insert, &conclusion.stamp)
        .execute(change.connection())
        .await
        .map_err(StorageError::on_insert("conclusion"))?;
    change.note("appointment", conclusion.appointment, "conclusion_drafted", json!({ "number": conclusion.number }));
    Ok(())
}

/// A draft with other words. Whether it may be changed is [`Conclusion::check_change`]'s to say.
///
/// # Errors
/// `Refusal::Changed`: it is another by now, or signed.
pub async fn update(
    change: &mut Change,
    seen: &Conclusion,
    details: NewConclusion,
) -> Result<Conclusion, StorageError> {
    let after = Conclusion { details, stamp: seen.stamp.changed(change.now), ..seen.clone() };
    let result = sqlx::query(
        "UPDATE conclusions SET summary = $1, recommendations = $2, icd10 = $3, version = $4, updated_ms = $5
         WHERE id = $6 AND version = $7 AND signed_ms IS NULL",
    )
    .bind(after.details.summary.reveal().clone())
    .bind(after.details.recommendations.as_ref().map(|text| text.reveal().clone()))
    .bind(after.details.icd10.as_ref().map(Icd10::to_string))
    .bind(i64::from(after.stamp.version.0))
    .bind(millis(after.stamp.updated))
    .bind(seen.id.to_string())
    .bind(i64::from(seen.stamp.version.0))
    .execute(change.connection())
    .await?;
    require_current(&result)?;
    change.note("appointment", seen.appointment, "conclusion_changed", json!({ "number": seen.number }));
    Ok(after)
}

/// Signs the draft of an appointment as it stands now, if there is one.
///
/// # Errors
/// The database failed.
pub async fn sign(change: &mut Change, appointment: AppointmentId) -> Result<Option<Conclusion>, StorageError> {
    let row = sqlx::query(
        "UPDATE conclusions SET version = version + 1, updated_ms = $1 WHERE appointment_id = $2 AND signed_ms IS NULL
         RETURNING *",
    )
    .bind(millis(change.now))
    .bind(appointment.to_string())
    .fetch_optional(change.connection())
    .await?;
    let Some(draft) = row.as_ref().map(conclusion).transpose()? else { return Ok(None) };
    let text = draft.signed_text(change.now);
    let bytes = digest(&SHA256, text.as_bytes()).as_ref().try_into();
    let digest = bytes.map(TextDigest).map_err(|_| StorageError::Unreadable { column: "digest" })?;
    sqlx::query("UPDATE conclusions SET signed_ms = $1, digest = $2 WHERE id = $3")
        .bind(millis(change.now))
        .bind(digest.to_string())
        .bind(draft.id.to_string())
        .execute(change.connection())
        .await?;
    let signed = json!({ "number": draft.number, "digest": digest.to_string() });
    change.note("appointment", appointment, "conclusion_signed", signed);
    Ok(Some(Conclusion { signature: Some(Signature { at: change.now, digest }), ..draft }))
}

/// The conclusion and its addenda, in their order.
///
/// # Errors
/// The database failed.
pub async fn of_appointment(database: &Database, id: AppointmentId) -> Result<Vec<Conclusion>, StorageError> {
    let rows = sqlx::query("SELECT * FROM conclusions WHERE appointment_id = $1 ORDER BY number")
        .bind(id.to_string())
        .fetch_all(&database.readers)
        .await?;
    rows.iter().map(conclusion).collect()
}

fn conclusion(row: &AnyRow) -> Result<Conclusion, StorageError> {
    let columns = Columns(row);
    let digest = columns.plain::<Option<String>>("digest")?;
    let digest = digest.map(|text| hex::decode(&text).ok_or(StorageError::Unreadable { column: "digest" }));
    let signature = columns.time_if_any("signed_ms")?.zip(digest.transpose()?);
    Ok(Conclusion {
        id: columns.parsed("id")?,
        appointment: columns.parsed("appointment_id")?,
        number: columns.number("number")?,
        author: columns.parsed("author_id")?,
        details: NewConclusion {
            summary: Private::new(columns.plain("summary")?),
            recommendations: columns.plain::<Option<String>>("recommendations")?.map(Private::new),
            icd10: columns.parsed_if_any("icd10")?,
        },
        signature: signature.map(|(at, digest)| Signature { at, digest: TextDigest(digest) }),
        stamp: columns.stamp()?,
    })
}
