CREATE TABLE families (
    code TEXT NOT NULL PRIMARY KEY,
    name TEXT NOT NULL
);

CREATE TABLE price_lists (
    id             BYTEA     NOT NULL PRIMARY KEY,
    effective_from TIMESTAMP NOT NULL UNIQUE,
    created_at     TIMESTAMP NOT NULL
);

CREATE TABLE prices (
    price_list_id BYTEA  NOT NULL REFERENCES price_lists (id),
    family        TEXT   NOT NULL REFERENCES families (code),
    currency      TEXT   NOT NULL CHECK (currency IN ('CHF', 'EUR')),
    period        TEXT   NOT NULL CHECK (period IN ('monthly', 'yearly')),
    list_minor    BIGINT NOT NULL CHECK (list_minor > 0),
    partner_rate_ppm BIGINT CHECK (partner_rate_ppm BETWEEN 0 AND 1000000),
    partner_minor BIGINT CHECK (partner_minor BETWEEN 0 AND list_minor),
    PRIMARY KEY (family, currency, period, price_list_id),
    CHECK ((partner_rate_ppm IS NULL) <> (partner_minor IS NULL))
);

CREATE TABLE volume_tiers (
    price_list_id BYTEA  NOT NULL REFERENCES price_lists (id),
    family        TEXT   NOT NULL REFERENCES families (code),
    currency      TEXT   NOT NULL CHECK (currency IN ('CHF', 'EUR')),
    period        TEXT   NOT NULL CHECK (period IN ('monthly', 'yearly')),
    minimum       BIGINT NOT NULL CHECK (minimum > 0),
    rate_ppm      BIGINT NOT NULL CHECK (rate_ppm BETWEEN 0 AND 1000000),
    PRIMARY KEY (family, currency, period, price_list_id, minimum)
);
