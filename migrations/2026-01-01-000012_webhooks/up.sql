-- Where an organization wants its events sent. Secrets are sealed.
CREATE TABLE webhook_endpoints (
    id               BYTEA     NOT NULL PRIMARY KEY,
    organization_id  BYTEA     NOT NULL REFERENCES organizations (id),
    url              TEXT      NOT NULL,
    description      TEXT      NOT NULL,
    -- Separated by blanks; none means all.
    event_types      TEXT      NOT NULL,
    secret           BYTEA     NOT NULL,
    old_secret       BYTEA,
    old_secret_until TIMESTAMP,
    disabled         TEXT      CHECK (disabled IN ('owner', 'gone', 'failing')),
    failures         INTEGER   NOT NULL DEFAULT 0,
    failing_since    TIMESTAMP,
    rests_until      TIMESTAMP NOT NULL,
    leased_by        BYTEA,
    leased_until     TIMESTAMP NOT NULL,
    version          INTEGER   NOT NULL DEFAULT 1,
    created_at       TIMESTAMP NOT NULL,
    removed_at       TIMESTAMP,
    CHECK ((old_secret IS NULL) = (old_secret_until IS NULL))
);
CREATE INDEX webhook_endpoints_of_organization ON webhook_endpoints (organization_id) WHERE removed_at IS NULL;

CREATE TABLE webhook_deliveries (
    id          BYTEA     NOT NULL PRIMARY KEY,
    endpoint_id BYTEA     NOT NULL REFERENCES webhook_endpoints (id),
    event_id    BYTEA     NOT NULL REFERENCES events (id),
    subject     TEXT      NOT NULL,
    -- The event's; 0 for a test, which waits for nothing.
    position    BIGINT    NOT NULL,
    state       TEXT      NOT NULL CHECK (state IN ('waiting', 'delivered', 'failed')),
    failed      INTEGER   NOT NULL DEFAULT 0,
    due_at      TIMESTAMP NOT NULL,
    created_at  TIMESTAMP NOT NULL,
    finished_at TIMESTAMP,
    UNIQUE (endpoint_id, event_id),
    CHECK ((state = 'waiting') = (finished_at IS NULL))
);
CREATE INDEX webhook_deliveries_of_endpoint ON webhook_deliveries (endpoint_id, id);
CREATE INDEX webhook_deliveries_in_order ON webhook_deliveries (endpoint_id, position) WHERE finished_at IS NULL;
CREATE INDEX webhook_deliveries_due ON webhook_deliveries (endpoint_id, due_at) WHERE finished_at IS NULL;
CREATE INDEX webhook_deliveries_finished ON webhook_deliveries (finished_at) WHERE finished_at IS NOT NULL;

CREATE TABLE webhook_attempts (
    id           BYTEA     NOT NULL PRIMARY KEY,
    delivery_id  BYTEA     NOT NULL REFERENCES webhook_deliveries (id),
    attempted_at TIMESTAMP NOT NULL,
    millis       BIGINT    NOT NULL,
    status       INTEGER,
    -- The beginning of what was answered, or why nothing was.
    answer       TEXT      NOT NULL
);
CREATE INDEX webhook_attempts_of_delivery ON webhook_attempts (delivery_id, id);
