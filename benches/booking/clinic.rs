//! A clinic of any past in a database: 50 specialists with 2,000 slots a day between them, today nearly full, the four weeks ahead ever
//! emptier, and as many days gone by as the wanted number of appointments takes. Today and the future are the same whatever the number,
//! so that two clinics differ in their past alone.
//!
//! Rows are written as SQL text, a day at once: a hundred thousand bookings by way of the model would take longer than what is measured.
//! The database's own rules (no overlap, references) still hold them. What they lack is an audit trail of their own.

use anyhow::{Context as _, Result, ensure};
use kenes::model::ids::{AppointmentId, CartId, PatientId, ReferralId, SiteId, SlotId, UserId};
use kenes::model::join_link::TokenHash;
use kenes::model::time::{Interval, UnixMillis};
use kenes::storage::Database;
use sqlx::{AnyConnection, AssertSqlSafe, Connection as _};
use std::fmt::Write as _;
use std::path::Path;
use std::str::FromStr;

/// 2026-11-23T04:00:00Z: nine o'clock on a Monday in Petropavlovsk, an hour after the clinic opened.
pub(crate) const NOW: UnixMillis = UnixMillis(1_795_406_400_000);
const DAY_ZERO: u64 = NOW.0 - 3_600_000;
const DAY: u64 = 86_400_000;
const SLOT: u64 = 15 * 60_000;

pub(crate) const SPECIALISTS: u64 = 50;
pub(crate) const SLOTS_OF_ONE: u64 = 40;
pub(crate) const SLOTS_A_DAY: u64 = SPECIALISTS * SLOTS_OF_ONE;
pub(crate) const SITES: u64 = 10;
const SPECIALTIES: &str = "cardiology neurology endocrinology dermatology pulmonology urology nephrology haematology surgery \
     paediatrics";
const DAYS_AHEAD: u64 = 28;
/// What slot numbers count from, so that days long gone have one too.
const FIRST_DAY: u64 = 10_000;
/// Of a day gone by and of today.
const FULL: u64 = SLOTS_A_DAY * 9 / 10;
/// Those in the mornings are on the cart.
const CART_SLOTS: u64 = 24;
pub(crate) const SESSION: TokenHash = TokenHash([7; 32]);

/// One of a kind of thing; ids of higher numbers sort later, as those of what is made later do.
pub(crate) fn id<T: FromStr>(n: u64) -> Result<T> {
    let mut random = [0; 10];
    random[2..].copy_from_slice(&n.to_be_bytes());
    let text = UserId::new(UnixMillis(DAY_ZERO), random).to_string();
    text.parse().ok().context("a number makes an id")
}

/// A slot and who would meet in it.
#[derive(Clone, Copy)]
pub(crate) struct Place {
    day: u64,
    step: u64,
    pub(crate) specialist: u64,
}

impl Place {
    pub(crate) fn slot(self) -> Result<SlotId> {
        id((self.day * SLOTS_OF_ONE + self.step) * SPECIALISTS + self.specialist)
    }

    pub(crate) fn is_on_cart(self) -> bool {
        self.step < CART_SLOTS
    }

    /// No cart is wanted twice at a time.
    pub(crate) fn cart_number(self) -> u64 {
        (self.specialist + self.step + self.day) % SPECIALISTS
    }

    pub(crate) fn cart(self) -> Result<Option<CartId>> {
        self.is_on_cart().then(|| id(self.cart_number())).transpose()
    }

    /// Of a cart, or of a patient at home.
    pub(crate) fn site_number(self, patient: u64) -> u64 {
        if self.is_on_cart() { self.cart_number() % SITES } else { patient % SITES }
    }

    pub(crate) fn specialty(self) -> &'static str {
        specialty(self.specialist)
    }

    fn start(self) -> u64 {
        DAY_ZERO + self.day * DAY + self.step * SLOT - FIRST_DAY * DAY
    }
}

pub(crate) fn specialty(n: u64) -> &'static str {
    SPECIALTIES.split(' ').cycle().nth(usize::try_from(n % 10).unwrap_or_default()).unwrap_or_default()
}

pub(crate) struct Clinic {
    pub(crate) database: Database,
    pub(crate) patients: u64,
    /// Slots ahead that nobody booked, the soonest first.
    pub(crate) open: Vec<Place>,
}

/// Numbers that are the same in every run (SplitMix64).
pub(crate) struct Random(pub(crate) u64);

impl Random {
    pub(crate) fn below(&mut self, end: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        (mixed ^ (mixed >> 31)) % end.max(1)
    }
}

pub(crate) fn today() -> Result<Interval> {
    Interval::new(UnixMillis(DAY_ZERO), UnixMillis(DAY_ZERO + DAY)).context("a day has a length")
}

pub(crate) fn weeks_ahead() -> Result<Interval> {
    Interval::new(NOW, NOW.plus(std::time::Duration::from_millis(DAYS_AHEAD * DAY))).context("weeks have a length")
}

/// How many of a day's slots are booked: 60 % tomorrow, 5 % from the fourth day on.
fn booked_ahead(days: u64) -> u64 {
    if days == 0 { FULL } else { SLOTS_A_DAY * 80u64.saturating_sub(20 * days).max(5) / 100 }
}

/// Makes a clinic of `appointments`, and `newcomers`: patients with a referral and no appointment.
pub(crate) async fn open(folder: &Path, url: Option<&str>, appointments: u64, newcomers: u64) -> Result<Clinic> {
    let database = Database::open(folder, url).await?;
    let sqlite = format!("sqlite://{}/kenes.sqlite3", folder.display());
    let mut writer = AnyConnection::connect(url.unwrap_or(&sqlite)).await?;
    let ahead: u64 = (0..DAYS_AHEAD).map(booked_ahead).sum();
    ensure!(appointments > ahead, "today and the weeks ahead take {ahead} appointments already");
    let past = appointments - ahead;
    let patients = (appointments / 5).max(2 * SPECIALISTS);
    write_people(&mut writer, patients, newcomers).await?;
    let mut random = Random(1);
    let mut clinic = Clinic { database, patients, open: Vec::new() };
    let (mut number, days_gone) = (0, past.div_ceil(FULL));
    for day in FIRST_DAY - days_gone..FIRST_DAY + DAYS_AHEAD {
        let booked = match day.checked_sub(FIRST_DAY) {
            Some(days) => booked_ahead(days),
            None if day == FIRST_DAY - days_gone => past - (days_gone - 1) * FULL,
            None => FULL,
        };
        write_day(&mut writer, &mut clinic, &mut random, day, number..number + booked).await?;
        number += booked;
    }
    // What a server that lives longer has had done: statistics by autovacuum (SQLite keeps none unless told to), a log written back.
    let settle = if url.is_some() { "ANALYZE" } else { "PRAGMA wal_checkpoint(TRUNCATE)" };
    run(&mut writer, settle.to_owned()).await?;
    writer.close().await?;
    Ok(clinic)
}

async fn write_people(writer: &mut AnyConnection, patients: u64, newcomers: u64) -> Result<()> {
    let mut rows = [const { String::new() }; 5];
    let [sites, users, carts, people, referrals] = &mut rows;
    for n in 0..SITES {
        let site: SiteId = id(n)?;
        write!(sites, "('{site}','Hospital {n}','hospital','Asia/Almaty',100,1,0,0),")?;
        let nurse: UserId = nurse(n)?;
        write!(users, "('{nurse}','{site}','Nurse {n}','nurse',NULL,'kk,ru',1,0,0),")?;
    }
    for n in 0..SPECIALISTS {
        let (user, hub, site): (UserId, SiteId, SiteId) = (id(n)?, id(0)?, id(n % SITES)?);
        write!(users, "('{user}','{hub}','Doctor {n}','specialist','{}','kk,ru',1,0,0),", specialty(n))?;
        write!(carts, "('{}','{site}','Cart {n}','otoscope,ptz',1,0,0),", id::<CartId>(n)?)?;
    }
    for n in 0..patients + newcomers {
        let (patient, site): (PatientId, SiteId) = (id(n)?, id(n % SITES)?);
        write!(people, "('{patient}','Patient {n}','1980-02-29','female','+77011234567','kk',0,'{site}',1,0,0),")?;
    }
    for n in 0..newcomers {
        let (patient, site): (PatientId, SiteId) = (id(patients + n)?, id(n % SITES)?);
        write_referral(referrals, newcomer_referral(n)?, site, patient, specialty(n), "received")?;
    }
    let session = format!(
        "('{}','{}','password',{now},{now},{})",
        SESSION.0.map(|byte| format!("{byte:02x}")).concat(),
        nurse(0)?,
        NOW.0 + DAY,
        now = NOW.0
    );
    let [sites, users, carts, people, referrals] = rows;
    for (table, rows) in [
        ("sites (id, name, kind, time_zone, km_to_hub, version, created_ms, updated_ms)", sites),
        ("users (id, site_id, name, roles, specialty, languages, version, created_ms, updated_ms)", users),
        ("carts (id, site_id, name, capabilities, version, created_ms, updated_ms)", carts),
        (
            "patients (id, name, birth_date, sex, phone, language, needs_interpreter, phc_site_id, version, created_ms, updated_ms)",
            people,
        ),
        (REFERRALS, referrals),
        ("sessions (hash, user_id, proof, created_ms, used_ms, expires_ms)", session),
    ] {
        insert(writer, table, &rows).await?;
    }
    Ok(())
}

const REFERRALS: &str = "referrals (id, source, mis_ref, site_id, patient_id, referring_doctor, specialty, reason, icd10, priority, status, \
     version, created_ms, updated_ms)";

fn write_referral(
    rows: &mut String,
    id: ReferralId,
    site: SiteId,
    patient: PatientId,
    specialty: &str,
    status: &str,
) -> Result<()> {
    write!(
        rows,
        "('{id}','mis','{id}','{site}','{patient}','A Doctor','{specialty}','Pain on exertion','I20.8','routine','{status}',1,0,0),"
    )?;
    Ok(())
}

pub(crate) fn nurse(site: u64) -> Result<UserId> {
    id(1_000 + site)
}

pub(crate) fn newcomer_referral(n: u64) -> Result<ReferralId> {
    id((1 << 40) + n)
}

/// A day's slots, so many of them booked as `numbers` has, picked at random.
async fn write_day(
    writer: &mut AnyConnection,
    clinic: &mut Clinic,
    random: &mut Random,
    day: u64,
    mut numbers: std::ops::Range<u64>,
) -> Result<()> {
    let mut rows = [const { String::new() }; 7];
    let places =
        (0..SLOTS_OF_ONE).flat_map(|step| (0..SPECIALISTS).map(move |specialist| Place { day, step, specialist }));
    for (place, left) in places.zip((1..=SLOTS_A_DAY).rev()) {
        let is_booked = random.below(left) < numbers.end - numbers.start;
        write_slot(&mut rows, place, if is_booked { "busy" } else { "free" })?;
        if is_booked {
            write_appointment(&mut rows, place, numbers.start, numbers.start % clinic.patients)?;
            numbers.start += 1;
        } else if day > FIRST_DAY && place.step % 10 != 9 {
            clinic.open.push(place);
        }
    }
    let tables = [
        "slots (id, specialist_id, specialty, channel, start_ms, end_ms, kind, status, version, created_ms, updated_ms)",
        REFERRALS,
        "appointments (id, referral_id, patient_id, specialist_id, cart_id, slot_id, site_id, start_ms, end_ms, channel, status, version, \
         created_ms, updated_ms)",
        "busy (kind, resource_id, start_ms, end_ms, appointment_id)",
        "appointment_events (appointment_id, version, kind, from_status, to_status, actor, at_ms)",
        "consents (id, appointment_id, patient_id, purpose, decision, text_version, language, giver, at_ms)",
        "visits (id, appointment_id, room, opened_ms, started_ms, ended_ms, outcome, seen_ms)",
    ];
    run(writer, "BEGIN".to_owned()).await?;
    for (table, rows) in tables.into_iter().zip(&rows) {
        insert(writer, table, rows).await?;
    }
    run(writer, "COMMIT".to_owned()).await
}

fn write_slot([slots, ..]: &mut [String; 7], place: Place, status: &str) -> Result<()> {
    let (slot, specialist, start): (_, UserId, _) = (place.slot()?, id(place.specialist)?, place.start());
    let channel = if place.is_on_cart() { "cart" } else { "home_link" };
    let kind = if place.step % 10 == 9 { "reserved" } else { "competitive" };
    let (specialty, end) = (place.specialty(), start + SLOT);
    write!(slots, "('{slot}','{specialist}','{specialty}','{channel}',{start},{end},'{kind}','{status}',1,0,0),")?;
    Ok(())
}

fn write_appointment(rows: &mut [String; 7], place: Place, number: u64, patient_number: u64) -> Result<()> {
    let [_, referrals, appointments, busy, events, consents, visits] = rows;
    let (start, slot, cart) = (place.start(), place.slot()?, place.cart()?);
    let end = start + SLOT;
    let (appointment, specialist): (AppointmentId, UserId) = (id(number)?, id(place.specialist)?);
    let (patient, site): (PatientId, SiteId) = (id(patient_number)?, id(place.site_number(patient_number))?);
    let referral: ReferralId = id(number)?;
    let is_over = end <= NOW.0;
    let (status, referral_status) = if is_over { ("completed", "completed") } else { ("booked", "booked") };
    write_referral(referrals, referral, site, patient, place.specialty(), referral_status)?;
    let (channel, cart_id) = match cart {
        Some(cart) => ("cart", format!("'{cart}'")),
        None => ("home_link", "NULL".to_owned()),
    };
    write!(
        appointments,
        "('{appointment}','{referral}','{patient}','{specialist}',{cart_id},'{slot}','{site}',{start},{end},'{channel}','{status}',2,0,0),"
    )?;
    write!(busy, "('specialist','{specialist}',{start},{end},'{appointment}'),")?;
    write!(busy, "('patient','{patient}',{start},{end},'{appointment}'),")?;
    if let Some(cart) = cart {
        write!(busy, "('cart','{cart}',{start},{end},'{appointment}'),")?;
    }
    write!(events, "('{appointment}',2,'book','proposed','booked','system',0),")?;
    if is_over {
        let consent = "'consultation','given',1,'kk','patient'";
        write!(consents, "('{appointment}','{appointment}','{patient}',{consent},{start}),")?;
        write!(visits, "('{appointment}','{appointment}','{appointment}',{start},{start},{end},'ok',{end}),")?;
    }
    Ok(())
}

/// `rows` end in a comma each.
async fn insert(writer: &mut AnyConnection, table: &str, rows: &str) -> Result<()> {
    if rows.is_empty() {
        return Ok(());
    }
    run(writer, format!("INSERT INTO {table} VALUES {}", rows.trim_end_matches(','))).await
}

pub(crate) async fn run(connection: &mut AnyConnection, sql: String) -> Result<()> {
    sqlx::raw_sql(AssertSqlSafe(sql)).execute(connection).await.map(drop).context("the clinic was not written")
}
