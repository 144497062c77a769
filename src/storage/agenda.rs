//! Appointments with the names beside them, as desks show them: one query for the rows and one for their consents, however many
//! appointments there are.

use super::appointments::appointment;
use super::change::millis;
use super::columns::Columns;
use super::{Database, StorageError};
use crate::model::appointment::Appointment;
use crate::model::cart;
use crate::model::consent::{Decision, Purpose};
use crate::model::ids::{AppointmentId, CartId, PatientId, SiteId, UserId};
use crate::model::language::Language;
use crate::model::phone::Phone;
use crate::model::private::Private;
use crate::model::referral::Priority;
use crate::model::specialty::Specialty;
use crate::model::time::{Interval, UnixMillis, Zone};
use jiff::civil::Date;
use sqlx::any::AnyRow;
use std::collections::{BTreeMap, HashMap};

/// Whose appointments.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Whose {
    Specialist(UserId),
    Site(SiteId),
    Cart(CartId),
    Patient(PatientId),
    /// Of the referrals that this person wrote.
    Referrer(UserId),
}

/// The rows after this one, in the list's order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct After {
    pub start: UnixMillis,
    pub id: AppointmentId,
}

#[derive(Clone, Debug)]
pub struct Entry {
    pub appointment: Appointment,
    pub site_name: String,
    pub site_phone: Option<Phone>,
    pub zone: Zone,
    pub patient: PatientSummary,
    pub specialist_name: Private<String>,
    pub specialist_site: SiteId,
    pub specialty: Option<Specialty>,
    pub cart: Option<CartSummary>,
    pub referral: Option<ReferralSummary>,
    /// The room of the visit, once somebody has checked in.
    pub room: Option<String>,
    /// The latest decision of each purpose.
    pub consents: BTreeMap<Purpose, Decision>,
}

#[derive(Clone, Debug)]
pub struct PatientSummary {
    pub name: Private<String>,
    pub birth_date: Private<Date>,
    pub language: Language,
    pub phone: Option<Phone>,
    pub needs_interpreter: bool,
}

#[derive(Clone, Debug)]
pub struct CartSummary {
    pub id: CartId,
    pub name: String,
    pub last_seen: Option<UnixMillis>,
}

impl CartSummary {
    #[must_use]
    pub fn is_online(&self, now: UnixMillis) -> bool {
        cart::is_online(self.last_seen, now)
    }
}

#[derive(Clone, Debug)]
pub struct ReferralSummary {
    pub written_by: Option<UserId>,
    pub source: String,
    pub mis_ref: String,
    pub priority: Priority,
    pub reason: Private<String>,
    pub icd10: Option<String>,
    pub referring_doctor: Private<String>,
}

macro_rules! entries {
    ($whose:literal) => {
        concat!(
            "SELECT a.*, s.name AS site_name, s.phone AS site_phone, s.time_zone, p.name AS patient_name, p.birth_date, p.language, p.phone,
                    p.needs_interpreter, u.name AS specialist_name, u.site_id AS specialist_site_id, u.specialty,
                    c.name AS cart_name, c.last_seen_ms, r.created_by AS written_by, r.source, r.mis_ref, r.priority, r.reason,
                    r.icd10, r.referring_doctor, v.room
             FROM appointments a
             JOIN sites s ON s.id = a.site_id
             JOIN patients p ON p.id = a.patient_id
             JOIN users u ON u.id = a.specialist_id
             LEFT JOIN carts c ON c.id = a.cart_id
             LEFT JOIN referrals r ON r.id = a.referral_id
             LEFT JOIN visits v ON v.appointment_id = a.id
             WHERE ",
            $whose
        )
    };
}

/// Of those who start within a time, after a row, so many.
macro_rules! listed {
    ($whose:literal) => {
        (
            concat!(
                entries!($whose),
                " = $1 AND a.start_ms >= $2 AND a.start_ms < $3 AND (a.start_ms > $4 OR (a.start_ms = $4 AND a.id > $5))
                  ORDER BY a.start_ms, a.id LIMIT $6"
            ),
            concat!(
                "SELECT c.appointment_id, c.purpose, c.decision FROM consents c
                 JOIN appointments a ON a.id = c.appointment_id
                 LEFT JOIN referrals r ON r.id = a.referral_id
                 WHERE ",
                $whose,
                " = $1 AND a.start_ms >= $2 AND a.start_ms < $3 ORDER BY c.at_ms, c.id"
            ),
        )
    };
}

impl Whose {
    /// The statement for the rows, the one for their consents, and whom both are about.
    fn sql(self) -> ((&'static str, &'static str), String) {
        match self {
            Self::Specialist(id) => (listed!("a.specialist_id"), id.to_string()),
            Self::Site(id) => (listed!("a.site_id"), id.to_string()),
            Self::Cart(id) => (listed!("a.cart_id"), id.to_string()),
            Self::Patient(id) => (listed!("a.patient_id"), id.to_string()),
            Self::Referrer(id) => (listed!("r.created_by"), id.to_string()),
        }
    }
}

/// Those that start within `window`, in their order.
///
/// # Errors
/// The database failed.
pub async fn list(
    database: &Database,
    whose: Whose,
    window: Interval,
    after: Option<After>,
    limit: u32,
) -> Result<Vec<Entry>, StorageError> {
    let ((entries, consents), id) = whose.sql();
    let (start, after) = after.map_or((0, String::new()), |after| (millis(after.start), after.id.to_string()));
    let rows = sqlx::query(entries)
        .bind(id.clone())
        .bind(millis(window.start()))
        .bind(millis(window.end()))
        .bind(start)
        .bind(after)
        .bind(i64::from(limit))
        .fetch_all(&database.readers)
        .await?;
    let mut entries = rows.iter().map(entry).collect::<Result<Vec<_>, _>>()?;
    let (Some(first), Some(last)) = (entries.first(), entries.last()) else { return Ok(entries) };
    let consents = sqlx::query(consents)
        .bind(id)
        .bind(millis(first.appointment.time.start()))
        .bind(millis(last.appointment.time.start()).saturating_add(1))
        .fetch_all(&database.readers)
        .await?;
    add_consents(&mut entries, &consents)?;
    Ok(entries)
}

/// Of those that start within `window`, what the contact centre has to do with: booked, or with an answer. Without their consents.
///
/// # Errors
/// The database failed.
pub async fn to_reconfirm(
    database: &Database,
    site: Option<SiteId>,
    window: Interval,
    after: Option<After>,
    limit: u32,
) -> Result<Vec<Entry>, StorageError> {
    let (start, after) = after.map_or((0, String::new()), |after| (millis(after.start), after.id.to_string()));
    let rows = sqlx::query(entries!(
        "a.status IN ('booked', 'confirmed', 'cancelled') AND a.start_ms >= $1 AND a.start_ms < $2
           AND ($3 IS NULL OR a.site_id = $3) AND (a.start_ms > $4 OR (a.start_ms = $4 AND a.id > $5))
         ORDER BY a.start_ms, a.id LIMIT $6"
    ))
    .bind(millis(window.start()))
    .bind(millis(window.end()))
    .bind(site.map(|id| id.to_string()))
    .bind(start)
    .bind(after)
    .bind(i64::from(limit))
    .fetch_all(&database.readers)
    .await?;
    rows.iter().map(entry).collect()
}

/// # Errors
/// The database failed.
pub async fn find(database: &Database, id: AppointmentId) -> Result<Option<Entry>, StorageError> {
    let row = sqlx::query(entries!("a.id = $1")).bind(id.to_string()).fetch_optional(&database.readers).await?;
    let Some(row) = row else { return Ok(None) };
    let mut entries = [entry(&row)?];
    let consents = sqlx::query(
        "SELECT appointment_id, purpose, decision FROM consents WHERE appointment_id = $1 ORDER BY at_ms, id",
    )
    .bind(id.to_string())
    .fetch_all(&database.readers)
    .await?;
    add_consents(&mut entries, &consents)?;
    let [entry] = entries;
    Ok(Some(entry))
}

/// In the order of their time, so that the latest of a purpose stays.
fn add_consents(entries: &mut [Entry], rows: &[AnyRow]) -> Result<(), StorageError> {
    let places: HashMap<AppointmentId, usize> =
        entries.iter().enumerate().map(|(place, entry)| (entry.appointment.id, place)).collect();
    for row in rows {
        let columns = Columns(row);
        let place = places.get(&columns.parsed("appointment_id")?);
        if let Some(entry) = place.and_then(|place| entries.get_mut(*place)) {
            entry.consents.insert(columns.parsed("purpose")?, columns.parsed("decision")?);
        }
    }
    Ok(())
}

fn entry(row: &AnyRow) -> Result<Entry, StorageError> {
    let columns = Columns(row);
    let appointment = appointment(row)?;
    let cart = appointment.cart.map(|id| {
        let last_seen = columns.time_if_any("last_seen_ms")?;
        Ok::<_, StorageError>(CartSummary { id, name: columns.plain("cart_name")?, last_seen })
    });
    let referral = appointment.referral.map(|_| referral(&columns));
    Ok(Entry {
        site_name: columns.plain("site_name")?,
        site_phone: columns.parsed_if_any("site_phone")?,
        zone: columns.parsed("time_zone")?,
        patient: PatientSummary {
            name: Private::new(columns.plain("patient_name")?),
            birth_date: Private::new(columns.parsed("birth_date")?),
            language: columns.parsed("language")?,
            phone: columns.parsed_if_any("phone")?,
            needs_interpreter: columns.number::<i64>("needs_interpreter")? == 1,
        },
        specialist_name: Private::new(columns.plain("specialist_name")?),
        specialist_site: columns.parsed("specialist_site_id")?,
        specialty: columns.parsed_if_any("specialty")?,
        cart: cart.transpose()?,
        referral: referral.transpose()?,
        room: columns.plain("room")?,
        consents: BTreeMap::new(),
        appointment,
    })
}

fn referral(columns: &Columns<'_>) -> Result<ReferralSummary, StorageError> {
    Ok(ReferralSummary {
        written_by: columns.parsed_if_any("written_by")?,
        source: columns.plain("source")?,
        mis_ref: columns.plain("mis_ref")?,
        priority: columns.parsed("priority")?,
        reason: Private::new(columns.plain("reason")?),
        icd10: columns.plain("icd10")?,
        referring_doctor: Private::new(columns.plain("referring_doctor")?),
    })
}
