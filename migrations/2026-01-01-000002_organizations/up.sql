CREATE TABLE organizations (
    id         BYTEA     NOT NULL PRIMARY KEY,
    name       TEXT      NOT NULL,
    kind       TEXT      NOT NULL CHECK (kind IN ('company', 'person')),
    email      TEXT      NOT NULL,
    country    TEXT      NOT NULL CHECK (length(country) = 2),
    vat_number TEXT,
    version    INTEGER   NOT NULL DEFAULT 1,
    created_at TIMESTAMP NOT NULL
);

CREATE TABLE memberships (
    id              BYTEA     NOT NULL,
    organization_id BYTEA     NOT NULL REFERENCES organizations (id),
    user_id         BYTEA     NOT NULL REFERENCES users (id),
    role            TEXT      NOT NULL CHECK (role IN ('legal_representative', 'administrator', 'collaborator', 'external')),
    may_order       BOOLEAN   NOT NULL,
    added_by        BYTEA,
    version         INTEGER   NOT NULL,
    valid_from      TIMESTAMP NOT NULL,
    valid_to        TIMESTAMP CHECK (valid_to > valid_from),
    PRIMARY KEY (id, valid_from)
);
CREATE UNIQUE INDEX one_open_membership ON memberships (organization_id, user_id) WHERE valid_to IS NULL;
CREATE UNIQUE INDEX one_open_membership_version ON memberships (id) WHERE valid_to IS NULL;
CREATE INDEX memberships_of_user ON memberships (user_id, organization_id);

-- Memberships that were offered to an address, and taken or not; the id is the member's from the start.
CREATE TABLE member_invitations (
    id              BYTEA     NOT NULL PRIMARY KEY,
    organization_id BYTEA     NOT NULL REFERENCES organizations (id),
    email           TEXT      NOT NULL,
    role            TEXT      NOT NULL CHECK (role IN ('legal_representative', 'administrator', 'collaborator', 'external')),
    may_order       BOOLEAN   NOT NULL,
    added_by        BYTEA,
    status          TEXT      NOT NULL CHECK (status IN ('pending', 'accepted', 'declined', 'cancelled', 'expired')),
    token_hash      BYTEA     NOT NULL UNIQUE,
    created_by      BYTEA     NOT NULL REFERENCES users (id),
    version         INTEGER   NOT NULL DEFAULT 1,
    created_at      TIMESTAMP NOT NULL,
    expires_at      TIMESTAMP NOT NULL
);
CREATE UNIQUE INDEX one_pending_member_invitation ON member_invitations (organization_id, email) WHERE status = 'pending';
CREATE INDEX member_invitations_through ON member_invitations (added_by) WHERE status = 'pending';

CREATE TABLE products (
    id              BYTEA     NOT NULL PRIMARY KEY,
    organization_id BYTEA     NOT NULL REFERENCES organizations (id),
    parent_id       BYTEA     REFERENCES products (id),
    family          TEXT      NOT NULL,
    name            TEXT      NOT NULL,
    quantity        BIGINT    NOT NULL CHECK (quantity > 0),
    period          TEXT      NOT NULL CHECK (period IN ('monthly', 'yearly')),
    currency        TEXT      NOT NULL CHECK (currency IN ('CHF', 'EUR')),
    state           TEXT      NOT NULL CHECK (state IN ('active', 'expired', 'cancelled')),
    automatic       BOOLEAN   NOT NULL,
    payment_method_id BYTEA,
    renews_on       DATE      NOT NULL,
    failed_renewals INTEGER   NOT NULL DEFAULT 0,
    retry_at        TIMESTAMP,
    version         INTEGER   NOT NULL DEFAULT 1,
    installed_at    TIMESTAMP NOT NULL,
    UNIQUE (id, organization_id)
);
CREATE INDEX products_of_organization ON products (organization_id, id);
CREATE INDEX products_renewing ON products (state, automatic, renews_on);
CREATE INDEX products_failing ON products (state, renews_on) WHERE retry_at IS NOT NULL;

CREATE TABLE teams (
    id              BYTEA     NOT NULL PRIMARY KEY,
    organization_id BYTEA     NOT NULL REFERENCES organizations (id),
    name            TEXT      NOT NULL,
    version         INTEGER   NOT NULL DEFAULT 1,
    created_at      TIMESTAMP NOT NULL,
    deleted_at      TIMESTAMP
);
CREATE UNIQUE INDEX one_team_of_a_name ON teams (organization_id, name) WHERE deleted_at IS NULL;

CREATE TABLE team_members (
    team_id    BYTEA     NOT NULL REFERENCES teams (id),
    member_id  BYTEA     NOT NULL,
    valid_from TIMESTAMP NOT NULL,
    valid_to   TIMESTAMP CHECK (valid_to > valid_from),
    PRIMARY KEY (team_id, member_id, valid_from)
);
CREATE UNIQUE INDEX one_place_in_a_team ON team_members (team_id, member_id) WHERE valid_to IS NULL;
CREATE INDEX teams_of_member ON team_members (member_id, valid_from);

-- Which products a membership, a team, or the assignment of a partner's collaborator reaches.
CREATE TABLE reached_products (
    holder_id  BYTEA     NOT NULL,
    product_id BYTEA     NOT NULL REFERENCES products (id),
    valid_from TIMESTAMP NOT NULL,
    valid_to   TIMESTAMP CHECK (valid_to > valid_from),
    PRIMARY KEY (holder_id, product_id, valid_from)
);
CREATE UNIQUE INDEX reached_once ON reached_products (holder_id, product_id) WHERE valid_to IS NULL;

-- Whose act the next automatic renewal is, and so whose units a product's are.
CREATE TABLE renewal_ownerships (
    product_id BYTEA     NOT NULL REFERENCES products (id),
    owner_id   BYTEA     NOT NULL REFERENCES organizations (id),
    family     TEXT      NOT NULL,
    quantity   BIGINT    NOT NULL CHECK (quantity > 0),
    valid_from TIMESTAMP NOT NULL,
    valid_to   TIMESTAMP CHECK (valid_to > valid_from),
    -- When what made it theirs was paid or done: earlier than valid_from where that was reported late.
    claimed_at TIMESTAMP NOT NULL,
    PRIMARY KEY (product_id, valid_from)
);
CREATE UNIQUE INDEX one_renewal_owner ON renewal_ownerships (product_id) WHERE valid_to IS NULL;
CREATE INDEX units_gained_by_owner ON renewal_ownerships (owner_id, family, valid_from);
CREATE INDEX units_lost_by_owner ON renewal_ownerships (owner_id, family, valid_to);

-- The units of the open rows above, by owner and family: what picks the volume tier (PRC-4).
CREATE TABLE unit_counters (
    owner_id BYTEA  NOT NULL REFERENCES organizations (id),
    family   TEXT   NOT NULL,
    units    BIGINT NOT NULL CHECK (units >= 0),
    PRIMARY KEY (owner_id, family)
);

CREATE TABLE payment_methods (
    id              BYTEA     NOT NULL PRIMARY KEY,
    organization_id BYTEA     NOT NULL REFERENCES organizations (id),
    kind            TEXT      NOT NULL CHECK (kind IN ('card', 'bank_account', 'prepaid')),
    label           TEXT      NOT NULL,
    provider_token  BYTEA,
    currency        TEXT      CHECK (currency IN ('CHF', 'EUR')),
    created_at      TIMESTAMP NOT NULL,
    removed_at      TIMESTAMP,
    CHECK ((kind = 'prepaid') = (currency IS NOT NULL)),
    CHECK ((kind = 'prepaid') = (provider_token IS NULL))
);
CREATE INDEX payment_methods_of_organization ON payment_methods (organization_id, id);
