-- By which a user is known to the support staff: found by a MAC, shown from a sealed copy, so that
-- the database alone reveals no code that works. A code on a customer's behalf names the partner too.
CREATE TABLE support_codes (
    id          BYTEA     NOT NULL PRIMARY KEY,
    user_id     BYTEA     NOT NULL REFERENCES users (id),
    customer_id BYTEA     REFERENCES organizations (id),
    partner_id  BYTEA     REFERENCES organizations (id),
    lookup      BYTEA     NOT NULL UNIQUE,
    sealed      BYTEA     NOT NULL,
    valid_from  TIMESTAMP NOT NULL,
    valid_to    TIMESTAMP CHECK (valid_to > valid_from),
    CHECK ((customer_id IS NULL) = (partner_id IS NULL))
);
CREATE UNIQUE INDEX one_support_code ON support_codes (user_id) WHERE valid_to IS NULL AND customer_id IS NULL;
CREATE UNIQUE INDEX one_support_code_on_behalf ON support_codes (user_id, customer_id) WHERE valid_to IS NULL AND customer_id IS NOT NULL;

-- An organization without a row has the standard plan. Premium Support has a VIP code.
CREATE TABLE support_contracts (
    organization_id BYTEA     NOT NULL REFERENCES organizations (id),
    plan            TEXT      NOT NULL CHECK (plan IN ('standard', 'premium')),
    lookup          BYTEA     UNIQUE,
    sealed          BYTEA,
    manager_name    TEXT,
    manager_email   TEXT,
    manager_phone   TEXT,
    version         INTEGER   NOT NULL,
    valid_from      TIMESTAMP NOT NULL,
    valid_to        TIMESTAMP CHECK (valid_to > valid_from),
    PRIMARY KEY (organization_id, valid_from),
    CHECK (valid_to IS NOT NULL OR (plan = 'premium') = (lookup IS NOT NULL)),
    CHECK ((lookup IS NULL) = (sealed IS NULL)),
    CHECK ((manager_name IS NULL) = (manager_email IS NULL))
);
CREATE UNIQUE INDEX one_support_contract ON support_contracts (organization_id) WHERE valid_to IS NULL;

-- Every code that the support staff submitted, right or wrong; never the code itself.
CREATE TABLE support_identifications (
    id           BYTEA     NOT NULL PRIMARY KEY,
    staff_id     BYTEA     NOT NULL REFERENCES users (id),
    outcome      TEXT      NOT NULL CHECK (outcome IN ('identified', 'unknown', 'throttled')),
    user_id      BYTEA     REFERENCES users (id),
    submitted_at TIMESTAMP NOT NULL
);
CREATE INDEX identifications_of_user ON support_identifications (user_id, id);

-- A grant ends by itself: `valid_to` lies ahead from the start, and is drawn back when it is revoked.
CREATE TABLE support_grants (
    id              BYTEA     NOT NULL PRIMARY KEY,
    organization_id BYTEA     NOT NULL REFERENCES organizations (id),
    whole           BOOLEAN   NOT NULL,
    granted_by      BYTEA     NOT NULL REFERENCES users (id),
    reason          TEXT,
    valid_from      TIMESTAMP NOT NULL,
    valid_to        TIMESTAMP NOT NULL CHECK (valid_to > valid_from),
    revoked_at      TIMESTAMP
);
CREATE INDEX support_grants_of_organization ON support_grants (organization_id, valid_to);

CREATE TABLE support_grant_products (
    grant_id   BYTEA NOT NULL REFERENCES support_grants (id),
    product_id BYTEA NOT NULL REFERENCES products (id),
    PRIMARY KEY (grant_id, product_id)
);

CREATE TABLE support_uses (
    id         BYTEA     NOT NULL PRIMARY KEY,
    grant_id   BYTEA     NOT NULL REFERENCES support_grants (id),
    staff_id   BYTEA     NOT NULL REFERENCES users (id),
    operation  TEXT      NOT NULL,
    path       TEXT      NOT NULL,
    used_at    TIMESTAMP NOT NULL
);
CREATE INDEX uses_of_grant ON support_uses (grant_id, id);
