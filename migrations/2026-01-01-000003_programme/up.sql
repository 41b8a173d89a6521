CREATE TABLE enrolments (
    id              BYTEA     NOT NULL PRIMARY KEY,
    organization_id BYTEA     NOT NULL REFERENCES organizations (id),
    created_at      TIMESTAMP NOT NULL
);

CREATE TABLE enrolment_states (
    enrolment_id    BYTEA     NOT NULL REFERENCES enrolments (id),
    organization_id BYTEA     NOT NULL REFERENCES organizations (id),
    state           TEXT      NOT NULL CHECK (state IN ('submitted', 'inquiring', 'approved', 'rejected', 'suspended', 'ended')),
    reason          TEXT,
    valid_from      TIMESTAMP NOT NULL,
    valid_to        TIMESTAMP CHECK (valid_to > valid_from),
    PRIMARY KEY (enrolment_id, valid_from)
);
CREATE UNIQUE INDEX one_enrolment_in_force ON enrolment_states (organization_id)
    WHERE valid_to IS NULL AND state IN ('submitted', 'inquiring', 'approved', 'suspended');
CREATE INDEX enrolment_states_of_organization ON enrolment_states (organization_id, state);
