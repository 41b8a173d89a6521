CREATE TABLE quotes (
    id              BYTEA     NOT NULL PRIMARY KEY,
    organization_id BYTEA     NOT NULL REFERENCES organizations (id),
    asked_by        BYTEA     NOT NULL REFERENCES organizations (id),
    user_id         BYTEA     NOT NULL REFERENCES users (id),
    acting_as       TEXT      NOT NULL CHECK (acting_as IN ('customer', 'partner')),
    currency        TEXT      NOT NULL CHECK (currency IN ('CHF', 'EUR')),
    payer_id        BYTEA     NOT NULL REFERENCES organizations (id),
    partnership_id  BYTEA     REFERENCES partnerships (id),
    terms_from      TIMESTAMP,
    settled         TEXT      NOT NULL,
    created_at      TIMESTAMP NOT NULL,
    expires_at      TIMESTAMP NOT NULL
);

CREATE TABLE orders (
    id                BYTEA     NOT NULL PRIMARY KEY,
    organization_id   BYTEA     NOT NULL REFERENCES organizations (id),
    acting_as         TEXT      NOT NULL CHECK (acting_as IN ('customer', 'partner')),
    partnership_id    BYTEA     REFERENCES partnerships (id),
    payer_id          BYTEA     NOT NULL REFERENCES organizations (id),
    payment_method_id BYTEA     REFERENCES payment_methods (id),
    quote_id          BYTEA     UNIQUE REFERENCES quotes (id),
    currency          TEXT      NOT NULL CHECK (currency IN ('CHF', 'EUR')),
    charged_minor     BIGINT    NOT NULL,
    created_by        BYTEA     REFERENCES users (id),
    created_at        TIMESTAMP NOT NULL
);
CREATE INDEX orders_of_organization ON orders (organization_id, id);

CREATE TABLE invoices (
    id                BYTEA     NOT NULL PRIMARY KEY,
    organization_id   BYTEA     NOT NULL REFERENCES organizations (id),
    customer_id       BYTEA     NOT NULL REFERENCES organizations (id),
    order_id          BYTEA     NOT NULL UNIQUE REFERENCES orders (id),
    status            TEXT      NOT NULL CHECK (status IN ('open', 'paid', 'failed')),
    payment_method_id BYTEA     NOT NULL REFERENCES payment_methods (id),
    currency          TEXT      NOT NULL CHECK (currency IN ('CHF', 'EUR')),
    net_minor         BIGINT    NOT NULL,
    vat_treatment     TEXT      NOT NULL CHECK (vat_treatment IN ('taxed', 'reverse_charge', 'not_taxed')),
    vat_rate_ppm      BIGINT    NOT NULL,
    vat_minor         BIGINT    NOT NULL,
    payer_country     TEXT      NOT NULL,
    payer_vat_number  TEXT,
    issued_at         TIMESTAMP NOT NULL,
    settled_at        TIMESTAMP,
    CHECK ((status = 'open') = (settled_at IS NULL))
);
CREATE INDEX invoices_of_organization ON invoices (organization_id, id);

CREATE TABLE billing_events (
    id               BYTEA     NOT NULL PRIMARY KEY,
    kind             TEXT      NOT NULL CHECK (kind IN ('order', 'renewal', 'refund')),
    external_id      TEXT      UNIQUE,
    fingerprint      BYTEA,
    customer_id      BYTEA     NOT NULL REFERENCES organizations (id),
    partner_id       BYTEA     REFERENCES organizations (id),
    partnership_id   BYTEA     REFERENCES partnerships (id),
    product_id       BYTEA     NOT NULL REFERENCES products (id),
    family           TEXT      NOT NULL REFERENCES families (code),
    quantity         BIGINT    NOT NULL CHECK (quantity > 0),
    period           TEXT      NOT NULL CHECK (period IN ('monthly', 'yearly')),
    initiator        TEXT      NOT NULL CHECK (initiator IN ('customer', 'partner', 'automatic')),
    payer            TEXT      NOT NULL CHECK (payer IN ('customer', 'partner')),
    paid_by          TEXT      NOT NULL CHECK (paid_by IN ('invoice', 'prepaid', 'elsewhere')),
    currency         TEXT      NOT NULL CHECK (currency IN ('CHF', 'EUR')),
    list_minor       BIGINT    NOT NULL,
    public_minor     BIGINT    NOT NULL,
    partner_minor    BIGINT    NOT NULL,
    charged_minor    BIGINT    NOT NULL,
    cashback_minor   BIGINT    NOT NULL,
    discount_minor   BIGINT    NOT NULL,
    volume_rate_ppm  BIGINT    NOT NULL,
    partner_rate_ppm BIGINT,
    units            BIGINT    NOT NULL,
    settlement_rule  TEXT      NOT NULL,
    period_start     DATE      NOT NULL,
    period_end       DATE      NOT NULL,
    order_id         BYTEA     REFERENCES orders (id),
    refunds_id       BYTEA     REFERENCES billing_events (id),
    occurred_at      TIMESTAMP NOT NULL,
    recorded_at      TIMESTAMP NOT NULL,
    CHECK ((kind = 'refund') = (refunds_id IS NOT NULL)),
    CHECK (payer = 'customer' OR partner_id IS NOT NULL),
    CHECK (fingerprint IS NULL OR external_id IS NOT NULL)
);
CREATE UNIQUE INDEX one_renewal_a_period ON billing_events (product_id, period_start) WHERE refunds_id IS NULL;
CREATE INDEX billing_events_of_customer ON billing_events (customer_id, id);
CREATE INDEX billing_events_of_partnership ON billing_events (partnership_id, occurred_at);
CREATE INDEX billing_events_by_time ON billing_events (customer_id, occurred_at);
CREATE INDEX billing_events_of_partner ON billing_events (partner_id, id);
-- What was reported has no order, and most is never refunded.
CREATE INDEX billing_events_of_order ON billing_events (order_id) WHERE order_id IS NOT NULL;
CREATE INDEX refunds_of_event ON billing_events (refunds_id) WHERE refunds_id IS NOT NULL;

CREATE TABLE ledger_transactions (
    id          BYTEA     NOT NULL PRIMARY KEY,
    kind        TEXT      NOT NULL,
    reason_id   BYTEA     NOT NULL,
    recorded_at TIMESTAMP NOT NULL
);

-- Debits are positive, credits negative; a transaction adds up to nothing in each currency.
CREATE TABLE ledger_entries (
    id             BYTEA     NOT NULL PRIMARY KEY,
    transaction_id BYTEA     NOT NULL REFERENCES ledger_transactions (id),
    account        TEXT      NOT NULL,
    holder_id      BYTEA     REFERENCES organizations (id),
    currency       TEXT      NOT NULL CHECK (currency IN ('CHF', 'EUR')),
    amount_minor   BIGINT    NOT NULL CHECK (amount_minor <> 0),
    recorded_at    TIMESTAMP NOT NULL
);
CREATE INDEX entries_of_holder ON ledger_entries (holder_id, account, currency, id);
CREATE INDEX transactions_of_reason ON ledger_transactions (reason_id);
CREATE INDEX entries_of_transaction ON ledger_entries (transaction_id);

-- What a debit of a prepaid account locks; the balance itself is the sum of the entries (BIL-5).
CREATE TABLE prepaid_accounts (
    organization_id BYTEA   NOT NULL REFERENCES organizations (id),
    currency        TEXT    NOT NULL CHECK (currency IN ('CHF', 'EUR')),
    debits          BIGINT  NOT NULL DEFAULT 0,
    PRIMARY KEY (organization_id, currency)
);
