-- What upkeep looks after: slots given back, and what it must find without reading a table from end to end.

-- Slots given back that are still ahead. A row goes when somebody has the slot, when it is closed, or when its time has come.
CREATE TABLE freed_slots (
    slot_id TEXT NOT NULL PRIMARY KEY REFERENCES slots (id),
    -- What it was booked with.
    cart_id TEXT REFERENCES carts (id),
    start_ms BIGINT NOT NULL,
    freed_ms BIGINT NOT NULL
);
CREATE INDEX freed_slots_by_start ON freed_slots (start_ms, slot_id);

-- The visit that the person lost when the specialist cancelled the day: until there is another one, the senior's matter.
ALTER TABLE waitlist ADD COLUMN lost_appointment_id TEXT REFERENCES appointments (id);
CREATE INDEX waitlist_by_status ON waitlist (status, priority DESC, created_ms, id);

-- Since when a cart has been heard of without a gap: a visit that it was silent in is no no-show.
ALTER TABLE carts ADD COLUMN online_since_ms BIGINT;

CREATE INDEX appointments_by_start ON appointments (start_ms);
CREATE INDEX appointments_overdue ON appointments (start_ms, id)
    WHERE status IN ('proposed', 'booked', 'confirmed') AND proposal IS NULL;
CREATE INDEX slots_by_start ON slots (start_ms, kind, status);
