DROP TABLE enrolment_states;
DROP TABLE enrolments;
