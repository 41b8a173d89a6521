CREATE TABLE payouts (
    id                BYTEA     NOT NULL PRIMARY KEY,
    organization_id   BYTEA     NOT NULL REFERENCES organizations (id),
    payment_method_id BYTEA     NOT NULL REFERENCES payment_methods (id),
    currency          TEXT      NOT NULL CHECK (currency IN ('CHF', 'EUR')),
    amount_minor      BIGINT    NOT NULL CHECK (amount_minor > 0),
    status            TEXT      NOT NULL CHECK (status IN ('requested', 'processing', 'paid', 'failed', 'cancelled')),
    failure           TEXT,
    requested_by      BYTEA     NOT NULL REFERENCES users (id),
    requested_at      TIMESTAMP NOT NULL,
    processed_at      TIMESTAMP,
    settled_at        TIMESTAMP,
    CHECK ((status IN ('paid', 'failed', 'cancelled')) = (settled_at IS NOT NULL)),
    CHECK (failure IS NULL OR status = 'failed')
);
CREATE INDEX payouts_of_organization ON payouts (organization_id, id);

-- What a partner charges its customer for what it paid for itself, each version with its interval.
CREATE TABLE rebilling_terms (
    partnership_id BYTEA     NOT NULL REFERENCES partnerships (id),
    version        INTEGER   NOT NULL CHECK (version > 0),
    basis          TEXT      NOT NULL CHECK (basis IN ('partner_price_markup', 'list_price_discount')),
    rate_ppm       BIGINT    NOT NULL CHECK (rate_ppm BETWEEN 0 AND 1000000),
    valid_from     TIMESTAMP NOT NULL,
    valid_to       TIMESTAMP CHECK (valid_to > valid_from),
    PRIMARY KEY (partnership_id, version)
);
CREATE UNIQUE INDEX one_open_rebilling_terms ON rebilling_terms (partnership_id) WHERE valid_to IS NULL;

-- What statements read of a month.
CREATE INDEX billing_events_booked_for_partner ON billing_events (partner_id, recorded_at);
CREATE INDEX billing_events_booked_in_partnership ON billing_events (partnership_id, recorded_at);
