-- Messages to patients, and feeds of calendars.

ALTER TABLE patients ADD COLUMN email TEXT;

-- The outbox. Neither a text nor a link is kept: both are made when the message is sent, to the address that the patient has then.
CREATE TABLE messages (
    id TEXT NOT NULL PRIMARY KEY,
    patient_id TEXT NOT NULL REFERENCES patients (id),
    -- What it is about: a visit, or a time offered to the waiting list.
    appointment_id TEXT REFERENCES appointments (id),
    offer_id TEXT REFERENCES waitlist_offers (id),
    kind TEXT NOT NULL
        CHECK (kind IN ('booked', 'confirm_ask', 'reminder', 'rescheduled', 'cancelled', 'offer', 'link')),
    channel TEXT NOT NULL CHECK (channel IN ('sms', 'email')),
    language TEXT NOT NULL,
    status TEXT NOT NULL CHECK (status IN ('queued', 'sending', 'sent', 'delivered', 'failed', 'expired')),
    -- As staff see it; null: there was no address.
    to_masked TEXT,
    attempts BIGINT NOT NULL,
    -- When it is due; while it is being sent, when whoever sends it is taken for dead.
    next_ms BIGINT NOT NULL,
    expires_ms BIGINT NOT NULL,
    -- The gateway's number of it.
    provider_id TEXT,
    -- Of the last attempt, or why there was none.
    error TEXT,
    created_ms BIGINT NOT NULL,
    updated_ms BIGINT NOT NULL,
    CHECK ((appointment_id IS NULL) <> (offer_id IS NULL))
);
CREATE INDEX messages_due ON messages (next_ms, id) WHERE status IN ('queued', 'sending');
CREATE INDEX messages_by_appointment ON messages (appointment_id, created_ms);
CREATE INDEX messages_by_offer ON messages (offer_id);

-- Links by which an offer is answered; once it is accepted, the visit's link has the same id and hash. The token itself is nowhere: only its
-- SHA-256 as hexadecimal digits.
CREATE TABLE offer_links (
    hash TEXT NOT NULL PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    offer_id TEXT NOT NULL REFERENCES waitlist_offers (id),
    created_ms BIGINT NOT NULL
);
CREATE INDEX offer_links_by_offer ON offer_links (offer_id);

-- One address per calendar: a new one makes the one before it worthless. Only the SHA-256 of its token is kept.
CREATE TABLE calendar_feeds (
    hash TEXT NOT NULL PRIMARY KEY,
    specialist_id TEXT UNIQUE REFERENCES users (id),
    cart_id TEXT UNIQUE REFERENCES carts (id),
    created_ms BIGINT NOT NULL,
    CHECK ((specialist_id IS NULL) <> (cart_id IS NULL))
);
