-- Further ways to prove who one is: a sign-in provider, an integrator's key, a code that pairs a cart; and what was tried in vain.

-- One person at one provider. A user has at most one identity of each provider, so that a login given to somebody new there opens nothing.
CREATE TABLE oidc_identities (
    issuer TEXT NOT NULL,
    subject TEXT NOT NULL,
    user_id TEXT NOT NULL REFERENCES users (id),
    created_ms BIGINT NOT NULL,
    PRIMARY KEY (issuer, subject),
    UNIQUE (issuer, user_id)
);
CREATE INDEX oidc_identities_by_user ON oidc_identities (user_id);

-- The key itself is nowhere: only its SHA-256 as hexadecimal digits.
CREATE TABLE api_keys (
    id TEXT NOT NULL PRIMARY KEY,
    hash TEXT NOT NULL UNIQUE,
    name TEXT NOT NULL,
    site_id TEXT NOT NULL REFERENCES sites (id),
    -- Of referrals: what this key reads and writes is what has the same one.
    source TEXT NOT NULL,
    -- Words of rights with commas.
    scopes TEXT NOT NULL,
    expires_ms BIGINT NOT NULL,
    -- To the nearest few minutes.
    used_ms BIGINT,
    revoked_ms BIGINT,
    created_by TEXT,
    created_ms BIGINT NOT NULL
);
-- What a key lists: the referrals of its source, urgent first, then oldest.
CREATE INDEX referrals_of_source ON referrals (source, status, priority DESC, created_ms, id);

-- A code that waits to be typed on its cart; a new one replaces it. Its digest hides it from whoever reads the table later, not from a
-- search through all codes, which is why it lives for minutes.
CREATE TABLE cart_pairings (
    cart_id TEXT NOT NULL PRIMARY KEY REFERENCES carts (id),
    hash TEXT NOT NULL UNIQUE,
    expires_ms BIGINT NOT NULL,
    created_by TEXT,
    created_ms BIGINT NOT NULL
);

-- Passwords tried in a row without success, by the digest of the login that was typed: it may be a password in the wrong field. A login that
-- nobody has counts like any other, so that its lock tells nothing.
CREATE TABLE sign_in_attempts (
    login_hash TEXT NOT NULL PRIMARY KEY,
    user_id TEXT REFERENCES users (id),
    attempts BIGINT NOT NULL,
    last_ms BIGINT NOT NULL
);
CREATE INDEX sign_in_attempts_by_user ON sign_in_attempts (user_id);
CREATE INDEX sign_in_attempts_by_age ON sign_in_attempts (last_ms);
