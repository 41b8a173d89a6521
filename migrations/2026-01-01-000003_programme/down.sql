DROP TABLE directory_words;
DROP TABLE partner_profile_items;
DROP TABLE partner_profiles;
DROP TABLE affiliations;
DROP TABLE enrolment_states;
DROP TABLE enrolments;
DROP TABLE programme_roles;
