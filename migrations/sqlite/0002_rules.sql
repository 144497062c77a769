-- Rules that SQLite holds by triggers.

-- Intervals of one resource never overlap, so the one that starts last before the new one's end also ends last: looking at
-- it alone is enough, and costs the same with ten rows as with ten million.
CREATE TRIGGER busy_no_overlap BEFORE INSERT ON busy
WHEN NEW.start_ms < (
    SELECT end_ms FROM busy
    WHERE kind = NEW.kind AND resource_id = NEW.resource_id AND start_ms < NEW.end_ms
    ORDER BY start_ms DESC LIMIT 1
)
BEGIN
    SELECT RAISE(ABORT, 'busy_no_overlap');
END;

CREATE TRIGGER busy_is_replaced_not_changed BEFORE UPDATE ON busy
BEGIN
    SELECT RAISE(ABORT, 'busy rows are replaced, not changed');
END;

-- Append-only tables.

CREATE TRIGGER audit_no_update BEFORE UPDATE ON audit
BEGIN
    SELECT RAISE(ABORT, 'audit is append-only');
END;
CREATE TRIGGER audit_no_delete BEFORE DELETE ON audit
BEGIN
    SELECT RAISE(ABORT, 'audit is append-only');
END;
CREATE TRIGGER appointment_events_no_update BEFORE UPDATE ON appointment_events
BEGIN
    SELECT RAISE(ABORT, 'appointment_events is append-only');
END;
CREATE TRIGGER appointment_events_no_delete BEFORE DELETE ON appointment_events
BEGIN
    SELECT RAISE(ABORT, 'appointment_events is append-only');
END;
CREATE TRIGGER booking_attempts_no_update BEFORE UPDATE ON booking_attempts
BEGIN
    SELECT RAISE(ABORT, 'booking_attempts is append-only');
END;
CREATE TRIGGER booking_attempts_no_delete BEFORE DELETE ON booking_attempts
BEGIN
    SELECT RAISE(ABORT, 'booking_attempts is append-only');
END;
CREATE TRIGGER consents_no_update BEFORE UPDATE ON consents
BEGIN
    SELECT RAISE(ABORT, 'consents is append-only');
END;
CREATE TRIGGER consents_no_delete BEFORE DELETE ON consents
BEGIN
    SELECT RAISE(ABORT, 'consents is append-only');
END;
CREATE TRIGGER reconfirm_calls_no_update BEFORE UPDATE ON reconfirm_calls
BEGIN
    SELECT RAISE(ABORT, 'reconfirm_calls is append-only');
END;
CREATE TRIGGER reconfirm_calls_no_delete BEFORE DELETE ON reconfirm_calls
BEGIN
    SELECT RAISE(ABORT, 'reconfirm_calls is append-only');
END;
