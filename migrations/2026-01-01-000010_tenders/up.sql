-- A tender whose time has run out is `expired` by its `expires_at` alone: no row says so.
CREATE TABLE tenders (
    id              BYTEA     NOT NULL PRIMARY KEY,
    status          TEXT      NOT NULL CHECK (status IN ('pending_confirmation', 'open', 'awarded', 'closed', 'cancelled')),
    organization_id BYTEA     REFERENCES organizations (id),
    author_id       BYTEA     REFERENCES users (id),
    subject         TEXT      NOT NULL,
    description     TEXT      NOT NULL,
    region          TEXT      NOT NULL,
    budget_minor    BIGINT    CHECK (budget_minor >= 0),
    budget_currency TEXT      CHECK (budget_currency IN ('CHF', 'EUR')),
    deadline        TIMESTAMP,
    contact_name    TEXT      NOT NULL,
    contact_email   TEXT      NOT NULL,
    contact_phone   TEXT      NOT NULL,
    language        TEXT      NOT NULL CHECK (language IN ('en', 'fr', 'de', 'it', 'es')),
    opening_cap     INTEGER   CHECK (opening_cap > 0),
    outcome         TEXT      CHECK (outcome IN ('no_suitable_proposal', 'solved_otherwise', 'no_longer_needed', 'other')),
    selected_id     BYTEA,
    opened_at       TIMESTAMP,
    concluded_at    TIMESTAMP,
    expires_at      TIMESTAMP NOT NULL,
    version         INTEGER   NOT NULL DEFAULT 1,
    created_at      TIMESTAMP NOT NULL,
    CHECK ((budget_minor IS NULL) = (budget_currency IS NULL)),
    CHECK (status <> 'awarded' OR selected_id IS NOT NULL),
    CHECK (status <> 'closed' OR outcome IS NOT NULL),
    CHECK (status = 'pending_confirmation' OR status = 'cancelled' OR opened_at IS NOT NULL)
);
CREATE INDEX tenders_of_organization ON tenders (organization_id, id);
CREATE INDEX tenders_of_author ON tenders (author_id, id);
CREATE INDEX open_tenders ON tenders (expires_at) WHERE status = 'open';

CREATE TABLE tender_families (
    tender_id BYTEA NOT NULL REFERENCES tenders (id),
    family    TEXT  NOT NULL REFERENCES families (code),
    PRIMARY KEY (tender_id, family)
);

CREATE TABLE tender_languages (
    tender_id BYTEA NOT NULL REFERENCES tenders (id),
    language  TEXT  NOT NULL CHECK (language IN ('en', 'fr', 'de', 'it', 'es')),
    PRIMARY KEY (tender_id, language)
);

-- One for each mail to the author: only its hash is kept, so no mail can repeat another's.
CREATE TABLE tender_links (
    hash       BYTEA     NOT NULL PRIMARY KEY,
    tender_id  BYTEA     NOT NULL REFERENCES tenders (id),
    created_at TIMESTAMP NOT NULL
);

CREATE TABLE tender_preferences (
    organization_id BYTEA   NOT NULL PRIMARY KEY REFERENCES organizations (id),
    wanted          BOOLEAN NOT NULL,
    version         INTEGER NOT NULL
);

CREATE TABLE tender_preference_items (
    organization_id BYTEA NOT NULL REFERENCES tender_preferences (organization_id),
    kind            TEXT  NOT NULL CHECK (kind IN ('family', 'region', 'language')),
    value           TEXT  NOT NULL,
    PRIMARY KEY (organization_id, kind, value)
);

-- Which partners' preferences an open tender meets: written when it opens and when they change.
CREATE TABLE tender_matches (
    tender_id  BYTEA NOT NULL REFERENCES tenders (id),
    partner_id BYTEA NOT NULL REFERENCES organizations (id),
    PRIMARY KEY (partner_id, tender_id)
);

CREATE TABLE tender_viewings (
    id         BYTEA     NOT NULL PRIMARY KEY,
    tender_id  BYTEA     NOT NULL REFERENCES tenders (id),
    partner_id BYTEA     NOT NULL REFERENCES organizations (id),
    user_id    BYTEA     NOT NULL REFERENCES users (id),
    viewed_at  TIMESTAMP NOT NULL
);
CREATE INDEX viewings_of_tender ON tender_viewings (tender_id, partner_id);
CREATE INDEX viewings_of_partner ON tender_viewings (partner_id, tender_id);

CREATE TABLE proposals (
    id             BYTEA     NOT NULL PRIMARY KEY,
    tender_id      BYTEA     NOT NULL REFERENCES tenders (id),
    partner_id     BYTEA     NOT NULL REFERENCES organizations (id),
    status         TEXT      NOT NULL CHECK (status IN ('submitted', 'withdrawn', 'selected', 'not_selected')),
    text           TEXT      NOT NULL,
    price_minor    BIGINT    CHECK (price_minor >= 0),
    price_currency TEXT      CHECK (price_currency IN ('CHF', 'EUR')),
    valid_until    DATE      NOT NULL,
    version        INTEGER   NOT NULL DEFAULT 1,
    created_at     TIMESTAMP NOT NULL,
    revised_at     TIMESTAMP,
    UNIQUE (tender_id, partner_id),
    CHECK ((price_minor IS NULL) = (price_currency IS NULL))
);
CREATE UNIQUE INDEX one_selected_proposal ON proposals (tender_id) WHERE status = 'selected';
CREATE INDEX proposals_of_partner ON proposals (partner_id, id);

CREATE TABLE tender_questions (
    id          BYTEA     NOT NULL PRIMARY KEY,
    tender_id   BYTEA     NOT NULL REFERENCES tenders (id),
    partner_id  BYTEA     NOT NULL REFERENCES organizations (id),
    text        TEXT      NOT NULL,
    answer      TEXT,
    asked_at    TIMESTAMP NOT NULL,
    answered_at TIMESTAMP,
    CHECK ((answer IS NULL) = (answered_at IS NULL))
);
CREATE INDEX questions_of_tender ON tender_questions (tender_id, id);
