-- The customers of a backup product, and their shares of it (BAK-1).
CREATE TABLE backup_units (
    id          BYTEA     NOT NULL PRIMARY KEY,
    product_id  BYTEA     NOT NULL REFERENCES products (id),
    name        TEXT      NOT NULL,
    group_name  TEXT,
    quota       BIGINT    NOT NULL CHECK (quota > 0),
    customer_id BYTEA     REFERENCES organizations (id),
    version     INTEGER   NOT NULL,
    created_at  TIMESTAMP NOT NULL,
    removed_at  TIMESTAMP
);
CREATE INDEX units_of_product ON backup_units (product_id, id);
CREATE INDEX units_of_customer ON backup_units (customer_id);
