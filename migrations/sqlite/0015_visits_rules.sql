-- What is signed or was consented to stays as it is.

CREATE TRIGGER conclusions_signed_no_update BEFORE UPDATE ON conclusions WHEN OLD.signed_ms IS NOT NULL
BEGIN
    SELECT RAISE(ABORT, 'a signed conclusion does not change');
END;
CREATE TRIGGER conclusions_signed_no_delete BEFORE DELETE ON conclusions WHEN OLD.signed_ms IS NOT NULL
BEGIN
    SELECT RAISE(ABORT, 'a signed conclusion does not change');
END;
CREATE TRIGGER consent_texts_no_update BEFORE UPDATE ON consent_texts
BEGIN
    SELECT RAISE(ABORT, 'consent_texts is append-only');
END;
CREATE TRIGGER consent_texts_no_delete BEFORE DELETE ON consent_texts
BEGIN
    SELECT RAISE(ABORT, 'consent_texts is append-only');
END;
