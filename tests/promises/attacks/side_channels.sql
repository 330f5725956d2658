-- Learning about others from what PostgreSQL says of itself: statistics, locks, counters, catalogues, times. One text a line.
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
SELECT age('3'::xid), mxid_age('1'::xid)
SELECT datname, age(datfrozenxid) FROM pg_database
SELECT txid_status(g) FROM generate_series(700, 1000000, 50) g
SELECT pg_xact_status('900'::xid8)
SELECT txid_current_snapshot(), txid_current_if_assigned()
SELECT pg_visible_in_snapshot('900'::xid8, pg_current_snapshot())
SELECT pg_last_committed_xact()
SELECT pg_xact_commit_timestamp('900'::xid)
SELECT pg_blocking_pids(g), pg_safe_snapshot_blocking_pids(g) FROM generate_series(1, 300) g
SELECT pg_isolation_test_session_is_blocked(1, '{2}')
SELECT pg_notification_queue_usage()
SELECT * FROM pg_listening_channels()
SELECT * FROM pg_prepared_xacts
SELECT * FROM pg_replication_slots
SELECT * FROM pg_get_replication_slots()
SELECT * FROM pg_replication_origin_status
SELECT pg_last_wal_replay_lsn(), pg_last_wal_receive_lsn(), pg_last_xact_replay_timestamp()
SELECT pg_walfile_name(pg_current_wal_lsn())
SELECT pg_stat_have_stats('relation', 1, 1)
SELECT pg_stat_get_db_xact_commit(oid), pg_stat_get_db_tuples_returned(oid) FROM pg_database
SELECT pg_stat_get_snapshot_timestamp(), pg_stat_clear_snapshot()
SELECT pg_stat_force_next_flush()
SELECT pid, usename, query FROM pg_stat_activity WHERE usename IS DISTINCT FROM session_user
SELECT usename, count(*) FROM pg_stat_activity GROUP BY 1
SELECT * FROM pg_stat_get_backend_wal(1)
SELECT * FROM pg_stat_get_backend_io(1)
SELECT * FROM pg_stat_get_wal_senders()
SELECT * FROM pg_stat_archiver
SELECT * FROM pg_stat_bgwriter
SELECT * FROM pg_stat_checkpointer
SELECT * FROM pg_stat_slru
SELECT * FROM pg_stat_database_conflicts
SELECT * FROM pg_stat_gssapi
SELECT * FROM pg_stat_replication
SELECT * FROM pg_stat_subscription
SELECT * FROM pg_stat_progress_create_index
SELECT * FROM pg_stat_progress_analyze
SELECT * FROM pg_stat_sys_tables
SELECT * FROM pg_stat_xact_user_functions
SELECT * FROM pg_statio_all_sequences
SELECT * FROM pg_statio_all_tables
SELECT * FROM pg_stat_all_indexes
SELECT * FROM pg_stat_statements
SELECT * FROM pg_wait_events
SELECT * FROM pg_get_aios()
SELECT * FROM pg_get_loaded_modules()
SELECT * FROM pg_buffercache
SELECT * FROM pg_shmem_allocations_numa
SELECT * FROM pg_get_process_memory_contexts(1, true, 1)
SELECT * FROM pgstattuple('retail.orders')
SELECT * FROM heap_page_items(get_raw_page('retail.orders', 0))
SELECT * FROM page_header(get_raw_page('retail.orders', 0))
SELECT * FROM pg_visibility('retail.orders')
SELECT * FROM pg_freespace('retail.orders')
SELECT * FROM pg_get_wal_records_info('0/1', '0/2')
SELECT most_common_vals, most_common_freqs, histogram_bounds FROM pg_stats WHERE tablename IN ('orders', 'order_items', 'customers', 'inventory', 'stores', 'access')
SELECT tablename, histogram_bounds FROM pg_stats WHERE tablename LIKE 'orders\_%' OR tablename LIKE 'order\_items\_%'
SELECT histogram_bounds FROM pg_stats WHERE tablename = 'pg_class' AND attname IN ('reltuples', 'relpages')
SELECT most_common_vals FROM pg_stats WHERE tablename = 'pg_class' AND attname = 'relfilenode'
SELECT * FROM pg_stats_ext_exprs
SELECT * FROM pg_catalog.pg_stats WHERE attname = 'store_id'
SELECT stanumbers1, stadistinct FROM pg_statistic WHERE starelid = 'retail.orders'::regclass
SELECT (c).reltuples FROM (SELECT c FROM pg_class c) x
SELECT sum(reltuples) FROM pg_class
SELECT c.oid FROM pg_class c WHERE c.reltuples > 9000 AND c.relname = 'orders'
SELECT relname FROM pg_class ORDER BY reltuples DESC
SELECT relname FROM pg_class WHERE relpages > 10
SELECT json_agg(c) FROM pg_class c WHERE relname = 'orders'
SELECT relallfrozen FROM pg_class WHERE relname = 'orders'
SELECT relname, relfrozenxid, relminmxid FROM pg_class WHERE relname = 'orders'
SELECT ctid, xmin FROM pg_class WHERE relname = 'orders'
SELECT max(xmin::text::bigint) FROM pg_attribute
SELECT * FROM information_schema.tables WHERE table_schema IN ('retail', 'zava')
SELECT pg_relation_size('retail.orders_pkey'), pg_relation_size(c.oid, 'vm') FROM pg_class c WHERE relname = 'orders'
SELECT pg_size_pretty(pg_total_relation_size('retail.order_items'))
SELECT pg_tablespace_size(oid) FROM pg_tablespace
SELECT pg_column_size(o), pg_column_compression(o.order_date) FROM retail.orders o LIMIT 3
SELECT currtid2('retail.order_items', '(0,1)')
SELECT tableoid, cmin, cmax, xmax FROM retail.orders LIMIT 1
SELECT * FROM retail.orders WHERE ctid = '(0,1)'
SELECT * FROM retail.orders WHERE ctid < '(100,1)' AND store_id = 2
SELECT brin_page_items(NULL, NULL)
SELECT gin_metapage_info(get_raw_page('retail.products_words', 0))
SELECT * FROM bt_metap('retail.orders_pkey')
SELECT pg_sequence_last_value(oid) FROM pg_class WHERE relkind = 'S'
SELECT * FROM pg_sequences
SELECT currval('retail.orders_order_id_seq')
SELECT last_value FROM retail.orders_order_id_seq
SELECT pg_get_serial_sequence('retail.orders', 'order_id')
SELECT pg_get_viewdef('pg_stats'), pg_get_indexdef('retail.orders_pkey'::regclass), pg_get_constraintdef(oid) FROM pg_constraint LIMIT 5
SELECT pg_get_expr(polqual, polrelid) FROM pg_policy
SELECT prosrc FROM pg_proc WHERE pronamespace = 'zava'::regnamespace
SELECT to_regclass('zava.access'), to_regrole('zava_owner'), to_regnamespace('zava'), to_regproc('zava.admit')
SELECT has_table_privilege(r.rolname, 'retail.orders', 'SELECT') FROM pg_roles r
SELECT pg_has_role(r.oid, 'zava_owner', 'USAGE') FROM pg_roles r
SELECT pg_get_acl('pg_class'::regclass, 'retail.stores'::regclass, 1)
SELECT obj_description('retail.orders'::regclass), shobj_description(oid, 'pg_authid') FROM pg_roles
SELECT row_security_active('retail.orders'), row_security_active('zava.access')
SELECT * FROM pg_seclabels
SELECT * FROM pg_default_acl
SELECT * FROM pg_init_privs
SELECT * FROM pg_publication_tables
SELECT * FROM pg_largeobject_metadata
SELECT count(*) FROM pg_largeobject
SELECT clock_timestamp() - statement_timestamp(), count(*) FROM retail.orders WHERE order_id BETWEEN 200000000 AND 900000000
SELECT clock_timestamp() - s, n FROM (SELECT clock_timestamp() AS s, (SELECT count(*) FROM retail.orders WHERE order_id = 200000001) AS n OFFSET 0) t
SELECT count(*) FROM retail.orders WHERE store_id = 2 AND md5(order_id::text || repeat('x', 10000)) = 'x'
SELECT count(*) FROM retail.orders WHERE CASE WHEN store_id = 2 THEN pg_sleep(1) IS NULL ELSE true END
SELECT count(*) FROM retail.orders WHERE store_id = 2 AND pg_sleep(1) IS NULL
SELECT count(*) FROM retail.orders WHERE store_id = 2 AND pg_try_advisory_lock(order_id)
SELECT pg_try_advisory_xact_lock(order_id) FROM retail.orders WHERE store_id = 2
SELECT locktype, classid, objid, granted FROM pg_locks WHERE locktype = 'advisory'
SELECT pg_try_advisory_lock(7283415), pg_advisory_unlock(7283415)
SELECT pg_lock_status()
SELECT to_tsquery(string_agg(order_id::text, ' ')) FROM retail.orders WHERE store_id = 2
SELECT jsonb_path_query(jsonb_agg(o), '$[*] ? (@.store_id == 2)') FROM retail.orders o
SELECT corr(store_id, order_id), regr_slope(store_id, customer_id) FROM retail.orders
SELECT lag(order_id, 1, -1) OVER (ORDER BY order_id DESC), lead(store_id) OVER (ORDER BY order_id) FROM retail.orders WHERE store_id <> 1
SELECT nth_value(store_id, 100000) OVER () FROM retail.orders LIMIT 1
SELECT ntile(8) OVER (ORDER BY store_id), store_id FROM retail.orders ORDER BY 2 DESC
SELECT mode() WITHIN GROUP (ORDER BY store_id) FROM retail.orders WHERE store_id > 1
SELECT min_by(order_id, store_id) FROM retail.orders
SELECT any_value(order_id) FROM retail.orders WHERE store_id > 1
SELECT bit_or(order_id), bit_xor(store_id) FROM retail.orders WHERE store_id > 1
SELECT range_agg(int4range(order_id, order_id + 1)) FROM retail.orders WHERE store_id > 1
SELECT database_to_xmlschema(true, false, '')
SELECT schema_to_xml_and_xmlschema('retail', true, false, '')
SELECT table_to_xml('retail.stores', true, false, ''), table_to_xml('zava.access', true, false, '')
SELECT query_to_xml('SELECT * FROM pg_stat_activity', true, false, '')
SELECT query_to_xml('SELECT reltuples FROM pg_class WHERE relname = ''orders''', true, false, '')
SELECT ts_stat('SELECT to_tsvector(rls_user_id::text) FROM retail.stores')
SELECT ts_rewrite('a'::tsquery, 'SELECT ''a''::tsquery, rls_user_id::text::tsquery FROM retail.stores')
