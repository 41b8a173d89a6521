DROP INDEX billing_events_booked_in_partnership;
DROP INDEX billing_events_booked_for_partner;
DROP TABLE rebilling_terms;
DROP TABLE payouts;
