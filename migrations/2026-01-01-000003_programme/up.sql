-- What an organization is in the programme: partner or affiliate. What is in force refers to it with
-- its own role, so the database itself refuses the other beside it (PRG-4).
CREATE TABLE programme_roles (
    organization_id BYTEA NOT NULL PRIMARY KEY REFERENCES organizations (id),
    role            TEXT  NOT NULL CHECK (role IN ('partner', 'affiliate')),
    UNIQUE (organization_id, role)
);

-- There is none without the three commitments (PRG-1), so no column holds them.
CREATE TABLE enrolments (
    id                   BYTEA     NOT NULL PRIMARY KEY,
    organization_id      BYTEA     NOT NULL REFERENCES organizations (id),
    register_kind        TEXT      NOT NULL CHECK (register_kind IN ('ch_uid', 'fr_siret', 'other')),
    register_number      TEXT      NOT NULL,
    register_country     TEXT      NOT NULL CHECK (length(register_country) = 2),
    website              TEXT      NOT NULL,
    website_confirmed_at TIMESTAMP,
    terms_version        TEXT      NOT NULL,
    version              INTEGER   NOT NULL,
    created_at           TIMESTAMP NOT NULL
);
CREATE INDEX enrolments_of_organization ON enrolments (organization_id, id);

CREATE TABLE enrolment_states (
    enrolment_id    BYTEA     NOT NULL REFERENCES enrolments (id),
    organization_id BYTEA     NOT NULL REFERENCES organizations (id),
    state           TEXT      NOT NULL CHECK (state IN ('submitted', 'inquiring', 'approved', 'rejected', 'suspended', 'ended')),
    live_role       TEXT      CHECK (live_role = 'partner'),
    reason          TEXT,
    valid_from      TIMESTAMP NOT NULL,
    valid_to        TIMESTAMP CHECK (valid_to > valid_from),
    PRIMARY KEY (enrolment_id, valid_from),
    CHECK ((live_role IS NOT NULL) = (valid_to IS NULL AND state IN ('submitted', 'inquiring', 'approved', 'suspended'))),
    FOREIGN KEY (organization_id, live_role) REFERENCES programme_roles (organization_id, role)
);
CREATE UNIQUE INDEX one_open_state ON enrolment_states (enrolment_id) WHERE valid_to IS NULL;
CREATE UNIQUE INDEX one_enrolment_in_force ON enrolment_states (organization_id) WHERE live_role IS NOT NULL;
CREATE INDEX enrolment_states_of_organization ON enrolment_states (organization_id, state);

CREATE TABLE affiliations (
    id              BYTEA     NOT NULL PRIMARY KEY,
    organization_id BYTEA     NOT NULL REFERENCES organizations (id),
    live_role       TEXT      CHECK (live_role = 'affiliate'),
    valid_from      TIMESTAMP NOT NULL,
    valid_to        TIMESTAMP CHECK (valid_to > valid_from),
    CHECK ((live_role IS NOT NULL) = (valid_to IS NULL)),
    FOREIGN KEY (organization_id, live_role) REFERENCES programme_roles (organization_id, role)
);
CREATE UNIQUE INDEX one_affiliation_in_force ON affiliations (organization_id) WHERE valid_to IS NULL;
CREATE INDEX affiliations_of_organization ON affiliations (organization_id, id);

-- What a partner says of itself in the directory (DIR-1).
CREATE TABLE partner_profiles (
    organization_id BYTEA     NOT NULL PRIMARY KEY REFERENCES organizations (id),
    listed          BOOLEAN   NOT NULL,
    description     TEXT      NOT NULL,
    website         TEXT,
    version         INTEGER   NOT NULL,
    changed_at      TIMESTAMP NOT NULL
);

CREATE TABLE partner_profile_items (
    organization_id BYTEA   NOT NULL REFERENCES partner_profiles (organization_id),
    kind            TEXT    NOT NULL CHECK (kind IN ('language', 'region', 'speciality', 'family')),
    position        INTEGER NOT NULL,
    item            TEXT    NOT NULL,
    part_of         TEXT,
    PRIMARY KEY (organization_id, kind, item)
);
CREATE INDEX profiles_with_item ON partner_profile_items (kind, item);
CREATE INDEX profiles_in_country ON partner_profile_items (part_of);

-- Folded words, as bytes: both engines compare these alike, whatever their collation.
CREATE TABLE directory_words (
    word            BYTEA NOT NULL,
    organization_id BYTEA NOT NULL REFERENCES partner_profiles (organization_id),
    PRIMARY KEY (word, organization_id)
);
CREATE INDEX words_of_profile ON directory_words (organization_id);
