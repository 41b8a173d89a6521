-- What happened, written in the transaction in which it happened. Personal data stay out: ids only.
CREATE TABLE events (
    id          BYTEA     NOT NULL PRIMARY KEY,
    type        TEXT      NOT NULL,
    customer_id BYTEA     REFERENCES organizations (id),
    partner_id  BYTEA     REFERENCES organizations (id),
    subject     TEXT      NOT NULL,
    data        TEXT      NOT NULL,
    occurred_at TIMESTAMP NOT NULL,
    position    BIGINT    UNIQUE
);
CREATE INDEX events_without_position ON events (id) WHERE position IS NULL;

CREATE TABLE audit_log (
    id              BYTEA     NOT NULL PRIMARY KEY,
    event_id        BYTEA     REFERENCES events (id),
    actor_id        BYTEA,
    credential      TEXT,
    organization_id BYTEA     REFERENCES organizations (id),
    partnership_id  BYTEA,
    action          TEXT      NOT NULL,
    rule            TEXT,
    subject         TEXT      NOT NULL,
    detail          TEXT      NOT NULL,
    request_id      TEXT,
    address         TEXT,
    recorded_at     TIMESTAMP NOT NULL,
    position        BIGINT    UNIQUE
);
CREATE INDEX audit_of_organization ON audit_log (organization_id, id);
CREATE INDEX audit_without_position ON audit_log (id) WHERE position IS NULL;

-- Which node does what only one may do at a time.
CREATE TABLE leases (
    name       TEXT      NOT NULL PRIMARY KEY,
    owner      BYTEA     NOT NULL,
    expires_at TIMESTAMP NOT NULL
);

CREATE TABLE mails (
    id         BYTEA     NOT NULL PRIMARY KEY,
    event_id   BYTEA     NOT NULL REFERENCES events (id),
    recipient  TEXT      NOT NULL,
    language   TEXT      NOT NULL,
    template   TEXT      NOT NULL,
    arguments  TEXT      NOT NULL,
    token      BYTEA,
    created_at TIMESTAMP NOT NULL,
    -- When it is tried next; null once it was sent or given up.
    due_at     TIMESTAMP,
    attempts   INTEGER   NOT NULL,
    sent_at    TIMESTAMP,
    -- Why the last attempt failed.
    failure    TEXT
);
CREATE INDEX mails_to ON mails (recipient, created_at);
CREATE INDEX mails_due ON mails (due_at) WHERE due_at IS NOT NULL;
