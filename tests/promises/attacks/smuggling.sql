-- Getting anything but one row-returning query past PostgreSQL's grammar, or past the parentheses. One text a line.
SELECT 1; SELECT 2
SELECT 1; DROP TABLE retail.orders
SELECT 1) p CROSS JOIN (SELECT repeat(repeat('x', 1000000), 100)
SELECT 1) AS text OFFSET 0) AS answer; SELECT 2; --
SELECT 1) AS text) AS answer --
SELECT 1) AS text OFFSET 0) AS answer WHERE true LIMIT 5 /*
SELECT 1 /*
SELECT 1 -- ) AS text OFFSET 0) AS answer
SELECT $$ ) AS text $$ || $a$ ; $a$
SELECT 'abc
SELECT "abc
SELECT $a$abc
SELECT U&'d\0061t\+000061' UESCAPE ')'
SELECT U&"\0027) AS text" FROM (SELECT 1) x
SELECT U&'\0027); SELECT 2 --'
SELECT E'\'); SELECT 2 --'
SELECT 1 AS answer, 2 AS text
SELECT repeat(repeat('x', 1000000), 2) AS answer
WITH answer AS (SELECT repeat(repeat('x', 1000000), 2) AS text) SELECT answer FROM answer
SELECT answer.* FROM (SELECT repeat(repeat('x', 1000000), 2)) AS answer(answer)
WITH pg_column_size AS (SELECT 1) SELECT repeat(repeat('x', 1000000), 2) FROM pg_column_size
WITH d AS (DELETE FROM retail.orders RETURNING *) SELECT * FROM d
WITH d AS (INSERT INTO retail.stores VALUES (99, 'x', gen_random_uuid()) RETURNING 1) SELECT * FROM d
WITH d AS (MERGE INTO retail.orders o USING (SELECT 1) s ON true WHEN MATCHED THEN DELETE RETURNING 1) SELECT * FROM d
INSERT INTO retail.orders VALUES (1, 1, 1, now()) RETURNING *
UPDATE retail.orders SET store_id = 1 RETURNING *
DELETE FROM retail.orders RETURNING *
SELECT * INTO retail.copy FROM retail.orders
SELECT * INTO TEMP copy FROM retail.orders
CREATE TABLE retail.x AS SELECT 1
EXPLAIN ANALYZE SELECT * FROM retail.orders
EXPLAIN SELECT * FROM retail.orders
DO $$ BEGIN PERFORM 1; END $$
CALL zava.admit('a', gen_random_uuid(), 'x', true, '{}')
COPY retail.orders TO STDOUT
COPY (SELECT 1) TO PROGRAM 'true'
PREPARE p AS SELECT 1
EXECUTE p
DECLARE c CURSOR WITH HOLD FOR SELECT 1
FETCH ALL FROM c
COMMIT
ROLLBACK; SELECT 1
BEGIN READ WRITE
COMMIT AND CHAIN
SAVEPOINT s
SHOW ALL
SELECT $1
SELECT $1::text, $2::int
SELECT * FROM retail.orders FOR UPDATE
SELECT * FROM retail.orders FOR KEY SHARE SKIP LOCKED
VALUES (1), (2); VALUES (3)
;
;;SELECT 1
SELECT 1;;-- x
CREATE FUNCTION public.f() RETURNS int BEGIN ATOMIC SELECT 1; SELECT 2; END
SELECT 1\; SELECT 2
SELECT 1;--;
SELECT 1; /* ; */ DELETE FROM retail.orders
SELECT 1 /* /* */ ; DELETE FROM retail.orders --*/
SELECT 1 /* */ */
SELECT 1 --\n; DELETE FROM retail.orders
SELECT 1 -- $$ ' " /*
SELECT $x$ $y$ $x$, $y$ $x$ $y$; SELECT 2
SELECT $é$; SELECT 2 $é$
SELECT $1a$ ; SELECT 2 $1a$
SELECT 'a'';'' b'; SELECT 2
SELECT '\'; SELECT 2 --'
SELECT E'\\'; SELECT 2 --'
SELECT E'\x27; SELECT 2 --'
SELECT N'a'; SELECT 2
SELECT B'1'; SELECT X'1F'
SELECT U&'\+000027; DELETE FROM retail.orders --'
SELECT U&'!0027' UESCAPE '!'; SELECT 2
SELECT U&'a' UESCAPE
SELECT U&'a' UESCAPE ')
SELECT "a"")"" b" FROM (SELECT 1) x
SELECT 1 AS ")", 2 AS "(", 3 AS "--", 4 AS "/*", 5 AS ";"
SELECT 1)--
SELECT 1))) AS a
(SELECT 1
((SELECT 1))) AS text
SELECT 1) UNION ALL (SELECT 2
SELECT 1) AS a(text), LATERAL (SELECT 2
SELECT 1) AS text, pg_sleep(0) AS answer, (SELECT 3
SELECT 1) AS text OFFSET 0) AS answer WHERE zava.row_too_large(1) OR EXISTS (SELECT FROM (SELECT 1
SELECT 1) AS text LIMIT 0) AS answer UNION ALL SELECT 2 FROM (SELECT * FROM (SELECT 3
SELECT 1 LIMIT 1) AS text OFFSET 0) AS answer WHERE true; --
SELECT 1 UNION SELECT 2) INTERSECT (SELECT 3
SELECT 1 WHERE $$)$$ <> '('
SELECT repeat(repeat('x', 1000000), 2) AS "answer.*"
SELECT repeat(repeat('x', 1000000), 2) AS text, 1 AS answer, 2 AS "*"
SELECT x AS octet_length, y AS pg_column_size FROM (VALUES (repeat(repeat('x', 1000000), 2), 1)) v(x, y)
WITH octet_length AS (SELECT 1), zava AS (SELECT 2) SELECT repeat(repeat('x', 1000000), 2)
SELECT row_too_large FROM (SELECT repeat(repeat('x', 1000000), 2) AS row_too_large) AS zava
TABLE retail.orders FOR UPDATE
TABLE retail.orders FOR NO KEY UPDATE NOWAIT
SELECT * FROM retail.orders FOR SHARE
SELECT * FROM (SELECT * FROM retail.orders FOR UPDATE) x
WITH a AS (SELECT * FROM retail.orders FOR UPDATE) SELECT * FROM a
SELECT 1 INTO STRICT x
SELECT 1 INTO UNLOGGED retail.copy
WITH a AS (SELECT 1) SELECT * INTO retail.copy FROM a
(SELECT 1 INTO x) UNION SELECT 2
SELECT * FROM (SELECT 1 INTO x) y
SELECT * FROM (DELETE FROM retail.orders RETURNING *) d
SELECT * FROM [DELETE FROM retail.orders RETURNING *]
WITH u AS (UPDATE retail.inventory SET stock_level = 0 RETURNING *) TABLE u
WITH d AS (DELETE FROM retail.orders) SELECT 1
WITH RECURSIVE d AS (DELETE FROM retail.orders RETURNING order_id) SELECT * FROM d
WITH a AS (WITH d AS (DELETE FROM retail.orders RETURNING 1) SELECT * FROM d) SELECT * FROM a
WITH t AS (TRUNCATE retail.orders) SELECT 1
WITH s AS (SET ROLE zava_owner) SELECT 1
WITH e AS (EXPLAIN SELECT 1) SELECT * FROM e
EXPLAIN (ANALYZE, BUFFERS, TIMING) SELECT * FROM retail.orders WHERE store_id = 2
EXPLAIN (FORMAT JSON) SELECT * FROM retail.orders WHERE store_id = 2
EXPLAIN (ANALYZE) DELETE FROM retail.orders
EXPLAIN (GENERIC_PLAN) SELECT * FROM retail.orders WHERE store_id = $1
EXPLAIN (ANALYZE, SERIALIZE, MEMORY) TABLE retail.orders
EXPLAIN EXECUTE p
SELECT query_to_xml('EXPLAIN SELECT * FROM retail.orders WHERE store_id = 2', false, false, '')
SELECT query_to_xml('EXPLAIN ANALYZE SELECT * FROM retail.orders', false, false, '')
SELECT query_to_xml('DELETE FROM retail.orders RETURNING *', false, false, '')
SELECT query_to_xml('SELECT 1; DELETE FROM retail.orders', false, false, '')
SELECT query_to_xml('COMMIT', false, false, '')
SELECT query_to_xml('COPY retail.orders TO STDOUT', false, false, '')
SELECT query_to_xml('DECLARE c CURSOR WITH HOLD FOR SELECT 1', false, false, '')
SELECT query_to_xml('PREPARE p AS SELECT 1', false, false, '')
SELECT query_to_xml('LISTEN zava_schema_changed', false, false, '')
SELECT query_to_xml('DO $$ BEGIN PERFORM 1; END $$', false, false, '')
SELECT query_to_xml('SHOW ALL', false, false, '')
COPY (SELECT * FROM retail.orders) TO STDOUT WITH (FORMAT binary)
COPY retail.orders FROM STDIN
COPY retail.orders FROM '/etc/passwd'
COPY (SELECT 1) TO '/tmp/zava_attack'
CREATE TEMP TABLE t AS TABLE retail.orders
CREATE MATERIALIZED VIEW retail.m AS SELECT 1
CREATE EXTENSION dblink
CREATE SERVER s FOREIGN DATA WRAPPER postgres_fdw
CREATE ROLE x SUPERUSER
DROP OWNED BY CURRENT_USER
TRUNCATE retail.orders
MERGE INTO retail.orders USING retail.stores ON false WHEN NOT MATCHED THEN DO NOTHING
IMPORT FOREIGN SCHEMA x FROM SERVER y INTO z
SECURITY LABEL ON TABLE retail.orders IS 'x'
VACUUM (FULL) retail.orders
CLUSTER retail.orders
REINDEX TABLE retail.orders
CHECKPOINT
MOVE ALL IN c
CLOSE ALL
ABORT
END
ROLLBACK AND CHAIN
ROLLBACK TO SAVEPOINT s
RELEASE SAVEPOINT s
PREPARE TRANSACTION 'x'
COMMIT PREPARED 'x'
START TRANSACTION READ WRITE, ISOLATION LEVEL SERIALIZABLE
SHOW row_security
SHOW is_superuser
UNLISTEN *
\copy retail.orders to stdout
\! id
\gexec
SELECT ?
SELECT :a, :'b', @c, #d
SELECT %s, %(x)s, {vector}, ${y}
SELECT $0
SELECT $2147483648
SELECT $1 WHERE $1 IS NOT DISTINCT FROM NULL
SELECT * FROM retail.orders WHERE order_id = $1 OR true
GO
BEGIN; SELECT 1; COMMIT
BEGIN ATOMIC SELECT 1; END
SELECT 1 UNION ALL; SELECT 2
WITH
SELECT * FROM
VALUES
TABLE
