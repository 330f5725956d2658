-- Leaving something for the next call of the same process, or for anybody. One text a line.
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
SELECT set_config('statement_timeout', '0', false), set_config('transaction_timeout', '0', false)
SELECT set_config('statement_timeout', '1', false)
SELECT set_config('idle_in_transaction_session_timeout', '1', false), set_config('idle_session_timeout', '1', false)
SELECT set_config('client_connection_check_interval', '0', false), set_config('lock_timeout', '1', false)
SELECT set_config('client_encoding', 'LATIN1', false), U&'\00e9'
SELECT set_config('client_encoding', 'EUC_JP', false), U&'\3042'
SELECT set_config('client_encoding', 'SQL_ASCII', true), U&'\00e9'
SELECT set_config('client_encoding', 'LATIN1', true), 1 AS "é"
SELECT set_config('standard_conforming_strings', 'off', false), '\'
SELECT set_config('DateStyle', 'German, DMY', false), set_config('IntervalStyle', 'postgres_verbose', false), now(), interval '1 day'
SELECT set_config('TimeZone', 'Asia/Tokyo', false), now()
SELECT set_config('extra_float_digits', '-15', false), 1e-300::float8, set_config('bytea_output', 'escape', false), '\x00ff'::bytea
SELECT set_config('work_mem', '2GB', false), set_config('temp_file_limit', '-1', false)
SELECT set_config('max_parallel_workers_per_gather', '1000', false), set_config('enable_seqscan', 'off', false)
SELECT set_config('search_path', 'pg_catalog', false), set_config('default_tablespace', 'x', false)
SELECT set_config('session_replication_role', 'replica', false)
SELECT set_config('log_statement', 'none', false)
SELECT set_config('application_name', 'psql', false)
SELECT set_config('exit_on_error', 'on', false), 1 / 0
SELECT set_config('transaction_isolation', 'serializable', true)
SELECT set_config('a.b', repeat('x', 1000000), false)
SELECT setseed(0.1), random(), setseed(0.1), random()
SELECT random_normal(), setseed(-1)
SELECT pg_advisory_lock_shared(1, 1), pg_advisory_lock(g) FROM generate_series(1, 50) g
SELECT pg_try_advisory_lock(1), 1 / 0
SELECT pg_advisory_xact_lock_shared(7283415), pg_try_advisory_xact_lock(7283416)
SELECT pg_advisory_unlock_all(), pg_advisory_unlock(7283415)
SELECT pg_notify('zava_schema_changed', g::text) FROM generate_series(1, 100) g
SELECT pg_notify(repeat('x', 63), repeat('y', 7999))
SELECT pg_export_snapshot(), pg_export_snapshot()
SELECT pg_current_xact_id(), txid_current(), pg_current_xact_id_if_assigned()
SELECT pg_logical_emit_message(false, 'zava', repeat('x', 100000)) FROM generate_series(1, 20)
SELECT pg_logical_emit_message(true, 'zava', 'x'), 1 / 0
SELECT lo_create(4711), lo_put(4711, 0, 'zava')
SELECT lo_from_bytea(4712, decode(repeat('00', 100000), 'hex'))
SELECT lo_import('/dev/null'), lo_creat(131072)
SELECT nextval('retail.orders_order_id_seq'), setval('retail.orders_order_id_seq', 1)
SELECT pg_switch_wal(), pg_create_restore_point('zava')
SELECT pg_restore_attribute_stats('schemaname', 'retail', 'relname', 'orders', 'attname', 'store_id', 'inherited', false, 'n_distinct', 1::real)
SELECT pg_clear_attribute_stats('retail', 'orders', 'store_id', false)
SELECT pg_set_relation_stats('retail.orders', 1)
SELECT pg_stat_force_next_flush(), pg_stat_clear_snapshot()
SELECT brin_summarize_range('retail.orders_pkey', 0)
SELECT pg_truncate_visibility_map('retail.orders')
SELECT pg_jit_available(), pg_my_temp_schema()
SELECT query_to_xml('SELECT pg_advisory_lock(1)', false, false, '')
SELECT query_to_xml('SELECT set_config(''search_path'', ''pg_catalog'', false)', false, false, '')
SELECT query_to_xml('CREATE TEMP TABLE t (a int)', false, false, '')
SELECT query_to_xml('SAVEPOINT s', false, false, '')
SELECT 1 / 0
SELECT raise_application_error(1)
SELECT 'x'::regrole, 'x'::regclass
SELECT NULL::void FROM pg_sleep(0.01)
SELECT '(1,2'::point
PREPARE zava AS SELECT 1
DEALLOCATE PREPARE zava
DISCARD PLANS
DISCARD SEQUENCES
DISCARD TEMP
LISTEN zava_schema_changed
UNLISTEN zava_schema_changed
NOTIFY zava_schema_changed, 'x'
DECLARE c BINARY SCROLL CURSOR WITH HOLD FOR SELECT 1
CREATE TEMP SEQUENCE s
CREATE TEMP TABLE t ON COMMIT PRESERVE ROWS AS SELECT 1
CREATE SCHEMA x
ALTER ROLE CURRENT_USER SET search_path = pg_catalog
ALTER ROLE CURRENT_USER CONNECTION LIMIT 0
ALTER ROLE CURRENT_USER VALID UNTIL '2000-01-01'
ALTER ROLE CURRENT_USER RENAME TO x
ALTER DATABASE zava SET row_security = off
ALTER TABLE retail.orders OWNER TO CURRENT_USER
ALTER DEFAULT PRIVILEGES GRANT SELECT ON TABLES TO PUBLIC
COMMENT ON ROLE CURRENT_USER IS 'x'
GRANT SELECT ON retail.orders TO PUBLIC
REVOKE SELECT ON retail.orders FROM CURRENT_USER
CREATE STATISTICS x ON store_id, customer_id FROM retail.orders
CREATE PUBLICATION p FOR ALL TABLES
CREATE TRIGGER t AFTER INSERT ON retail.orders EXECUTE FUNCTION f()
CREATE RULE r AS ON SELECT TO retail.orders DO INSTEAD NOTHING
CREATE CAST (int AS text) WITHOUT FUNCTION
CREATE AGGREGATE public.zava (int) (SFUNC = int4pl, STYPE = int)
LOCK TABLE retail.orders IN ACCESS EXCLUSIVE MODE NOWAIT
LOCK TABLE pg_class
