//! Referrals: received once per number of their source, worked from a site's inbox.

use super::change::{Change, millis, require_current, stamped};
use super::columns::Columns;
use super::{Database, StorageError};
use crate::model::ids::{PatientId, ReferralId, SiteId, UserId};
use crate::model::language::Language;
use crate::model::phone::Phone;
use crate::model::private::Private;
use crate::model::referral::{Icd10, NewReferral, Priority, Referral, ReferralEvent, ReferralStatus};
use crate::model::time::UnixMillis;
use jiff::civil::Date;
use serde_json::json;
use sqlx::any::AnyRow;

/// # Errors
/// The source has sent this number before, or there is no such patient or site.
pub async fn create(change: &mut Change, referral: &Referral) -> Result<(), StorageError> {
    let details = &referral.details;
    let insert = sqlx::query(
        "INSERT INTO referrals (id, source, mis_ref, site_id, patient_id, referring_doctor, specialty, reason, icd10,
                                priority, status, version, created_by, created_ms, updated_ms)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)",
    )
    .bind(referral.id.to_string())
    .bind(details.source.clone())
    .bind(details.mis_ref.clone())
    .bind(details.site.to_string())
    .bind(details.patient.to_string())
    .bind(details.referring_doctor.reveal().clone())
    .bind(details.specialty.to_string())
    .bind(details.reason.reveal().clone())
    .bind(details.icd10.as_ref().map(Icd10::to_string))
    .bind(details.priority.as_str())
    .bind(referral.status.as_str());
    stamped(insert, &referral.stamp).execute(change.connection()).await.map_err(StorageError::on_insert("referral"))?;
    change.note("referral", referral.id, "created", json!({ "source": details.source }));
    Ok(())
}

/// Stores what the model makes of `event` on the referral that the caller saw.
///
/// # Errors
/// The model's refusal, or `Refusal::Changed`: it is another by now.
pub async fn apply(change: &mut Change, seen: &Referral, event: ReferralEvent) -> Result<Referral, StorageError> {
    let status = seen.status.after(event)?;
    let after = Referral { status, stamp: seen.stamp.changed(change.now), ..seen.clone() };
    let result =
        sqlx::query("UPDATE referrals SET status = $1, version = $2, updated_ms = $3 WHERE id = $4 AND version = $5")
            .bind(status.as_str())
            .bind(i64::from(after.stamp.version.0))
            .bind(millis(after.stamp.updated))
            .bind(seen.id.to_string())
            .bind(i64::from(seen.stamp.version.0))
            .execute(change.connection())
            .await?;
    require_current(&result)?;
    change.note("referral", seen.id, event.as_str(), json!({ "from": seen.status, "to": status }));
    Ok(after)
}

/// # Errors
/// The database failed.
pub async fn find(database: &Database, id: ReferralId) -> Result<Option<Referral>, StorageError> {
    let row = sqlx::query("SELECT * FROM referrals WHERE id = $1")
        .bind(id.to_string())
        .fetch_optional(&database.readers)
        .await?;
    row.as_ref().map(referral).transpose()
}

/// As [`find`], as the change sees it.
///
/// # Errors
/// The database failed.
pub async fn find_in(change: &mut Change, id: ReferralId) -> Result<Option<Referral>, StorageError> {
    let row = sqlx::query("SELECT * FROM referrals WHERE id = $1")
        .bind(id.to_string())
        .fetch_optional(change.connection())
        .await?;
    row.as_ref().map(referral).transpose()
}

/// By the number that its source gave it.
///
/// # Errors
/// The database failed.
pub async fn find_by_source(
    database: &Database,
    source: &str,
    mis_ref: &str,
) -> Result<Option<Referral>, StorageError> {
    let row = sqlx::query("SELECT * FROM referrals WHERE source = $1 AND mis_ref = $2")
        .bind(source.to_owned())
        .bind(mis_ref.to_owned())
        .fetch_optional(&database.readers)
        .await?;
    row.as_ref().map(referral).transpose()
}

/// A site's referrals in one status: urgent first, then oldest.
///
/// # Errors
/// The database failed.
pub async fn inbox(
    database: &Database,
    site: SiteId,
    status: ReferralStatus,
    limit: u32,
) -> Result<Vec<Referral>, StorageError> {
    let rows = sqlx::query(
        "SELECT * FROM referrals WHERE site_id = $1 AND status = $2
         ORDER BY priority DESC, created_ms, id LIMIT $3",
    )
    .bind(site.to_string())
    .bind(status.as_str())
    .bind(i64::from(limit))
    .fetch_all(&database.readers)
    .await?;
    rows.iter().map(referral).collect()
}

/// A referral with whom it is about.
#[derive(Clone, Debug)]
pub struct Listed {
    pub referral: Referral,
    pub patient_name: Private<String>,
    pub birth_date: Private<Date>,
    pub phone: Option<Phone>,
    pub language: Language,
}

/// Whose referrals.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Whose {
    Site(SiteId),
    /// Those that this person wrote.
    Writer(UserId),
    /// Those that this system sent.
    Source(String),
}

macro_rules! listed {
    ($whose:literal) => {
        concat!(
            "SELECT r.*, p.name AS patient_name, p.birth_date, p.phone, p.language FROM referrals r
             JOIN patients p ON p.id = r.patient_id WHERE ",
            $whose
        )
    };
}

/// In one status: urgent first, then oldest. `after` is the row that the page follows.
///
/// # Errors
/// The database failed.
pub async fn list(
    database: &Database,
    whose: Whose,
    status: ReferralStatus,
    after: Option<&(Priority, UnixMillis, ReferralId)>,
    limit: u32,
) -> Result<Vec<Listed>, StorageError> {
    macro_rules! page {
        ($column:literal) => {
            concat!(
                listed!($column),
                " = $1 AND r.status = $2 AND (r.priority < $3 OR (r.priority = $3 AND (r.created_ms > $4
                  OR (r.created_ms = $4 AND r.id > $5)))) ORDER BY r.priority DESC, r.created_ms, r.id LIMIT $6"
            )
        };
    }
    let (sql, id) = match whose {
        Whose::Site(id) => (page!("r.site_id"), id.to_string()),
        Whose::Writer(id) => (page!("r.created_by"), id.to_string()),
        Whose::Source(source) => (page!("r.source"), source),
    };
    // 'urgent' sorts behind 'routine', and whatever is first behind 'urgent'.
    let first = || ("~".to_owned(), 0, String::new());
    let after = after.map_or_else(first, |(priority, at, id)| (priority.to_string(), millis(*at), id.to_string()));
    let (priority, created, last) = after;
    let rows = sqlx::query(sql)
        .bind(id)
        .bind(status.as_str())
        .bind(priority)
        .bind(created)
        .bind(last)
        .bind(i64::from(limit))
        .fetch_all(&database.readers)
        .await?;
    rows.iter().map(listed).collect()
}

/// # Errors
/// The database failed.
pub async fn find_listed(database: &Database, id: ReferralId) -> Result<Option<Listed>, StorageError> {
    let row = sqlx::query(listed!("r.id = $1")).bind(id.to_string()).fetch_optional(&database.readers).await?;
    row.as_ref().map(listed).transpose()
}

fn listed(row: &AnyRow) -> Result<Listed, StorageError> {
    let columns = Columns(row);
    Ok(Listed {
        referral: referral(row)?,
        patient_name: Private::new(columns.plain("patient_name")?),
        birth_date: Private::new(columns.parsed("birth_date")?),
        phone: columns.parsed_if_any("phone")?,
        language: columns.parsed("language")?,
    })
}

/// Newest first.
///
/// # Errors
/// The database failed.
pub async fn of_patient(database: &Database, patient: PatientId, limit: u32) -> Result<Vec<Referral>, StorageError> {
    let rows = sqlx::query("SELECT * FROM referrals WHERE patient_id = $1 ORDER BY created_ms DESC LIMIT $2")
        .bind(patient.to_string())
        .bind(i64::from(limit))
        .fetch_all(&database.readers)
        .await?;
    rows.iter().map(referral).collect()
}

fn referral(row: &AnyRow) -> Result<Referral, StorageError> {
    let columns = Columns(row);
    Ok(Referral {
        id: columns.parsed("id")?,
        details: NewReferral {
            source: columns.plain("source")?,
            mis_ref: columns.plain("mis_ref")?,
            site: columns.parsed("site_id")?,
            patient: columns.parsed("patient_id")?,
            referring_doctor: Private::new(columns.plain("referring_doctor")?),
            specialty: columns.parsed("specialty")?,
            reason: Private::new(columns.plain("reason")?),
            icd10: columns.parsed_if_any("icd10")?,
            priority: columns.parsed("priority")?,
        },
        status: columns.parsed("status")?,
        stamp: columns.stamp()?,
    })
}
