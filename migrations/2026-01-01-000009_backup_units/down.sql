DROP TABLE backup_units;
