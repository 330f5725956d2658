-- Attack texts, one a line, by family. Each tries, within one call, to see, leave, reach or exhaust what is not
-- its asker's; PostgreSQL refuses it, or it comes to nothing. Seattle is store 1.

-- family: identity
SELECT oid::regrole FROM pg_roles WHERE oid::regrole::text ~ '^[0-9a-f]{8}-'
SELECT acldefault('r', oid) FROM pg_roles
SELECT nspacl FROM pg_namespace WHERE nspname IN ('retail', 'zava')
SELECT attacl FROM pg_attribute WHERE attrelid = 'retail.stores'::regclass
SELECT polname, polqual FROM pg_policy
SELECT * FROM pg_policies
SELECT pg_get_functiondef('zava.who_am_i'::regproc)
SELECT max(ctid) FROM retail.orders
SELECT xmin, tableoid FROM retail.order_items LIMIT 1
SELECT set_config('app.current_rls_user_id', '00000000-0000-0000-0000-000000000000', false)
SELECT set_config('role', 'zava_owner', true), (SELECT count(*) FROM retail.orders WHERE store_id <> 1)
SELECT set_config('session_authorization', 'zava_head_office', false)
SELECT pg_catalog.set_config('row_security', 'off', false)
SELECT count(*) FROM retail.orders, LATERAL (SELECT set_config('role', 'zava_bellevue', true)) s
SET ROLE zava_head_office
SET SESSION AUTHORIZATION zava_bellevue
SET row_security = off
RESET SESSION AUTHORIZATION
SELECT count(*) FROM retail.orders WHERE store_id <> 1
SELECT count(*) FROM retail.order_items WHERE store_id <> 1
SELECT count(*) FROM retail.inventory WHERE store_id <> 1
SELECT count(*) FROM retail.customers c WHERE c.primary_store_id <> 1 AND NOT EXISTS (SELECT FROM retail.orders o WHERE o.customer_id = c.customer_id)
SELECT * FROM retail.orders WHERE 1 / (CASE WHEN store_id = 2 THEN 0 ELSE 1 END) = 1 AND store_id <> 1
SELECT * FROM retail.orders WHERE (CASE WHEN store_id <> 1 THEN ('leak' || order_id)::int ELSE 0 END) = 1
SELECT * FROM retail.order_items WHERE store_id <> 1 AND ln(total_amount - total_amount) = 0
SELECT count(*) FROM retail.customers WHERE zava.row_too_large(primary_store_id) AND primary_store_id = 2 AND NOT EXISTS (SELECT FROM retail.orders o WHERE o.customer_id = customers.customer_id)
SELECT count(*) FROM ONLY retail.orders WHERE store_id = 8
SELECT count(*) FROM retail.orders TABLESAMPLE SYSTEM (100) WHERE store_id <> 1
SELECT count(*) FROM retail.orders TABLESAMPLE BERNOULLI (100) REPEATABLE (1) WHERE store_id <> 1
SELECT count(*) FROM retail.orders WHERE ctid >= '(0,1)' AND store_id <> 1
SELECT count(*) FROM retail.orders a FULL JOIN retail.orders b ON a.order_id = b.order_id + 1 WHERE a.store_id <> 1 OR b.store_id <> 1
SELECT rls_user_id FROM retail.stores
SELECT * FROM retail.stores
SELECT s FROM retail.stores s
SELECT to_jsonb(s) FROM retail.stores s
SELECT (s).rls_user_id FROM retail.stores s
SELECT count(rls_user_id) FROM retail.stores
SELECT 1 FROM retail.stores WHERE rls_user_id IS NOT NULL
SELECT store_name FROM retail.stores ORDER BY rls_user_id
SELECT store_name FROM retail.stores NATURAL JOIN (SELECT 'f47ac10b-58cc-4372-a567-0e02b2c3d479'::uuid AS rls_user_id) x
SELECT store_id FROM retail.stores GROUP BY store_id, rls_user_id
TABLE retail.stores
TABLE zava.access
SELECT * FROM zava.access
SELECT count(*) FROM zava.access
SELECT login FROM zava.access WHERE false
SELECT ctid FROM zava.access
SELECT zava.admit('zava_seattle', 'f47ac10b-58cc-4372-a567-0e02b2c3d479', 'x', true, '{}')
SELECT count(*) FROM zava.who_am_i() w WHERE w.rls_user_id <> 'f47ac10b-58cc-4372-a567-0e02b2c3d479'
SELECT row_to_json(w) FROM zava.who_am_i() w WHERE all_stores
SELECT rolpassword FROM pg_authid
SELECT passwd FROM pg_shadow
SELECT usename, passwd FROM pg_user WHERE passwd <> '********'
SELECT pg_has_role('zava_owner', 'MEMBER')
SELECT stavalues1 FROM pg_statistic
SELECT tablename, attname, most_common_vals, n_distinct FROM pg_stats WHERE schemaname IN ('retail', 'zava')
SELECT * FROM pg_stats_ext WHERE schemaname = 'retail'
SELECT * FROM pg_statistic_ext_data
-- family: smuggling
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
-- family: side channels
SELECT currtid2('retail.orders', '(1,1)'::tid)
SELECT * FROM pg_locks
SELECT pg_tablespace_size('pg_default')
SELECT pg_current_wal_lsn()
SELECT * FROM pg_control_checkpoint()
SELECT pg_current_snapshot()
SELECT reltuples FROM pg_class WHERE relname = 'orders'
SELECT relpages, relallvisible FROM pg_class
SELECT c FROM pg_class c LIMIT 1
SELECT to_jsonb(c) FROM pg_class c LIMIT 1
SELECT relfilenode FROM pg_class
SELECT pg_relation_size('retail.orders')
SELECT pg_total_relation_size('retail.orders'::regclass)
SELECT pg_table_size('retail.order_items'), pg_indexes_size('retail.order_items')
SELECT pg_database_size(current_database())
SELECT pg_relation_filepath('retail.orders')
SELECT pg_relation_filenode('retail.orders')
SELECT * FROM pg_stat_user_tables
SELECT * FROM pg_stat_all_tables
SELECT * FROM pg_stat_xact_user_tables
SELECT * FROM pg_statio_user_tables
SELECT * FROM pg_stat_user_indexes
SELECT * FROM pg_statio_user_indexes
SELECT * FROM pg_stat_database
SELECT * FROM pg_stat_activity
SELECT * FROM pg_stat_io
SELECT * FROM pg_stat_wal
SELECT * FROM pg_stat_ssl
SELECT * FROM pg_stat_progress_vacuum
SELECT * FROM pg_stat_user_functions
SELECT pg_stat_get_live_tuples('retail.orders'::regclass)
SELECT pg_stat_get_tuples_inserted('retail.orders'::regclass)
SELECT pg_stat_get_numscans('retail.orders'::regclass)
SELECT pg_stat_get_backend_idset()
SELECT pg_stat_get_activity(NULL)
SELECT query_to_xml('SELECT * FROM retail.orders', true, false, '')
SELECT table_to_xml('retail.orders', true, false, '')
SELECT schema_to_xml('retail', true, false, '')
SELECT database_to_xml(true, false, '')
SELECT * FROM ts_stat('SELECT to_tsvector(store_name) FROM retail.stores')
SELECT ts_rewrite('a'::tsquery, 'SELECT ''a''::tsquery, ''b''::tsquery')
SELECT pg_column_toast_chunk_id(product_description) FROM retail.products
SELECT * FROM pg_backend_memory_contexts
SELECT * FROM pg_shmem_allocations
SELECT * FROM pg_toast.pg_toast_1255
SELECT pg_get_sequence_data('retail.orders')
SELECT count(*) FROM pg_prepared_statements
SELECT count(*) FROM pg_cursors
-- family: reach
SELECT pg_read_file('PG_VERSION')
SELECT pg_read_binary_file('PG_VERSION')
SELECT pg_ls_dir('.')
SELECT pg_ls_waldir()
SELECT pg_ls_logdir()
SELECT pg_stat_file('PG_VERSION')
SELECT pg_current_logfile()
SELECT * FROM pg_hba_file_rules
SELECT * FROM pg_file_settings
SELECT * FROM pg_config
SELECT lo_import('/etc/hostname')
SELECT lo_export(1, '/tmp/zava_attack')
SELECT * FROM dblink('dbname=postgres', 'SELECT 1') AS t(a int)
SELECT * FROM postgres.public.x
SELECT pg_reload_conf()
SELECT pg_rotate_logfile()
SELECT pg_switch_wal()
SELECT pg_create_restore_point('x')
SELECT pg_promote()
SELECT pg_terminate_backend(pg_backend_pid())
SELECT pg_cancel_backend(pg_backend_pid())
SELECT pg_log_backend_memory_contexts(pg_backend_pid())
SELECT pg_create_physical_replication_slot('x')
SELECT pg_drop_replication_slot('x')
SELECT pg_import_system_collations('public')
SELECT binary_upgrade_set_next_pg_type_oid(1)
SELECT plpgsql_call_handler()
SELECT current_setting('data_directory')
SELECT current_setting('hba_file')
LOAD 'plpgsql'
-- family: leftovers
SELECT setseed(0.5)
SELECT pg_advisory_lock(1)
SELECT pg_try_advisory_lock_shared(1, 2)
SELECT pg_advisory_xact_lock(7283415)
SELECT pg_notify('zava_schema_changed', 'x')
SELECT pg_logical_emit_message(false, 'a', 'b')
SELECT pg_logical_emit_message(true, 'a', 'b', true)
SELECT txid_current()
SELECT pg_current_xact_id()
SELECT pg_export_snapshot()
SELECT lo_create(0)
SELECT lo_from_bytea(0, 'x')
SELECT lo_creat(-1)
SELECT nextval('retail.x')
SELECT setval('pg_class', 1)
SELECT lastval()
SELECT pg_stat_reset()
SELECT pg_stat_reset_shared('io')
SELECT pg_clear_relation_stats('retail', 'orders')
SELECT pg_restore_relation_stats('schemaname', 'retail', 'relname', 'orders', 'relpages', 1)
SELECT brin_summarize_new_values('retail.orders_pkey')
SELECT gin_clean_pending_list('retail.orders_pkey')
SELECT pg_nextoid('pg_class', 'oid', 'pg_class_oid_index')
LISTEN x
NOTIFY zava_schema_changed
LOCK TABLE retail.orders IN ACCESS SHARE MODE
CREATE TEMP TABLE t (a int)
CREATE TEMP VIEW v AS SELECT 1
ALTER ROLE zava_seattle SET statement_timeout = 0
ALTER ROLE zava_seattle PASSWORD 'x'
COMMENT ON TABLE retail.orders IS 'x'
ANALYZE retail.orders
REFRESH MATERIALIZED VIEW x
DISCARD ALL
DEALLOCATE ALL
UPDATE pg_settings SET setting = 0 WHERE name = 'statement_timeout' RETURNING *
-- family: exhaustion
SELECT pg_sleep(3600)
SELECT pg_sleep_for('1 hour')
SELECT pg_sleep_until('infinity')
SELECT repeat(repeat('x', 1000000), 50)
SELECT repeat(repeat('x', 1000000), 2) FROM generate_series(1, 1000)
SELECT repeat('x', 2000000000)
SELECT repeat('x', 900000) FROM generate_series(1, 1000)
SELECT array_fill(0, ARRAY[10000000])
SELECT array_fill(NULL::int, ARRAY[1400]) FROM generate_series(1, 1000)
SELECT string_agg(g::text, ',') FROM generate_series(1, 1000000) g
SELECT jsonb_agg(g) FROM generate_series(1, 500000) g
SELECT array_agg(p) FROM retail.products p, generate_series(1, 100)
SELECT g FROM generate_series(1, 1000000000) g
SELECT E'\x01' || repeat(E'\x01', 900000) FROM generate_series(1, 100)
SELECT ('1' || repeat('0', 131000))::numeric FROM generate_series(1, 100)
SELECT 1e131071::numeric * 10
SELECT (repeat('[', 10000) || repeat(']', 10000))::json
SELECT (repeat('[', 100000) || repeat(']', 100000))::jsonb
SELECT repeat('(', 5000) || repeat(')', 5000)
SELECT 'infinity'::date, '-infinity'::timestamptz, 'NaN'::numeric, 'NaN'::float8, '0044-03-15 BC'::date, '4713-01-01 BC'::timestamptz
SELECT '[0:1][-1:0]={{1,2},{3,NULL}}'::int[], ARRAY['NULL', NULL, 'a"b', '{x}', '\', '']::text[]
SELECT '{"a":1,"a":2,"b":1.0000000000000000000001,"c":12345678901234567890}'::json
SELECT power(10::numeric, 100000)
SELECT ('a' || repeat('a', 30000)) ~ '^(a+)+$b'
SELECT * FROM generate_series(1, 10, 0)
