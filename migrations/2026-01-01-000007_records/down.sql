DROP TABLE mails;
DROP TABLE audit_log;
DROP TABLE events;
