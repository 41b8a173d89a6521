DROP TABLE payment_methods;
DROP TABLE renewal_ownerships;
DROP TABLE membership_products;
DROP TABLE products;
DROP TABLE memberships;
DROP TABLE organizations;
