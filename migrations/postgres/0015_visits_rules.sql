-- What is signed or was consented to stays as it is.

CREATE TRIGGER conclusions_signed_stay BEFORE UPDATE OR DELETE ON conclusions
    FOR EACH ROW WHEN (OLD.signed_ms IS NOT NULL) EXECUTE FUNCTION refuse_change();
CREATE TRIGGER consent_texts_append_only BEFORE UPDATE OR DELETE ON consent_texts
    FOR EACH ROW EXECUTE FUNCTION refuse_change();
