DROP TABLE support_uses;
DROP TABLE support_grant_products;
DROP TABLE support_grants;
DROP TABLE support_identifications;
DROP TABLE support_contracts;
DROP TABLE support_codes;
