-- What an administrator may add: -- what | how an identity tries to read it | how it is taken away again; "open" is
-- what an identity could read without the event trigger.

-- table | SELECT * FROM retail.own | DROP TABLE retail.own
CREATE TABLE retail.own (customer_id integer, store_id integer)

-- partitions | SELECT * FROM retail.own_1 | DROP TABLE retail.own
CREATE TABLE retail.own (store_id integer) PARTITION BY LIST (store_id); CREATE TABLE retail.own_1 PARTITION OF retail.own FOR VALUES IN (1)

-- copy | SELECT * FROM retail.own | DROP TABLE retail.own
CREATE TABLE retail.own AS SELECT * FROM retail.orders

-- view | SELECT * FROM retail.own | DROP VIEW retail.own
CREATE VIEW retail.own AS SELECT * FROM retail.orders

-- materialized view | SELECT * FROM retail.own | DROP MATERIALIZED VIEW retail.own
CREATE MATERIALIZED VIEW retail.own AS SELECT * FROM retail.orders

-- sequence | SELECT * FROM retail.own | DROP SEQUENCE retail.own
CREATE SEQUENCE retail.own

-- column | SELECT own FROM retail.orders | ALTER TABLE retail.orders DROP COLUMN own
ALTER TABLE retail.orders ADD COLUMN own text

-- policy of another kind | SELECT * FROM retail.own | DROP TABLE retail.own
CREATE TABLE retail.own (store_id integer); ALTER TABLE retail.own ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY; CREATE POLICY every_identity ON retail.own USING (true)

-- open view | SELECT * FROM retail.own | DROP VIEW retail.own
CREATE VIEW retail.own AS SELECT * FROM retail.orders; GRANT SELECT (store_id) ON retail.own TO zava_seattle

-- open materialized view | SELECT * FROM retail.own | DROP MATERIALIZED VIEW retail.own
CREATE MATERIALIZED VIEW retail.own AS SELECT * FROM retail.orders; GRANT SELECT ON retail.own TO PUBLIC

-- open sequence | SELECT * FROM retail.own | DROP SEQUENCE retail.own
CREATE SEQUENCE retail.own; GRANT SELECT ON retail.own TO PUBLIC

-- open function | SELECT retail.own() | DROP FUNCTION retail.own()
CREATE FUNCTION retail.own() RETURNS bigint LANGUAGE sql SECURITY DEFINER AS 'SELECT count(*) FROM retail.orders'

-- open function, made so later | SELECT retail.own() | DROP FUNCTION retail.own()
CREATE FUNCTION retail.own() RETURNS bigint LANGUAGE sql AS 'SELECT count(*) FROM retail.orders'; ALTER FUNCTION retail.own() SECURITY DEFINER

-- open table in another schema | SELECT * FROM other.own | DROP SCHEMA other CASCADE
CREATE SCHEMA other; GRANT USAGE ON SCHEMA other TO PUBLIC; CREATE TABLE other.own (name text); GRANT SELECT ON other.own TO PUBLIC

-- open table in a schema opened later | SELECT * FROM other.own | DROP SCHEMA other CASCADE
CREATE SCHEMA other; CREATE TABLE other.own (name text); GRANT SELECT ON other.own TO PUBLIC; GRANT USAGE ON SCHEMA other TO PUBLIC

-- open table behind a view of the reader's rights | SELECT * FROM retail.own | DROP SCHEMA other CASCADE
CREATE SCHEMA other; CREATE TABLE other.own (name text); GRANT SELECT ON other.own TO PUBLIC; CREATE VIEW retail.own WITH (security_invoker) AS TABLE other.own; GRANT SELECT ON retail.own TO PUBLIC

-- open table by default privileges | SELECT * FROM retail.own | DROP TABLE retail.own; ALTER DEFAULT PRIVILEGES IN SCHEMA retail REVOKE SELECT ON TABLES FROM PUBLIC
ALTER DEFAULT PRIVILEGES IN SCHEMA retail GRANT SELECT ON TABLES TO PUBLIC; CREATE TABLE retail.own (store_id integer)

-- open table by a grant of all tables | SELECT * FROM retail.own | DROP TABLE retail.own; REVOKE SELECT ON ALL TABLES IN SCHEMA retail FROM zava_seattle; SELECT zava.grant_reading()
CREATE TABLE retail.own (store_id integer); GRANT SELECT ON ALL TABLES IN SCHEMA retail TO zava_seattle

-- open table with a policy of another kind | SELECT * FROM retail.own | DROP TABLE retail.own
CREATE TABLE retail.own (store_id integer); ALTER TABLE retail.own ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY; CREATE POLICY own_stores ON retail.own USING (zava.is_known() OR true); GRANT SELECT ON retail.own TO PUBLIC

-- open table that lost its protection | SELECT * FROM retail.own | DROP TABLE retail.own
CREATE TABLE retail.own (store_id integer); SELECT zava.show_table('retail.own'); ALTER TABLE retail.own NO FORCE ROW LEVEL SECURITY

-- open function in the body of another | SELECT retail.own() | DROP SCHEMA other CASCADE
CREATE SCHEMA other; CREATE FUNCTION other.own() RETURNS bigint LANGUAGE sql SECURITY DEFINER AS 'SELECT count(*) FROM retail.orders'; CREATE FUNCTION retail.own() RETURNS bigint LANGUAGE sql BEGIN ATOMIC SELECT other.own(); END

-- open function in a default | SELECT retail.own() | DROP SCHEMA other CASCADE
CREATE SCHEMA other; CREATE FUNCTION other.own() RETURNS bigint LANGUAGE sql SECURITY DEFINER AS 'SELECT count(*) FROM retail.orders'; CREATE FUNCTION retail.own(x bigint DEFAULT other.own()) RETURNS bigint LANGUAGE sql AS 'SELECT x'

-- open function of an aggregate | SELECT retail.own(1) | DROP SCHEMA other CASCADE
CREATE SCHEMA other; CREATE FUNCTION other.own(bigint, integer) RETURNS bigint LANGUAGE sql SECURITY DEFINER AS 'SELECT count(*) FROM retail.orders'; CREATE AGGREGATE retail.own(integer) (sfunc = other.own, stype = bigint, initcond = '0')

-- open function of a domain | SELECT 1::bigint::retail.own | DROP DOMAIN retail.own; DROP SCHEMA other CASCADE
CREATE SCHEMA other; CREATE FUNCTION other.own(bigint) RETURNS boolean LANGUAGE sql SECURITY DEFINER AS 'SELECT count(*) > $1 FROM retail.orders'; CREATE DOMAIN retail.own AS bigint CHECK (other.own(VALUE))

-- open table in the body of a function | SELECT retail.own() | DROP SCHEMA other CASCADE
CREATE SCHEMA other; CREATE TABLE other.own (name text); GRANT SELECT ON other.own TO PUBLIC; CREATE FUNCTION retail.own() RETURNS bigint LANGUAGE sql BEGIN ATOMIC SELECT count(*) FROM other.own; END

-- open table granted by another than its owner | SELECT * FROM retail.own | DROP TABLE retail.own; REVOKE USAGE ON SCHEMA retail FROM deputy; DROP ROLE deputy
CREATE TABLE retail.own (store_id integer); CREATE ROLE deputy; GRANT USAGE ON SCHEMA retail TO deputy; GRANT SELECT ON retail.own TO deputy WITH GRANT OPTION; SET ROLE deputy; GRANT SELECT ON retail.own TO zava_seattle; RESET ROLE
