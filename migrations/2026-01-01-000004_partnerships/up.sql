CREATE TABLE partnerships (
    id            BYTEA     NOT NULL PRIMARY KEY,
    customer_id   BYTEA     NOT NULL REFERENCES organizations (id),
    partner_id    BYTEA     NOT NULL REFERENCES organizations (id),
    invitation_id BYTEA     NOT NULL,
    tender_id     BYTEA,
    agreed_at     TIMESTAMP NOT NULL,
    started_at    TIMESTAMP NOT NULL CHECK (started_at >= agreed_at),
    -- Agreed and not begun: until its start is applied it has no terms (PSH-12).
    scheduled     BOOLEAN   NOT NULL,
    ended_at      TIMESTAMP CHECK (ended_at >= started_at OR scheduled),
    ended_by      BYTEA     REFERENCES organizations (id),
    end_reason    TEXT,
    version       INTEGER   NOT NULL,
    -- Of what the partner alone sees: which of its collaborators reach this customer.
    assignments_version INTEGER NOT NULL DEFAULT 1,
    UNIQUE (id, customer_id),
    CHECK (customer_id <> partner_id)
);
CREATE INDEX starts_to_come ON partnerships (started_at) WHERE scheduled AND ended_at IS NULL;
CREATE UNIQUE INDEX one_open_partnership ON partnerships (customer_id, partner_id) WHERE ended_at IS NULL;
CREATE INDEX partnerships_of_customer ON partnerships (customer_id, id);
CREATE INDEX partnerships_of_partner ON partnerships (partner_id, id);

-- The level that a customer's open partnerships all share: what lets the database itself refuse
-- full access beside any other partnership (PSH-1, PSH-3, PSH-4).
CREATE TABLE customer_access (
    customer_id BYTEA NOT NULL PRIMARY KEY REFERENCES organizations (id),
    level       TEXT  NOT NULL CHECK (level IN ('limited', 'full')),
    UNIQUE (customer_id, level)
);

CREATE TABLE partnership_terms (
    partnership_id BYTEA     NOT NULL,
    customer_id    BYTEA     NOT NULL,
    partner_id     BYTEA     NOT NULL,
    level          TEXT      NOT NULL CHECK (level IN ('limited', 'full')),
    payment_mode   TEXT      CHECK (payment_mode IN ('customer', 'partner')),
    live_level     TEXT,
    valid_from     TIMESTAMP NOT NULL,
    valid_to       TIMESTAMP CHECK (valid_to > valid_from),
    PRIMARY KEY (partnership_id, valid_from),
    CHECK ((level = 'full') = (payment_mode IS NOT NULL)),
    CHECK ((valid_to IS NULL) = (live_level IS NOT NULL)),
    CHECK (live_level IS NULL OR live_level = level),
    FOREIGN KEY (partnership_id, customer_id) REFERENCES partnerships (id, customer_id),
    FOREIGN KEY (customer_id, live_level) REFERENCES customer_access (customer_id, level)
);
CREATE UNIQUE INDEX one_live_version ON partnership_terms (partnership_id) WHERE valid_to IS NULL;
CREATE UNIQUE INDEX one_full_partner ON partnership_terms (customer_id) WHERE live_level = 'full';
CREATE INDEX terms_of_customer ON partnership_terms (customer_id, valid_from);
CREATE INDEX terms_of_partner ON partnership_terms (partner_id, customer_id);

CREATE TABLE selections (
    partnership_id BYTEA     NOT NULL,
    product_id     BYTEA     NOT NULL,
    customer_id    BYTEA     NOT NULL,
    valid_from     TIMESTAMP NOT NULL,
    valid_to       TIMESTAMP CHECK (valid_to > valid_from),
    PRIMARY KEY (partnership_id, product_id, valid_from),
    FOREIGN KEY (partnership_id, customer_id) REFERENCES partnerships (id, customer_id),
    FOREIGN KEY (product_id, customer_id) REFERENCES products (id, organization_id)
);
CREATE UNIQUE INDEX one_managing_partner ON selections (product_id) WHERE valid_to IS NULL;
CREATE INDEX selections_of_product ON selections (product_id, valid_from);

-- A partner proposes, the customer answers; one waits at most. It falls with the terms it was about.
CREATE TABLE payment_mode_proposals (
    id             BYTEA     NOT NULL PRIMARY KEY,
    partnership_id BYTEA     NOT NULL REFERENCES partnerships (id),
    payment_mode   TEXT      NOT NULL CHECK (payment_mode IN ('customer', 'partner')),
    status         TEXT      NOT NULL CHECK (status IN ('pending', 'accepted', 'declined', 'superseded')),
    message        TEXT,
    proposed_by    BYTEA     NOT NULL REFERENCES users (id),
    created_at     TIMESTAMP NOT NULL,
    answered_at    TIMESTAMP,
    CHECK ((status = 'pending') = (answered_at IS NULL))
);
CREATE UNIQUE INDEX one_pending_proposal ON payment_mode_proposals (partnership_id) WHERE status = 'pending';
CREATE INDEX proposals_of_partnership ON payment_mode_proposals (partnership_id, id);

-- On which days a partner used which products: what right-sizing rests on (PSH-11).
CREATE TABLE product_uses (
    partnership_id BYTEA NOT NULL REFERENCES partnerships (id),
    product_id     BYTEA NOT NULL REFERENCES products (id),
    day            DATE  NOT NULL,
    PRIMARY KEY (partnership_id, day, product_id)
);

-- What an end took away, as it was at that instant: ids of people, never their names.
CREATE TABLE exit_reports (
    partnership_id BYTEA     NOT NULL PRIMARY KEY REFERENCES partnerships (id),
    report         TEXT      NOT NULL,
    created_at     TIMESTAMP NOT NULL
);

CREATE TABLE assignments (
    id             BYTEA     NOT NULL PRIMARY KEY,
    partnership_id BYTEA     NOT NULL REFERENCES partnerships (id),
    member_id      BYTEA     NOT NULL,
    narrowed       BOOLEAN   NOT NULL,
    valid_from     TIMESTAMP NOT NULL,
    valid_to       TIMESTAMP CHECK (valid_to > valid_from)
);
CREATE INDEX assignments_of_member ON assignments (partnership_id, member_id, valid_from);
CREATE UNIQUE INDEX one_open_assignment ON assignments (partnership_id, member_id) WHERE valid_to IS NULL;

CREATE TABLE invitations (
    id              BYTEA     NOT NULL PRIMARY KEY,
    direction       TEXT      NOT NULL CHECK (direction IN ('customer_to_partner', 'partner_to_customer')),
    status          TEXT      NOT NULL CHECK (status IN ('pending', 'accepted', 'declined', 'cancelled', 'expired', 'superseded')),
    customer_id     BYTEA     REFERENCES organizations (id),
    customer_email  TEXT,
    partner_id      BYTEA     NOT NULL REFERENCES organizations (id),
    requested_level TEXT      NOT NULL CHECK (requested_level IN ('limited', 'full')),
    requested_mode  TEXT      CHECK (requested_mode IN ('customer', 'partner')),
    granted_level   TEXT      CHECK (granted_level IN ('limited', 'full')),
    granted_mode    TEXT      CHECK (granted_mode IN ('customer', 'partner')),
    starts_at       TIMESTAMP,
    tender_id       BYTEA,
    message         TEXT,
    token_hash      BYTEA     NOT NULL UNIQUE,
    sent_at         TIMESTAMP NOT NULL,
    expires_at      TIMESTAMP NOT NULL,
    answered_at     TIMESTAMP,
    partnership_id  BYTEA     REFERENCES partnerships (id),
    created_by      BYTEA     NOT NULL REFERENCES users (id),
    version         INTEGER   NOT NULL DEFAULT 1,
    created_at      TIMESTAMP NOT NULL,
    CHECK ((requested_level = 'full') = (requested_mode IS NOT NULL)),
    CHECK ((granted_level = 'full') = (granted_mode IS NOT NULL) OR granted_level IS NULL),
    CHECK (customer_id IS NOT NULL OR customer_email IS NOT NULL)
);
CREATE UNIQUE INDEX one_pending_invitation ON invitations (customer_id, partner_id) WHERE status = 'pending';
CREATE UNIQUE INDEX one_pending_invitation_by_email ON invitations (customer_email, partner_id) WHERE status = 'pending' AND customer_id IS NULL;
CREATE INDEX invitations_of_customer ON invitations (customer_id, id);
CREATE INDEX invitations_of_partner ON invitations (partner_id, id);

CREATE TABLE invitation_products (
    invitation_id BYTEA   NOT NULL REFERENCES invitations (id),
    product_id    BYTEA   NOT NULL REFERENCES products (id),
    granted       BOOLEAN NOT NULL,
    PRIMARY KEY (invitation_id, product_id, granted)
);

CREATE TABLE invitation_families (
    invitation_id BYTEA NOT NULL REFERENCES invitations (id),
    family        TEXT  NOT NULL,
    PRIMARY KEY (invitation_id, family)
);

CREATE TABLE invitation_replacements (
    invitation_id  BYTEA NOT NULL REFERENCES invitations (id),
    partnership_id BYTEA NOT NULL REFERENCES partnerships (id),
    PRIMARY KEY (invitation_id, partnership_id)
);

CREATE TABLE invitation_mails (
    invitation_id BYTEA     NOT NULL REFERENCES invitations (id),
    sent_at       TIMESTAMP NOT NULL,
    PRIMARY KEY (invitation_id, sent_at)
);

-- Who may ask an organization for access: without a row, anyone in the programme.
CREATE TABLE invitation_preferences (
    organization_id BYTEA   NOT NULL PRIMARY KEY REFERENCES organizations (id),
    allow           TEXT    NOT NULL CHECK (allow IN ('anyone', 'nobody', 'anyone_but')),
    version         INTEGER NOT NULL
);

CREATE TABLE refused_partners (
    organization_id BYTEA NOT NULL REFERENCES invitation_preferences (organization_id),
    partner_id      BYTEA NOT NULL REFERENCES organizations (id),
    PRIMARY KEY (organization_id, partner_id)
);

-- Everyone's place towards an organization: as its member, or through a partnership that its
-- customer has with an organization the person is a member of. Unassigned collaborators and
-- externals of a partner have none (ORG-4). A reader asks as of an instant: every interval is here.
CREATE VIEW standings AS
SELECT
    m.user_id AS user_id,
    m.organization_id AS organization_id,
    m.organization_id AS member_of,
    m.id AS member_id,
    m.role AS role,
    m.may_order AS may_order,
    m.valid_from AS member_from,
    m.valid_to AS member_to,
    NULL AS partnership_id,
    NULL AS level,
    NULL AS payment_mode,
    m.valid_from AS terms_from,
    m.valid_to AS terms_to,
    NULL AS enrolment_state,
    m.valid_from AS enrolment_from,
    m.valid_to AS enrolment_to,
    FALSE AS narrowed,
    m.valid_from AS assigned_from,
    m.valid_to AS assigned_to
FROM memberships m
UNION ALL
SELECT
    m.user_id,
    t.customer_id,
    m.organization_id,
    m.id,
    m.role,
    m.may_order,
    m.valid_from,
    m.valid_to,
    t.partnership_id,
    t.level,
    t.payment_mode,
    t.valid_from,
    t.valid_to,
    e.state,
    e.valid_from,
    e.valid_to,
    COALESCE(a.narrowed, FALSE),
    COALESCE(a.valid_from, m.valid_from),
    CASE WHEN a.member_id IS NULL THEN m.valid_to ELSE a.valid_to END
FROM memberships m
JOIN partnership_terms t ON t.partner_id = m.organization_id
JOIN enrolment_states e ON e.organization_id = m.organization_id AND e.state IN ('approved', 'suspended')
LEFT JOIN assignments a ON a.partnership_id = t.partnership_id AND a.member_id = m.id AND m.role = 'collaborator'
WHERE m.role IN ('legal_representative', 'administrator') OR a.member_id IS NOT NULL;
