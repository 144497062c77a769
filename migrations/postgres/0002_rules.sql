-- Rules that PostgreSQL holds by an exclusion constraint and triggers.

-- A trusted extension: the database's owner may create it (PostgreSQL 13 and later).
CREATE EXTENSION IF NOT EXISTS btree_gist;

ALTER TABLE busy ADD CONSTRAINT busy_no_overlap
    EXCLUDE USING gist (kind WITH =, resource_id WITH =, int8range(start_ms, end_ms) WITH &&);

-- Two transactions that insert overlapping rows at once would each find the other's and wait for it: a deadlock. Writers of
-- one resource take turns instead; they come specialist first, then patient, then cart, so turns cannot form a ring.
CREATE FUNCTION busy_take_turns() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_advisory_xact_lock(hashtextextended(NEW.kind || ':' || NEW.resource_id, 0));
    RETURN NEW;
END
$$;
CREATE TRIGGER busy_take_turns BEFORE INSERT ON busy FOR EACH ROW EXECUTE FUNCTION busy_take_turns();

CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% may not be changed this way', TG_TABLE_NAME;
END
$$;
CREATE TRIGGER busy_is_replaced_not_changed BEFORE UPDATE ON busy FOR EACH ROW EXECUTE FUNCTION refuse_change();

-- Append-only tables.

CREATE TRIGGER audit_append_only BEFORE UPDATE OR DELETE ON audit
    FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER appointment_events_append_only BEFORE UPDATE OR DELETE ON appointment_events
    FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER booking_attempts_append_only BEFORE UPDATE OR DELETE ON booking_attempts
    FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER consents_append_only BEFORE UPDATE OR DELETE ON consents
    FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER reconfirm_calls_append_only BEFORE UPDATE OR DELETE ON reconfirm_calls
    FOR EACH ROW EXECUTE FUNCTION refuse_change();
