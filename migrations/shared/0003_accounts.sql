-- How people and paired carts prove who they are. Who they are stands in users and carts.

CREATE TABLE credentials (
    user_id TEXT NOT NULL PRIMARY KEY REFERENCES users (id),
    -- In lower case.
    login TEXT NOT NULL UNIQUE,
    -- Argon2id in the PHC string format.
    password_hash TEXT NOT NULL,
    must_change BIGINT NOT NULL CHECK (must_change IN (0, 1)),
    changed_ms BIGINT NOT NULL
);

-- The secret itself is nowhere: only its SHA-256 as hexadecimal digits.
CREATE TABLE sessions (
    hash TEXT NOT NULL PRIMARY KEY,
    user_id TEXT REFERENCES users (id),
    cart_id TEXT REFERENCES carts (id),
    -- What the secret was handed out for.
    proof TEXT NOT NULL CHECK (proof IN ('password', 'oidc', 'pairing')),
    created_ms BIGINT NOT NULL,
    -- To the nearest few minutes.
    used_ms BIGINT NOT NULL,
    expires_ms BIGINT NOT NULL,
    CHECK ((user_id IS NULL) <> (cart_id IS NULL)),
    CHECK ((cart_id IS NULL) = (proof <> 'pairing'))
);
CREATE INDEX sessions_by_user ON sessions (user_id);
CREATE INDEX sessions_by_cart ON sessions (cart_id);
CREATE INDEX sessions_by_age ON sessions (expires_ms);
