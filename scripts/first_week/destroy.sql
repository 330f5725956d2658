-- Everything of the shop: the database, every login named by a user id, the roles behind them.
DROP DATABASE zava;
SELECT format('DROP ROLE %I', rolname) FROM pg_roles WHERE rolname ~ '^([0-9a-f]{8}-|zava_)' ORDER BY 1 \gexec
