CREATE TABLE users (
    id            BYTEA     NOT NULL PRIMARY KEY,
    email         TEXT      NOT NULL UNIQUE,
    name          TEXT      NOT NULL,
    language      TEXT      NOT NULL CHECK (language IN ('en', 'fr', 'de', 'it', 'es')),
    password_hash TEXT,
    verified_at   TIMESTAMP,
    version       INTEGER   NOT NULL DEFAULT 1,
    created_at    TIMESTAMP NOT NULL,
    erased_at     TIMESTAMP
);

-- Wrong passwords by the address that was tried, known or not, so that nobody learns which is, and
-- by where they came from. The subject is a MAC of both.
CREATE TABLE password_failures (
    subject        BYTEA     NOT NULL PRIMARY KEY,
    failures       INTEGER   NOT NULL,
    last_failed_at TIMESTAMP NOT NULL,
    locked_until   TIMESTAMP NOT NULL
);
CREATE INDEX password_failures_by_age ON password_failures (last_failed_at);

-- Where a user has signed in from: the same MAC, so that strangers' failures do not count there.
CREATE TABLE known_networks (
    subject BYTEA     NOT NULL PRIMARY KEY,
    user_id BYTEA     NOT NULL REFERENCES users (id),
    seen_at TIMESTAMP NOT NULL
);
CREATE INDEX known_networks_of_user ON known_networks (user_id);

-- Accounts that were asked for: they exist once the link in the mail is followed.
CREATE TABLE sign_ups (
    hash          BYTEA     NOT NULL PRIMARY KEY,
    email         TEXT      NOT NULL,
    name          TEXT      NOT NULL,
    language      TEXT      NOT NULL CHECK (language IN ('en', 'fr', 'de', 'it', 'es')),
    password_hash TEXT      NOT NULL,
    created_at    TIMESTAMP NOT NULL,
    expires_at    TIMESTAMP NOT NULL
);
CREATE INDEX sign_ups_of_address ON sign_ups (email, created_at);
CREATE INDEX sign_ups_by_end ON sign_ups (expires_at);

CREATE TABLE password_resets (
    hash       BYTEA     NOT NULL PRIMARY KEY,
    user_id    BYTEA     NOT NULL REFERENCES users (id),
    expires_at TIMESTAMP NOT NULL
);
CREATE INDEX password_resets_of_user ON password_resets (user_id);

-- How often something happened lately, by a MAC of what and who.
CREATE TABLE throttles (
    subject BYTEA     NOT NULL PRIMARY KEY,
    since   TIMESTAMP NOT NULL,
    hits    INTEGER   NOT NULL
);
CREATE INDEX throttles_by_age ON throttles (since);

CREATE TABLE second_factors (
    user_id      BYTEA     NOT NULL PRIMARY KEY REFERENCES users (id),
    sealed       BYTEA     NOT NULL,
    last_step    BIGINT    NOT NULL,
    begun_at     TIMESTAMP NOT NULL,
    confirmed_at TIMESTAMP
);

CREATE TABLE recovery_codes (
    hash    BYTEA     NOT NULL PRIMARY KEY,
    user_id BYTEA     NOT NULL REFERENCES users (id),
    used_at TIMESTAMP
);
CREATE INDEX recovery_codes_of_user ON recovery_codes (user_id);

-- Who someone is at the external issuer: found by a proven address once, by the subject ever after.
CREATE TABLE external_identities (
    issuer   TEXT      NOT NULL,
    subject  TEXT      NOT NULL,
    user_id  BYTEA     NOT NULL REFERENCES users (id),
    bound_at TIMESTAMP NOT NULL,
    PRIMARY KEY (issuer, subject),
    UNIQUE (user_id, issuer)
);

CREATE TABLE operator_roles (
    user_id    BYTEA     NOT NULL REFERENCES users (id),
    role       TEXT      NOT NULL CHECK (role IN ('operator_admin', 'operator_billing', 'operator_support')),
    valid_from TIMESTAMP NOT NULL,
    valid_to   TIMESTAMP CHECK (valid_to > valid_from),
    PRIMARY KEY (user_id, valid_from)
);
CREATE UNIQUE INDEX one_operator_role ON operator_roles (user_id) WHERE valid_to IS NULL;

CREATE TABLE sessions (
    id           BYTEA     NOT NULL PRIMARY KEY,
    user_id      BYTEA     NOT NULL REFERENCES users (id),
    created_at   TIMESTAMP NOT NULL,
    last_used_at TIMESTAMP NOT NULL,
    expires_at   TIMESTAMP NOT NULL,
    ended_at     TIMESTAMP,
    user_agent   TEXT
);
CREATE INDEX sessions_of_user ON sessions (user_id);

CREATE TABLE refresh_tokens (
    hash       BYTEA     NOT NULL PRIMARY KEY,
    session_id BYTEA     NOT NULL REFERENCES sessions (id),
    created_at TIMESTAMP NOT NULL,
    used_at    TIMESTAMP
);
CREATE INDEX refresh_tokens_of_session ON refresh_tokens (session_id);

CREATE TABLE api_tokens (
    id           BYTEA     NOT NULL PRIMARY KEY,
    user_id      BYTEA     NOT NULL REFERENCES users (id),
    name         TEXT      NOT NULL,
    hash         BYTEA     NOT NULL UNIQUE,
    scopes       TEXT      NOT NULL,
    created_at   TIMESTAMP NOT NULL,
    expires_at   TIMESTAMP NOT NULL,
    last_used_at TIMESTAMP,
    revoked_at   TIMESTAMP
);
CREATE INDEX api_tokens_of_user ON api_tokens (user_id);

CREATE TABLE signing_keys (
    id         TEXT      NOT NULL PRIMARY KEY,
    sealed     BYTEA     NOT NULL,
    public_key BYTEA     NOT NULL,
    created_at TIMESTAMP NOT NULL,
    retired_at TIMESTAMP
);

CREATE TABLE stored_answers (
    user_id     BYTEA     NOT NULL REFERENCES users (id),
    key         TEXT      NOT NULL,
    fingerprint BYTEA     NOT NULL,
    status      INTEGER   NOT NULL,
    location    TEXT,
    etag        TEXT,
    body        TEXT      NOT NULL,
    created_at  TIMESTAMP NOT NULL,
    PRIMARY KEY (user_id, key)
);
CREATE INDEX stored_answers_by_age ON stored_answers (created_at);
