-- Booking: one text for SQLite and PostgreSQL. What they must say differently is in 0002 of their folders.
-- Ids are UUIDv7 as text, times Unix milliseconds. `created_by` is a user; null where the audit trail names another actor.

CREATE TABLE sites (
    id TEXT NOT NULL PRIMARY KEY,
    name TEXT NOT NULL,
    kind TEXT NOT NULL CHECK (kind IN ('hospital', 'ambulatory', 'centre')),
    time_zone TEXT NOT NULL,
    km_to_hub BIGINT NOT NULL,
    version BIGINT NOT NULL,
    created_by TEXT,
    created_ms BIGINT NOT NULL,
    updated_ms BIGINT NOT NULL
);

-- Who a person is and may be; how one proves it (passwords, sessions) has tables of its own.
CREATE TABLE users (
    id TEXT NOT NULL PRIMARY KEY,
    site_id TEXT NOT NULL REFERENCES sites (id),
    name TEXT NOT NULL,
    -- Words with commas; so are languages and capabilities.
    roles TEXT NOT NULL,
    specialty TEXT,
    languages TEXT NOT NULL,
    version BIGINT NOT NULL,
    created_by TEXT,
    created_ms BIGINT NOT NULL,
    updated_ms BIGINT NOT NULL
);
CREATE INDEX users_by_site ON users (site_id);
CREATE INDEX users_by_specialty ON users (specialty);

CREATE TABLE carts (
    id TEXT NOT NULL PRIMARY KEY,
    site_id TEXT NOT NULL REFERENCES sites (id),
    name TEXT NOT NULL,
    capabilities TEXT NOT NULL,
    last_seen_ms BIGINT,
    check_result TEXT,
    version BIGINT NOT NULL,
    created_by TEXT,
    created_ms BIGINT NOT NULL,
    updated_ms BIGINT NOT NULL
);
CREATE INDEX carts_by_site ON carts (site_id);

CREATE TABLE patients (
    id TEXT NOT NULL PRIMARY KEY,
    iin TEXT UNIQUE,
    other_id TEXT,
    mis_id TEXT UNIQUE,
    name TEXT NOT NULL,
    birth_date TEXT NOT NULL,
    sex TEXT NOT NULL,
    phone TEXT,
    language TEXT NOT NULL,
    needs_interpreter BIGINT NOT NULL CHECK (needs_interpreter IN (0, 1)),
    address TEXT,
    phc_site_id TEXT REFERENCES sites (id),
    version BIGINT NOT NULL,
    created_by TEXT,
    created_ms BIGINT NOT NULL,
    updated_ms BIGINT NOT NULL
);
CREATE INDEX patients_by_other_id ON patients (other_id);
CREATE INDEX patients_by_name ON patients (name, id);

CREATE TABLE referrals (
    id TEXT NOT NULL PRIMARY KEY,
    source TEXT NOT NULL,
    mis_ref TEXT NOT NULL,
    site_id TEXT NOT NULL REFERENCES sites (id),
    patient_id TEXT NOT NULL REFERENCES patients (id),
    referring_doctor TEXT NOT NULL,
    specialty TEXT NOT NULL,
    reason TEXT NOT NULL,
    icd10 TEXT,
    priority TEXT NOT NULL CHECK (priority IN ('routine', 'urgent')),
    status TEXT NOT NULL
        CHECK (status IN ('received', 'in_work', 'booked', 'waitlisted', 'completed', 'rejected', 'cancelled')),
    version BIGINT NOT NULL,
    created_by TEXT,
    created_ms BIGINT NOT NULL,
    updated_ms BIGINT NOT NULL,
    UNIQUE (source, mis_ref)
);
-- The inbox of a site: urgent first, then oldest. ('urgent' sorts behind 'routine'.)
CREATE INDEX referrals_inbox ON referrals (site_id, status, priority DESC, created_ms, id);
CREATE INDEX referrals_by_patient ON referrals (patient_id, created_ms);

-- A weekly window of a specialist or of a cart, in the local time of `time_zone`.
CREATE TABLE schedules (
    id TEXT NOT NULL PRIMARY KEY,
    specialist_id TEXT REFERENCES users (id),
    cart_id TEXT REFERENCES carts (id),
    time_zone TEXT NOT NULL,
    -- 1 = Monday .. 7 = Sunday (ISO 8601).
    weekday BIGINT NOT NULL CHECK (weekday BETWEEN 1 AND 7),
    start_minute BIGINT NOT NULL,
    end_minute BIGINT NOT NULL,
    slot_minutes BIGINT NOT NULL CHECK (slot_minutes > 0),
    channel TEXT NOT NULL CHECK (channel IN ('cart', 'home_link', 'phone')),
    -- Local dates; the last one is included.
    valid_from TEXT NOT NULL,
    valid_to TEXT,
    version BIGINT NOT NULL,
    created_by TEXT,
    created_ms BIGINT NOT NULL,
    updated_ms BIGINT NOT NULL,
    CHECK ((specialist_id IS NULL) <> (cart_id IS NULL)),
    CHECK (0 <= start_minute AND start_minute < end_minute AND end_minute <= 1440)
);
CREATE INDEX schedules_by_specialist ON schedules (specialist_id);
CREATE INDEX schedules_by_cart ON schedules (cart_id);

-- A local date on which a specialist or a cart is away, wholly or between two minutes of the day.
CREATE TABLE schedule_exceptions (
    id TEXT NOT NULL PRIMARY KEY,
    specialist_id TEXT REFERENCES users (id),
    cart_id TEXT REFERENCES carts (id),
    local_date TEXT NOT NULL,
    start_minute BIGINT NOT NULL,
    end_minute BIGINT NOT NULL,
    reason TEXT NOT NULL,
    created_by TEXT,
    created_ms BIGINT NOT NULL,
    CHECK ((specialist_id IS NULL) <> (cart_id IS NULL)),
    CHECK (0 <= start_minute AND start_minute < end_minute AND end_minute <= 1440)
);
CREATE INDEX schedule_exceptions_by_specialist ON schedule_exceptions (specialist_id, local_date);
CREATE INDEX schedule_exceptions_by_cart ON schedule_exceptions (cart_id, local_date);

-- A specialist's time that can be booked. A hold past `hold_until_ms` counts as free without anybody's doing.
CREATE TABLE slots (
    id TEXT NOT NULL PRIMARY KEY,
    specialist_id TEXT NOT NULL REFERENCES users (id),
    specialty TEXT NOT NULL,
    channel TEXT NOT NULL CHECK (channel IN ('cart', 'home_link', 'phone')),
    start_ms BIGINT NOT NULL,
    end_ms BIGINT NOT NULL,
    kind TEXT NOT NULL CHECK (kind IN ('competitive', 'reserved')),
    status TEXT NOT NULL CHECK (status IN ('free', 'held', 'busy', 'blocked')),
    held_by TEXT,
    hold_until_ms BIGINT,
    version BIGINT NOT NULL,
    created_by TEXT,
    created_ms BIGINT NOT NULL,
    updated_ms BIGINT NOT NULL,
    UNIQUE (specialist_id, start_ms),
    CHECK (start_ms < end_ms),
    CHECK ((status = 'held') = (held_by IS NOT NULL AND hold_until_ms IS NOT NULL))
);
-- The search: what is booked or blocked is not in it, so it does not grow with the clinic's past.
CREATE INDEX slots_open ON slots (specialty, channel, start_ms, id) WHERE status IN ('free', 'held');

CREATE TABLE appointments (
    id TEXT NOT NULL PRIMARY KEY,
    -- Null: nobody referred, as for a call of the centre.
    referral_id TEXT REFERENCES referrals (id),
    patient_id TEXT NOT NULL REFERENCES patients (id),
    specialist_id TEXT NOT NULL REFERENCES users (id),
    cart_id TEXT REFERENCES carts (id),
    slot_id TEXT REFERENCES slots (id),
    -- Where the patient is: the cart's site, or the one that looks after the patient.
    site_id TEXT NOT NULL REFERENCES sites (id),
    start_ms BIGINT NOT NULL,
    end_ms BIGINT NOT NULL,
    channel TEXT NOT NULL CHECK (channel IN ('cart', 'home_link', 'phone')),
    status TEXT NOT NULL CHECK (status IN ('proposed', 'booked', 'confirmed', 'checked_in', 'in_call', 'completed',
        'cancelled', 'no_show', 'failed', 'entered_in_error')),
    -- An ending that the system suggests and nobody has confirmed yet.
    proposal TEXT,
    cancel_reason TEXT,
    failure TEXT,
    no_summary_reason TEXT,
    rescheduled_from TEXT REFERENCES appointments (id),
    version BIGINT NOT NULL,
    created_by TEXT,
    created_ms BIGINT NOT NULL,
    updated_ms BIGINT NOT NULL,
    CHECK (start_ms < end_ms),
    CHECK ((channel = 'cart') = (cart_id IS NOT NULL))
);
CREATE INDEX appointments_by_specialist ON appointments (specialist_id, start_ms);
CREATE INDEX appointments_by_patient ON appointments (patient_id, start_ms);
CREATE INDEX appointments_by_site ON appointments (site_id, start_ms);
CREATE INDEX appointments_by_cart ON appointments (cart_id, start_ms);
CREATE INDEX appointments_by_referral ON appointments (referral_id);
CREATE INDEX appointments_by_slot ON appointments (slot_id);
CREATE INDEX appointments_rescheduled ON appointments (rescheduled_from);
-- The reconfirmation's work list.
CREATE INDEX appointments_unconfirmed ON appointments (start_ms) WHERE status = 'booked';

-- Append-only: what happened to an appointment.
CREATE TABLE appointment_events (
    appointment_id TEXT NOT NULL REFERENCES appointments (id),
    -- The version that the appointment got by it.
    version BIGINT NOT NULL,
    kind TEXT NOT NULL,
    from_status TEXT NOT NULL,
    to_status TEXT NOT NULL,
    reason TEXT,
    actor TEXT NOT NULL,
    at_ms BIGINT NOT NULL,
    PRIMARY KEY (appointment_id, version)
);

-- Time that living appointments take of a specialist, a patient or a cart. 0002 forbids overlap.
CREATE TABLE busy (
    kind TEXT NOT NULL CHECK (kind IN ('specialist', 'patient', 'cart')),
    resource_id TEXT NOT NULL,
    start_ms BIGINT NOT NULL,
    end_ms BIGINT NOT NULL,
    appointment_id TEXT NOT NULL REFERENCES appointments (id),
    PRIMARY KEY (appointment_id, kind),
    CHECK (start_ms < end_ms)
);
CREATE INDEX busy_by_resource ON busy (kind, resource_id, start_ms, end_ms);

-- Append-only: every attempt to book ends in exactly one row.
CREATE TABLE booking_attempts (
    id TEXT NOT NULL PRIMARY KEY,
    channel TEXT NOT NULL,
    specialty TEXT NOT NULL,
    result TEXT NOT NULL CHECK (result IN ('success', 'organisational', 'technical')),
    error_code TEXT,
    appointment_id TEXT REFERENCES appointments (id),
    actor TEXT NOT NULL,
    at_ms BIGINT NOT NULL,
    CHECK ((result = 'success') = (error_code IS NULL)),
    CHECK ((result = 'success') = (appointment_id IS NOT NULL))
);
CREATE INDEX booking_attempts_by_time ON booking_attempts (at_ms);
CREATE INDEX booking_attempts_by_appointment ON booking_attempts (appointment_id);

CREATE TABLE waitlist (
    id TEXT NOT NULL PRIMARY KEY,
    patient_id TEXT NOT NULL REFERENCES patients (id),
    referral_id TEXT NOT NULL REFERENCES referrals (id),
    specialty TEXT NOT NULL,
    channel TEXT NOT NULL CHECK (channel IN ('cart', 'home_link', 'phone')),
    cart_id TEXT REFERENCES carts (id),
    earliest_ms BIGINT NOT NULL,
    latest_ms BIGINT NOT NULL,
    priority TEXT NOT NULL CHECK (priority IN ('routine', 'urgent')),
    status TEXT NOT NULL CHECK (status IN ('waiting', 'booked', 'withdrawn')),
    version BIGINT NOT NULL,
    created_by TEXT,
    created_ms BIGINT NOT NULL,
    updated_ms BIGINT NOT NULL,
    CHECK (earliest_ms <= latest_ms)
);
-- Urgent first, then oldest. ('urgent' sorts behind 'routine'.)
CREATE INDEX waitlist_queue ON waitlist (specialty, channel, priority DESC, created_ms, id) WHERE status = 'waiting';
-- A referral waits once.
CREATE UNIQUE INDEX waitlist_one_per_referral ON waitlist (referral_id) WHERE status = 'waiting';

CREATE TABLE waitlist_offers (
    id TEXT NOT NULL PRIMARY KEY,
    waitlist_id TEXT NOT NULL REFERENCES waitlist (id),
    slot_id TEXT NOT NULL REFERENCES slots (id),
    expires_ms BIGINT NOT NULL,
    -- Null: open until it expires.
    result TEXT CHECK (result IN ('accepted', 'declined', 'withdrawn')),
    version BIGINT NOT NULL,
    created_by TEXT,
    created_ms BIGINT NOT NULL,
    updated_ms BIGINT NOT NULL
);
CREATE INDEX waitlist_offers_open ON waitlist_offers (expires_ms) WHERE result IS NULL;
CREATE INDEX waitlist_offers_by_entry ON waitlist_offers (waitlist_id, created_ms);
CREATE INDEX waitlist_offers_by_slot ON waitlist_offers (slot_id, created_ms);

-- Append-only: one row per call of the contact centre.
CREATE TABLE reconfirm_calls (
    id TEXT NOT NULL PRIMARY KEY,
    appointment_id TEXT NOT NULL REFERENCES appointments (id),
    operator_id TEXT NOT NULL REFERENCES users (id),
    attempt BIGINT NOT NULL,
    result TEXT NOT NULL,
    note TEXT,
    at_ms BIGINT NOT NULL,
    UNIQUE (appointment_id, attempt)
);

-- Single-visit links. The token itself is nowhere: only its SHA-256 as hexadecimal digits.
CREATE TABLE join_tokens (
    id TEXT NOT NULL PRIMARY KEY,
    hash TEXT NOT NULL UNIQUE,
    appointment_id TEXT NOT NULL REFERENCES appointments (id),
    role TEXT NOT NULL,
    name TEXT NOT NULL,
    not_before_ms BIGINT NOT NULL,
    expires_ms BIGINT NOT NULL,
    revoked_ms BIGINT,
    created_by TEXT,
    created_ms BIGINT NOT NULL,
    CHECK (not_before_ms < expires_ms)
);
CREATE INDEX join_tokens_by_appointment ON join_tokens (appointment_id);

-- Append-only: what the patient agreed to. The latest decision of a purpose counts.
CREATE TABLE consents (
    id TEXT NOT NULL PRIMARY KEY,
    appointment_id TEXT NOT NULL REFERENCES appointments (id),
    patient_id TEXT NOT NULL REFERENCES patients (id),
    purpose TEXT NOT NULL,
    decision TEXT NOT NULL CHECK (decision IN ('given', 'refused', 'withdrawn')),
    text_version BIGINT NOT NULL,
    language TEXT NOT NULL,
    giver TEXT NOT NULL,
    giver_name TEXT,
    -- Null: the patient, by the link.
    taken_by TEXT REFERENCES users (id),
    at_ms BIGINT NOT NULL
);
CREATE INDEX consents_by_appointment ON consents (appointment_id, at_ms, id);

-- Append-only and chained: `hash` is the SHA-256 over `previous_hash` and the row (src/storage/audit.rs).
CREATE TABLE audit (
    seq BIGINT NOT NULL PRIMARY KEY,
    at_ms BIGINT NOT NULL,
    actor TEXT NOT NULL,
    action TEXT NOT NULL,
    entity TEXT NOT NULL,
    entity_id TEXT NOT NULL,
    detail TEXT NOT NULL,
    previous_hash TEXT NOT NULL,
    hash TEXT NOT NULL
);
CREATE INDEX audit_by_entity ON audit (entity, entity_id, seq);

-- The chain's end, so that a row cut off is noticed. One row; a writer locks it until its commit.
CREATE TABLE audit_head (
    id BIGINT NOT NULL PRIMARY KEY CHECK (id = 1),
    seq BIGINT NOT NULL,
    hash TEXT NOT NULL
);
INSERT INTO audit_head (id, seq, hash) VALUES (1, 0, '');

CREATE TABLE idempotency_keys (
    actor TEXT NOT NULL,
    idempotency_key TEXT NOT NULL,
    request_hash TEXT NOT NULL,
    -- Null only within the transaction that is finding the answer.
    answer TEXT,
    created_ms BIGINT NOT NULL,
    PRIMARY KEY (actor, idempotency_key)
);
CREATE INDEX idempotency_keys_by_age ON idempotency_keys (created_ms);
