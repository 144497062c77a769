//! Patients. What identifies them is in their row alone: audit rows say which fields changed, never to what.

use super::change::{Change, millis, require_current};
use super::columns::Columns;
use super::{Database, StorageError};
use crate::model::ids::{PatientId, SiteId, UserId};
use crate::model::iin::Iin;
use crate::model::patient::{NewPatient, Patient};
use crate::model::private::Private;
use serde_json::json;
use sqlx::Any;
use sqlx::any::{AnyArguments, AnyRow};
use sqlx::query::Query;

/// # Errors
/// There is a patient of this IIN or of this number in the MIS, or no such site.
pub async fn create(change: &mut Change, patient: &Patient) -> Result<(), StorageError> {
    let insert = sqlx::query(
        "INSERT INTO patients (iin, other_id, mis_id, name, birth_date, sex, phone, email, language, needs_interpreter,
                               address, phc_site_id, version, updated_ms, id, created_by, created_ms)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17)",
    );
    bind(insert, patient)
        .bind(patient.id.to_string())
        .bind(patient.stamp.created_by.map(|id| id.to_string()))
        .bind(millis(patient.stamp.created))
        .execute(change.connection())
        .await
        .map_err(StorageError::on_insert("patient"))?;
    change.note("patient", patient.id, "created", json!({}));
    Ok(())
}

/// # Errors
/// `Refusal::Changed`: it is another by now. As for [`create`], besides.
pub async fn update(change: &mut Change, seen: &Patient, details: NewPatient) -> Result<Patient, StorageError> {
    let after = Patient { id: seen.id, details, stamp: seen.stamp.changed(change.now) };
    let update = sqlx::query(
        "UPDATE patients SET iin = $1, other_id = $2, mis_id = $3, name = $4, birth_date = $5, sex = $6, phone = $7,
             email = $8, language = $9, needs_interpreter = $10, address = $11, phc_site_id = $12, version = $13,
             updated_ms = $14
         WHERE id = $15 AND version = $16",
    );
    let result = bind(update, &after)
        .bind(seen.id.to_string())
        .bind(i64::from(seen.stamp.version.0))
        .execute(change.connection())
        .await
        .map_err(StorageError::on_insert("patient"))?;
    require_current(&result)?;
    change.note("patient", seen.id, "updated", json!({ "fields": changed_fields(&seen.details, &after.details) }));
    Ok(after)
}

/// # Errors
/// The database failed.
pub async fn find(database: &Database, id: PatientId) -> Result<Option<Patient>, StorageError> {
    let row = sqlx::query("SELECT * FROM patients WHERE id = $1")
        .bind(id.to_string())
        .fetch_optional(&database.readers)
        .await?;
    row.as_ref().map(patient).transpose()
}

/// # Errors
/// The database failed.
pub async fn find_by_iin(database: &Database, iin: &Iin) -> Result<Option<Patient>, StorageError> {
    let row = sqlx::query("SELECT * FROM patients WHERE iin = $1")
        .bind(iin.reveal().to_owned())
        .fetch_optional(&database.readers)
        .await?;
    row.as_ref().map(patient).transpose()
}

/// By the number that the MIS gave.
///
/// # Errors
/// The database failed.
pub async fn find_by_mis_id(database: &Database, mis_id: &str) -> Result<Option<Patient>, StorageError> {
    let row = sqlx::query("SELECT * FROM patients WHERE mis_id = $1")
        .bind(mis_id.to_owned())
        .fetch_optional(&database.readers)
        .await?;
    row.as_ref().map(patient).transpose()
}

/// Whose patients: those who belong to a site, as registered or as referred to it, or whom a person treats or refers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Seen {
    Everywhere,
    AtSite(SiteId),
    ByUser(UserId),
}

macro_rules! seen {
    ($row:literal) => {
        concat!(
            "SELECT p.* FROM patients p WHERE ",
            $row,
            " AND ($1 = 'everywhere'
              OR ($1 = 'site' AND (p.phc_site_id = $2
                  OR EXISTS (SELECT 1 FROM referrals r WHERE r.patient_id = p.id AND r.site_id = $2)))
              OR ($1 = 'user' AND (
                  EXISTS (SELECT 1 FROM appointments a WHERE a.patient_id = p.id AND a.specialist_id = $2)
                  OR EXISTS (SELECT 1 FROM referrals r WHERE r.patient_id = p.id AND r.created_by = $2)
                  OR p.created_by = $2)))"
        )
    };
}

impl Seen {
    fn sql(self) -> (&'static str, String) {
        match self {
            Self::Everywhere => ("everywhere", String::new()),
            Self::AtSite(id) => ("site", id.to_string()),
            Self::ByUser(id) => ("user", id.to_string()),
        }
    }
}

/// Those whose names begin with `name`, as they are written, by name.
///
/// # Errors
/// The database failed.
pub async fn by_name(database: &Database, name: &str, seen: Seen, limit: u32) -> Result<Vec<Patient>, StorageError> {
    let (kind, id) = seen.sql();
    let rows = sqlx::query(concat!(seen!("p.name >= $3 AND p.name < $4"), " ORDER BY p.name, p.id LIMIT $5"))
        .bind(kind)
        .bind(id)
        .bind(name.to_owned())
        // What begins with the name sorts before the name with the last character of all.
        .bind(format!("{name}\u{10FFFF}"))
        .bind(i64::from(limit))
        .fetch_all(&database.readers)
        .await?;
    rows.iter().map(patient).collect()
}

/// # Errors
/// The database failed.
pub async fn is_seen(database: &Database, id: PatientId, seen: Seen) -> Result<bool, StorageError> {
    let (kind, whose) = seen.sql();
    let row = sqlx::query(seen!("p.id = $3"))
        .bind(kind)
        .bind(whose)
        .bind(id.to_string())
        .fetch_optional(&database.readers)
        .await?;
    Ok(row.is_some())
}

/// What both statements set, as $1 to $14.
fn bind(query: Query<'static, Any, AnyArguments>, patient: &Patient) -> Query<'static, Any, AnyArguments> {
    let details = &patient.details;
    query
        .bind(details.iin.as_ref().map(|iin| iin.reveal().to_owned()))
        .bind(details.other_id.as_ref().map(|id| id.reveal().clone()))
        .bind(details.mis_id.clone())
        .bind(details.name.reveal().clone())
        .bind(details.birth_date.reveal().to_string())
        .bind(details.sex.as_str())
        .bind(details.phone.as_ref().map(|phone| phone.reveal().to_owned()))
        .bind(details.email.as_ref().map(|email| email.reveal().to_owned()))
        .bind(details.language.as_str())
        .bind(i64::from(details.needs_interpreter))
        .bind(details.address.as_ref().map(|address| address.reveal().clone()))
        .bind(details.phc_site.map(|id| id.to_string()))
        .bind(i64::from(patient.stamp.version.0))
        .bind(millis(patient.stamp.updated))
}

fn changed_fields(before: &NewPatient, after: &NewPatient) -> Vec<&'static str> {
    let fields = [
        ("iin", before.iin != after.iin),
        ("other_id", before.other_id != after.other_id),
        ("mis_id", before.mis_id != after.mis_id),
        ("name", before.name != after.name),
        ("birth_date", before.birth_date != after.birth_date),
        ("sex", before.sex != after.sex),
        ("phone", before.phone != after.phone),
        ("email", before.email != after.email),
        ("language", before.language != after.language),
        ("needs_interpreter", before.needs_interpreter != after.needs_interpreter),
        ("address", before.address != after.address),
        ("phc_site", before.phc_site != after.phc_site),
    ];
    fields.into_iter().filter(|(_, changed)| *changed).map(|(field, _)| field).collect()
}

fn patient(row: &AnyRow) -> Result<Patient, StorageError> {
    let columns = Columns(row);
    Ok(Patient {
        id: columns.parsed("id")?,
        details: NewPatient {
            iin: columns.parsed_if_any("iin")?,
            other_id: columns.plain::<Option<String>>("other_id")?.map(Private::new),
            mis_id: columns.plain("mis_id")?,
            name: Private::new(columns.plain("name")?),
            birth_date: Private::new(columns.parsed("birth_date")?),
            sex: columns.parsed("sex")?,
            phone: columns.parsed_if_any("phone")?,
            email: columns.parsed_if_any("email")?,
            language: columns.parsed("language")?,
            needs_interpreter: columns.number::<i64>("needs_interpreter")? == 1,
            address: columns.plain::<Option<String>>("address")?.map(Private::new),
            phc_site: columns.parsed_if_any("phc_site_id")?,
        },
        stamp: columns.stamp()?,
    })
}
