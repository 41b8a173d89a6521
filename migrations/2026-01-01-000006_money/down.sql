DROP TABLE prepaid_accounts;
DROP TABLE ledger_entries;
DROP TABLE ledger_transactions;
DROP TABLE billing_events;
DROP TABLE invoices;
DROP TABLE orders;
DROP TABLE quotes;
