//! What patients decided about consent. Rows are only ever added.

use crate::model::consent::{Consent, NewConsent};
use crate::model::ids::{AppointmentId, ConsentId};
use crate::model::private::Private;
use crate::storage::change::{Change, millis};
use crate::storage::columns::Columns;
use crate::storage::{Database, IdempotencyKey, StorageError};
use serde_json::json;
use sqlx::any::AnyRow;

/// # Errors
/// There is no such appointment or patient.
pub async fn add_consent(change: &mut Change, consent: &Consent) -> Result<(), StorageError> {
    let details = &consent.details;
    sqlx::query(
        "INSERT INTO consents (id, appointment_id, patient_id, purpose, decision, text_version, language, giver, giver_name,
                               taken_by, at_ms)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)",
    )
    .bind(consent.id.to_string())
    .bind(consent.appointment.to_string())
    .bind(consent.patient.to_string())
    .bind(details.purpose.as_str())
    .bind(details.decision.as_str())
    .bind(i64::from(details.text_version))
    .bind(details.language.as_str())
    .bind(details.giver.as_str())
    .bind(details.giver_name.as_ref().map(|name| name.reveal().clone()))
    .bind(consent.taken_by.map(|id| id.to_string()))
    .bind(millis(consent.at))
    .execute(change.connection())
    .await
    .map_err(StorageError::on_insert("consent"))?;
    let decision = json!({ "purpose": details.purpose, "decision": details.decision });
    change.note("appointment", consent.appointment, "consent", decision);
    Ok(())
}

/// As [`add_consent`], once for each key.
///
/// # Errors
/// As there; [`StorageError::KeyReused`].
pub async fn record_consent(
    change: &mut Change,
    consent: &Consent,
    key: Option<&IdempotencyKey>,
) -> Result<(), StorageError> {
    let Some(key) = key else { return add_consent(change, consent).await };
    if change.recall::<ConsentId>(key).await?.is_none() {
        add_consent(change, consent).await?;
        change.remember(key, &consent.id).await?;
    }
    Ok(())
}

/// Every decision, oldest first.
///
/// # Errors
/// The database failed.
pub async fn consents(database: &Database, appointment: AppointmentId) -> Result<Vec<Consent>, StorageError> {
    let rows = sqlx::query("SELECT * FROM consents WHERE appointment_id = $1 ORDER BY at_ms, id")
        .bind(appointment.to_string())
        .fetch_all(&database.readers)
        .await?;
    rows.iter().map(consent).collect()
}

fn consent(row: &AnyRow) -> Result<Consent, StorageError> {
    let columns = Columns(row);
    Ok(Consent {
        id: columns.parsed("id")?,
        appointment: columns.parsed("appointment_id")?,
        patient: columns.parsed("patient_id")?,
        details: NewConsent {
            purpose: columns.parsed("purpose")?,
            decision: columns.parsed("decision")?,
            text_version: columns.number("text_version")?,
            language: columns.parsed("language")?,
            giver: columns.parsed("giver")?,
            giver_name: columns.plain::<Option<String>>("giver_name")?.map(Private::new),
        },
        taken_by: columns.parsed_if_any("taken_by")?,
        at: columns.time("at_ms")?,
    })
}
