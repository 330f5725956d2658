-- What cannot be exposed: -- arguments | part of the reason, and what makes the table sales.x.

-- --store-column store_id | foreign table
CREATE FOREIGN DATA WRAPPER w; CREATE SERVER s FOREIGN DATA WRAPPER w; CREATE FOREIGN TABLE sales.x (store_id int) SERVER s

-- --shared | materialized view
CREATE MATERIALIZED VIEW sales.x AS SELECT 1 AS a

-- --shared | neither a table nor a view
CREATE SEQUENCE sales.x

-- --shared | it is a partition: expose sales.p
CREATE TABLE sales.p (tenant_id uuid, n int) PARTITION BY LIST (n); CREATE TABLE sales.x PARTITION OF sales.p FOR VALUES IN (1)

-- --shared | inherit from each other
CREATE TABLE sales.p (a int); CREATE TABLE sales.x () INHERITS (sales.p)

-- --shared | inherit from each other
CREATE TABLE sales.x (a int); CREATE TABLE sales.c () INHERITS (sales.x)

-- --shared | the rule r
CREATE TABLE sales.x (a int); CREATE RULE r AS ON INSERT TO sales.x DO INSTEAD NOTHING

-- --shared | which own_mallory can change
CREATE TABLE sales.x (a int); CREATE ROLE own_mallory; CREATE FUNCTION sales.f() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END'; ALTER FUNCTION sales.f() OWNER TO own_mallory; CREATE TRIGGER t BEFORE INSERT ON sales.x EXECUTE FUNCTION sales.f()

-- --shared | it has policies already (p)
CREATE TABLE sales.x (a int); ALTER TABLE sales.x ENABLE ROW LEVEL SECURITY; CREATE POLICY p ON sales.x USING (true)

-- --shared | PUBLIC has rights on sales.x
CREATE TABLE sales.x (a int); GRANT SELECT (a) ON sales.x TO PUBLIC

-- --shared | PUBLIC may create objects in the schema sales
CREATE TABLE sales.x (a int); GRANT CREATE ON SCHEMA sales TO PUBLIC

-- --shared | could use the table sales.open without a policy
CREATE TABLE sales.x (a int); CREATE TABLE sales.open (a int); GRANT SELECT ON sales.open TO PUBLIC

-- --shared | could use the function sales.f() without a policy
CREATE TABLE sales.x (a int); CREATE FUNCTION sales.f() RETURNS bigint LANGUAGE sql SECURITY DEFINER AS 'SELECT 1'

-- - | not stated whose the rows
CREATE TABLE sales.x (a int)

-- --shared --store-column a | give one of these
CREATE TABLE sales.x (a int)

-- --shared --hide-column b | has no column 'b'
CREATE TABLE sales.x (a int)

-- --store-column b | it has no column b; it has a
CREATE TABLE sales.x (a int)

-- --store-column a | but the keys of the tenants are of the kind uuid
CREATE TABLE sales.x (a int)

-- --store-column a | of the type date, by which no store is named
CREATE TABLE sales.x (a date)

-- --store-column a | of the type uuid[], by which no store is named
CREATE TABLE sales.x (a uuid[])

-- --store-column a | by which no store is named
CREATE TYPE sales.t AS (id uuid); CREATE TABLE sales.x (a sales.t)

-- --store-column a | the column a is generated
CREATE TABLE sales.x (b uuid, a uuid GENERATED ALWAYS AS (b) STORED)

-- --store-column a | it has a column zava_store already
CREATE TABLE sales.x (a uuid, zava_store int)

-- --store-column a | the trigger "~~" runs after
CREATE TABLE sales.x (a uuid); CREATE FUNCTION sales.f() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END'; CREATE TRIGGER "~~" BEFORE INSERT ON sales.x FOR EACH ROW EXECUTE FUNCTION sales.f()

-- --through a | --through is COLUMN:TABLE
CREATE TABLE sales.x (a bigint)

-- --through a:sales.plan | sales.plan is not exposed by store
CREATE TABLE sales.x (a bigint)

-- --through a:sales.invoice | of different types
CREATE TABLE sales.x (a date, b bigint REFERENCES sales.invoice)

-- --through a:sales.invoice | CREATE INDEX ON sales.x (a)
CREATE TABLE sales.x (a bigint)

-- --through a:sales.x | a table cannot be its own parent
CREATE TABLE sales.x (a bigint PRIMARY KEY)

-- - | reads with the rights of its owner
CREATE VIEW sales.x AS SELECT amount FROM sales.invoice

-- - | sales.tenant, which is not exposed
CREATE VIEW sales.x WITH (security_invoker) AS SELECT name FROM sales.tenant

-- - | the column zava_store of sales.invoice
CREATE VIEW sales.x WITH (security_invoker) AS SELECT zava_store FROM sales.invoice

-- --shared | a view shows what its tables show
CREATE VIEW sales.x WITH (security_invoker) AS SELECT 1 AS a

-- --shared | there is no table 'sales.x'
CREATE TEMP TABLE x (a int)

-- --through b:sales.invoice | which own_mallory2 can change, with the rights of zava_owner
CREATE TABLE sales.x (b bigint REFERENCES sales.invoice); CREATE ROLE own_mallory2; ALTER TABLE sales.x OWNER TO own_mallory2; CREATE FUNCTION sales.f() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END'; ALTER FUNCTION sales.f() OWNER TO own_mallory2; CREATE TRIGGER t BEFORE UPDATE ON sales.x FOR EACH ROW EXECUTE FUNCTION sales.f()

-- --shared | sales.f(integer), which own_m3 can change
CREATE FUNCTION sales.f(int) RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT 1'; CREATE ROLE own_m3; ALTER FUNCTION sales.f(int) OWNER TO own_m3; CREATE TABLE sales.x (a int CHECK (sales.f(a) > 0))

-- --shared | sales.f(integer), which own_m4 can change
CREATE FUNCTION sales.f(int) RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT 1'; CREATE ROLE own_m4; ALTER FUNCTION sales.f(int) OWNER TO own_m4; CREATE TABLE sales.x (a int); CREATE INDEX ON sales.x (sales.f(a))

-- --shared | sales.f(integer), which own_m5 can change
CREATE FUNCTION sales.f(int) RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT 1'; CREATE ROLE own_m5; ALTER FUNCTION sales.f(int) OWNER TO own_m5; CREATE TABLE sales.x (a int); CREATE INDEX ON sales.x (a) WHERE sales.f(a) > 0

-- --shared | sales.f(integer), which own_m6 can change
CREATE FUNCTION sales.f(int) RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT 1'; CREATE ROLE own_m6; ALTER FUNCTION sales.f(int) OWNER TO own_m6; CREATE TABLE sales.x (a int DEFAULT sales.f(1))

-- --shared | sales.f(integer), which own_m7 can change
CREATE FUNCTION sales.f(int) RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT 1'; CREATE ROLE own_m7; ALTER FUNCTION sales.f(int) OWNER TO own_m7; CREATE TABLE sales.x (a int, b int GENERATED ALWAYS AS (sales.f(a)) STORED)

-- --shared | sales.f(integer), which own_m8 can change
CREATE FUNCTION sales.f(int) RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT 1'; CREATE ROLE own_m8; ALTER FUNCTION sales.f(int) OWNER TO own_m8; CREATE TABLE sales.x (a int); CREATE STATISTICS sales.s ON (sales.f(a)), a FROM sales.x

-- --shared | sales.f(integer), which own_m9 can change
CREATE FUNCTION sales.f(int) RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT 1'; CREATE ROLE own_m9; ALTER FUNCTION sales.f(int) OWNER TO own_m9; CREATE TABLE sales.x (a int) PARTITION BY LIST (a); CREATE TABLE sales.c PARTITION OF sales.x (CHECK (sales.f(a) > 0)) DEFAULT

-- --shared | sales.f(integer), which own_m10 can change
CREATE FUNCTION sales.f(int) RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT 1'; CREATE ROLE own_m10; ALTER FUNCTION sales.f(int) OWNER TO own_m10; CREATE DOMAIN sales.d AS int CHECK (sales.f(VALUE) > 0); CREATE TYPE sales.t AS (a sales.d); CREATE TABLE sales.x (a sales.t)

-- --shared | own_m11 can add constraints to its domain sales.d
CREATE FUNCTION sales.f(int) RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT 1'; CREATE ROLE own_m11; ALTER FUNCTION sales.f(int) OWNER TO own_m11; CREATE DOMAIN sales.d AS int; ALTER DOMAIN sales.d OWNER TO own_m11; CREATE TABLE sales.x (a sales.d)

-- --shared | its partition sales.c belongs to own_m12
CREATE FUNCTION sales.f(int) RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT 1'; CREATE ROLE own_m12; ALTER FUNCTION sales.f(int) OWNER TO own_m12; CREATE TABLE sales.x (a int) PARTITION BY LIST (a); CREATE TABLE sales.c PARTITION OF sales.x DEFAULT; ALTER TABLE sales.c OWNER TO own_m12

-- --shared | whose casts own_m13 can change
CREATE FUNCTION sales.f(int) RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT 1'; CREATE ROLE own_m13; ALTER FUNCTION sales.f(int) OWNER TO own_m13; CREATE TABLE sales.x (a int PRIMARY KEY); CREATE TYPE sales.t AS ENUM ('a'); CREATE FUNCTION sales.g(sales.t) RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT 1'; CREATE CAST (sales.t AS int) WITH FUNCTION sales.g AS IMPLICIT; ALTER TYPE sales.t OWNER TO own_m13; CREATE TABLE sales.c (b sales.t REFERENCES sales.x)

-- --shared | which own_m14 can change
CREATE TABLE sales.x (a int) PARTITION BY LIST (a); CREATE TABLE sales.c PARTITION OF sales.x DEFAULT; CREATE ROLE own_m14; CREATE FUNCTION sales.f() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END'; ALTER FUNCTION sales.f() OWNER TO own_m14; CREATE TRIGGER t BEFORE UPDATE ON sales.c FOR EACH ROW EXECUTE FUNCTION sales.f()

-- - | it uses function sales.f(integer), which is neither
CREATE FUNCTION sales.f(int) RETURNS int LANGUAGE sql AS 'SELECT 1'; CREATE VIEW sales.x WITH (security_invoker) AS SELECT sales.f(plan_id) FROM sales.plan

-- - | it uses operator sales.@@@(integer,integer), which is neither
CREATE OPERATOR sales.@@@ (FUNCTION = int4pl, LEFTARG = int, RIGHTARG = int); CREATE VIEW sales.x WITH (security_invoker) AS SELECT plan_id OPERATOR(sales.@@@) 1 AS a FROM sales.plan

-- --shared | it calls ts_rewrite(tsquery,text)
CREATE TABLE sales.x (a tsquery CHECK (ts_rewrite(a, 'SELECT a, a FROM sales.x') IS NOT NULL))

-- --shared | it calls set_config(text,text,boolean)
CREATE TABLE sales.x (a text DEFAULT set_config('zava.x', 'y', true))

-- --shared | it calls pg_input_is_valid(text,text)
CREATE DOMAIN sales.d AS text CHECK (pg_input_is_valid(VALUE, 'sales.t')); CREATE TABLE sales.x (a sales.d)

-- --shared | it calls lo_create(oid)
CREATE TABLE sales.x (a int); CREATE FUNCTION sales.f() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END'; CREATE TRIGGER t BEFORE UPDATE ON sales.x FOR EACH ROW WHEN (lo_create(0) > 0) EXECUTE FUNCTION sales.f()

-- --shared | it calls pg_terminate_backend(integer,bigint)
CREATE TABLE sales.x (a int) PARTITION BY LIST (a); CREATE TABLE sales.c PARTITION OF sales.x (CHECK (pg_terminate_backend(a, 0))) DEFAULT

-- --shared | whose casts own_m15 can change
CREATE ROLE own_m15; CREATE TYPE sales.t AS ENUM ('a'); CREATE FUNCTION sales.f(int) RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT 1'; CREATE FUNCTION sales.g(sales.t) RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT 1'; CREATE CAST (sales.t AS int) WITH FUNCTION sales.g AS IMPLICIT; ALTER TYPE sales.t OWNER TO own_m15; CREATE TABLE sales.c (a int PRIMARY KEY); CREATE TABLE sales.x (a sales.t REFERENCES sales.c)

-- --shared | whose casts own_m16 can change
CREATE ROLE own_m16; CREATE TYPE sales.t AS ENUM ('a'); CREATE FUNCTION sales.g(sales.t) RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT 1'; CREATE CAST (sales.t AS int) WITH FUNCTION sales.g AS IMPLICIT; ALTER TYPE sales.t OWNER TO own_m16; CREATE DOMAIN sales.d AS sales.t; CREATE TABLE sales.c (a int PRIMARY KEY); CREATE TABLE sales.x (a sales.d REFERENCES sales.c)
