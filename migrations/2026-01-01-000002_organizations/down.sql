DROP TABLE payment_methods;
DROP TABLE renewal_ownerships;
DROP TABLE reached_products;
DROP TABLE team_members;
DROP TABLE teams;
DROP TABLE products;
DROP TABLE memberships;
DROP TABLE organizations;
