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
CREATE INDEX events_of_customer ON events (customer_id, position);
CREATE INDEX events_of_partner ON events (partner_id, position);

-- Rows are linked once they are committed: position and link follow. The link covers everything but
-- the address, for which its salted digest stands; address and salt go with the person (ERA-1).
CREATE TABLE audit_log (
    id              BYTEA     NOT NULL PRIMARY KEY,
    event_id        BYTEA     REFERENCES events (id),
    actor_id        BYTEA,
    credential      TEXT,
    organization_id BYTEA     REFERENCES organizations (id),
    partner_id      BYTEA     REFERENCES organizations (id),
    partnership_id  BYTEA,
    action          TEXT      NOT NULL,
    rule            TEXT,
    subject         TEXT      NOT NULL,
    detail          TEXT      NOT NULL,
    before          TEXT,
    after           TEXT,
    request_id      TEXT,
    address_digest  BYTEA,
    recorded_at     TIMESTAMP NOT NULL,
    address         TEXT,
    salt            BYTEA,
    position        BIGINT    UNIQUE,
    link            BYTEA,
    CHECK ((position IS NULL) = (link IS NULL))
);
CREATE INDEX audit_of_organization ON audit_log (organization_id, id);
CREATE INDEX audit_of_partner ON audit_log (partner_id, id);
CREATE INDEX audit_without_position ON audit_log (id) WHERE position IS NULL;

-- Where the chain ended at the end of each day, and where it ends now: signed, so that a chain that was
-- cut off shows it.
CREATE TABLE audit_heads (
    day       DATE      NOT NULL PRIMARY KEY,
    position  BIGINT    NOT NULL UNIQUE,
    link      BYTEA     NOT NULL,
    signature BYTEA     NOT NULL,
    signed_at TIMESTAMP NOT NULL
);

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
    -- Whose address it is, if someone's.
    user_id    BYTEA     REFERENCES users (id),
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
-- What is told in the application, by mail or not.
CREATE TABLE notifications (
    id         BYTEA     NOT NULL PRIMARY KEY,
    user_id    BYTEA     NOT NULL REFERENCES users (id),
    event_id   BYTEA     NOT NULL REFERENCES events (id),
    template   TEXT      NOT NULL,
    arguments  TEXT      NOT NULL,
    created_at TIMESTAMP NOT NULL,
    read_at    TIMESTAMP
);
CREATE INDEX notifications_of_user ON notifications (user_id, id);

CREATE TABLE notification_preferences (
    user_id  BYTEA   NOT NULL REFERENCES users (id),
    category TEXT    NOT NULL,
    by_mail  BOOLEAN NOT NULL,
    PRIMARY KEY (user_id, category)
);
CREATE INDEX mails_to ON mails (recipient, created_at);
CREATE INDEX mails_due ON mails (due_at) WHERE due_at IS NOT NULL;
