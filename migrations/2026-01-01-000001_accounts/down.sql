DROP TABLE stored_answers;
DROP TABLE signing_keys;
DROP TABLE api_tokens;
DROP TABLE refresh_tokens;
DROP TABLE sessions;
DROP TABLE operator_roles;
DROP TABLE password_failures;
DROP TABLE users;
