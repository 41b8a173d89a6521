DROP TABLE notification_preferences;
DROP TABLE notifications;
DROP TABLE mails;
DROP TABLE leases;
DROP TABLE audit_heads;
DROP TABLE audit_log;
DROP TABLE events;
