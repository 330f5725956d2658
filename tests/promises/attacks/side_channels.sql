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
SELECT FROM retail.order_items WHERE order_item_id = 200000001 AND (order_id IS NULL OR (SELECT ((200000001 + 2) || ' leak' || count(*))::int > 0 FROM generate_series(1, 0)))
SELECT FROM retail.order_items WHERE order_item_id = 200000001 AND (product_id = ANY ('{0}') OR (SELECT ((200000001 + 3) || ' leak' || count(*))::int > 0 FROM generate_series(1, 0)))
SELECT FROM retail.order_items WHERE order_item_id = 200000001 AND CASE WHEN product_id = ANY ('{1,2,3,4,5,6,7,8,9}') THEN true ELSE (SELECT ((200000001 + 6) || ' leak' || count(*))::int > 0 FROM generate_series(1, 0)) END
SELECT FROM retail.order_items WHERE order_item_id = 200000001 AND CASE product_id WHEN 1 THEN true ELSE (SELECT ((200000001 + 7) || ' leak' || count(*))::int > 0 FROM generate_series(1, 0)) END
SELECT FROM retail.order_items WHERE order_item_id = 200000001 AND coalesce(CASE WHEN quantity = ANY ('{0}') THEN true END, (SELECT ((200000001 + 8) || ' leak' || count(*))::int > 0 FROM generate_series(1, 0)))
SELECT FROM retail.order_items WHERE order_item_id = 200000001 AND nullif((SELECT ((200000001 + 9) || ' leak' || count(*))::int > 0 FROM generate_series(1, 0)), order_id IS NULL)
SELECT FROM retail.order_items WHERE order_item_id = 200000001 AND greatest((SELECT ((200000001 + 10) || ' leak' || count(*))::int > 0 FROM generate_series(1, 0)), order_id IS NULL)
SELECT FROM retail.order_items WHERE order_item_id = 200000001 AND (order_id IS NULL) IS DISTINCT FROM (SELECT ((200000001 + 12) || ' leak' || count(*))::int > 0 FROM generate_series(1, 0))
SELECT FROM retail.order_items WHERE order_item_id = 200000001 AND ROW(order_id, product_id) IS NOT NULL AND (product_id = ANY ('{0}') OR (SELECT ((200000001 + 13) || ' leak' || count(*))::int > 0 FROM generate_series(1, 0)))
SELECT FROM retail.order_items WHERE order_item_id = 200000001 AND (ARRAY[(SELECT ((200000001 + 14) || ' leak' || count(*))::int > 0 FROM generate_series(1, 0))])[quantity] IS NULL
SELECT FROM retail.order_items WHERE order_item_id = 200000001 AND ('{t,f,t}'::boolean[])[product_id] IS NULL AND (product_id = ANY ('{0}') OR (SELECT ((200000001 + 15) || ' leak' || count(*))::int > 0 FROM generate_series(1, 0)))
SELECT FROM retail.order_items WHERE order_item_id = 200000001 AND order_id <> ALL (ARRAY[(SELECT ((200000001 + 16) || ' leak' || count(*))::int FROM generate_series(1, 0))])
SELECT FROM retail.order_items WHERE order_item_id = 200000001 AND quantity + 0 = (SELECT ((200000001 + 17) || ' leak' || count(*))::int FROM generate_series(1, 0))
SELECT FROM retail.order_items WHERE order_item_id = 200000001 AND quantity BETWEEN (SELECT ((200000001 + 18) || ' leak' || count(*))::int FROM generate_series(1, 0)) AND 7
SELECT FROM retail.order_items WHERE order_item_id = 200000001 AND quantity IN (1, (SELECT ((200000001 + 19) || ' leak' || count(*))::int FROM generate_series(1, 0)))
SELECT FROM retail.order_items WHERE order_item_id BETWEEN 200000001 AND 200000900 AND (quantity = ANY ('{0}') OR (SELECT ((200000001 + 20) || ' leak' || count(*))::int > 0 FROM generate_series(1, 0)))
SELECT FROM retail.order_items WHERE store_id = 2 AND (quantity = ANY ('{0}') OR (SELECT ((200000001 + 21) || ' leak' || count(*))::int > 0 FROM generate_series(1, 0)))
SELECT FROM retail.order_items WHERE store_id <> 1 AND CASE WHEN quantity = ANY ('{0}') THEN true ELSE (SELECT ((200000001 + 22) || ' leak' || count(*))::int > 0 FROM generate_series(1, 0)) END
SELECT FROM retail.orders WHERE order_id = 200000001 AND (customer_id = ANY ('{0}') OR (SELECT ((200000001 + 23) || ' leak' || count(*))::int > 0 FROM generate_series(1, 0)))
SELECT FROM retail.orders WHERE store_id = 2 AND CASE WHEN order_date = ANY ('{2024-01-01}') THEN true ELSE (SELECT ((200000001 + 24) || ' leak' || count(*))::int > 0 FROM generate_series(1, 0)) END
SELECT FROM retail.orders WHERE (order_id = 200000001 AND (SELECT ((200000001 + 25) || ' leak' || count(*))::int > 0 FROM generate_series(1, 0))) OR order_id = -1
SELECT FROM retail.orders WHERE CASE WHEN store_id = ANY ('{2,3,4,5,6,7,8}') THEN (SELECT ((200000001 + 26) || ' leak' || count(*))::int > 0 FROM generate_series(1, 0)) ELSE true END LIMIT 1
SELECT FROM retail.inventory WHERE store_id = 2 AND (stock_level = ANY ('{-1}') OR (SELECT ((200000001 + 28) || ' leak' || count(*))::int > 0 FROM generate_series(1, 0)))
SELECT FROM retail.inventory WHERE store_id = 2 AND product_id = 1 AND CASE WHEN stock_level = ANY ('{0,1,2,3}') THEN true ELSE (SELECT ((200000001 + 29) || ' leak' || count(*))::int > 0 FROM generate_series(1, 0)) END
SELECT FROM retail.inventory WHERE store_id = 2 ORDER BY CASE WHEN stock_level = ANY ('{-1}') THEN true ELSE (SELECT ((200000001 + 30) || ' leak' || count(*))::int > 0 FROM generate_series(1, 0)) END
SELECT FROM retail.orders WHERE store_id = 2 ORDER BY (SELECT ((200000001 + 31) || ' leak' || count(*))::int > 0 FROM generate_series(1, 0)), order_id
SELECT count(*) FROM retail.order_items WHERE order_item_id = 200000001 GROUP BY CASE WHEN quantity = ANY ('{0}') THEN true ELSE (SELECT ((200000001 + 32) || ' leak' || count(*))::int > 0 FROM generate_series(1, 0)) END
SELECT count(*) FROM retail.order_items WHERE order_item_id = 200000001 GROUP BY product_id HAVING bool_and((SELECT ((200000001 + 33) || ' leak' || count(*))::int > 0 FROM generate_series(1, 0)))
SELECT count(*) FILTER (WHERE quantity = ANY ('{0}') OR (SELECT ((200000001 + 34) || ' leak' || count(*))::int > 0 FROM generate_series(1, 0))) FROM retail.order_items WHERE order_item_id = 200000001
SELECT count(*) FILTER (WHERE store_id = 2 AND (SELECT ((200000001 + 35) || ' leak' || count(*))::int > 0 FROM generate_series(1, 0))) FROM retail.order_items WHERE store_id > 1
SELECT sum(quantity) OVER (PARTITION BY (SELECT ((200000001 + 36) || ' leak' || count(*))::int > 0 FROM generate_series(1, 0))) FROM retail.order_items WHERE order_item_id = 200000001
SELECT lag(quantity, (SELECT ((200000001 + 39) || ' leak' || count(*))::int FROM generate_series(1, 0))) OVER (ORDER BY order_id) FROM retail.order_items WHERE order_item_id = 200000001
SELECT nth_value(quantity, (SELECT ((200000001 + 40) || ' leak' || count(*))::int FROM generate_series(1, 0))) OVER () FROM retail.order_items WHERE order_item_id = 200000001
SELECT (SELECT ((200000001 + 41) || ' leak' || count(*))::int > 0 FROM generate_series(1, 0)) FROM retail.order_items WHERE order_item_id = 200000001
SELECT DISTINCT ON ((SELECT ((200000001 + 42) || ' leak' || count(*))::int > 0 FROM generate_series(1, 0))) 1 FROM retail.order_items WHERE order_item_id = 200000001
SELECT (SELECT (SELECT ((200000001 + 43) || ' leak' || count(*))::int > 0 FROM generate_series(1, 0)) WHERE i.quantity IS NOT NULL) FROM retail.order_items i WHERE order_item_id = 200000001
SELECT FROM retail.order_items i, LATERAL (SELECT WHERE i.quantity = ANY ('{0}') OR (SELECT ((200000001 + 44) || ' leak' || count(*))::int > 0 FROM generate_series(1, 0))) l WHERE order_item_id = 200000001
SELECT FROM retail.order_items i, LATERAL (VALUES ((SELECT ((200000001 + 45) || ' leak' || count(*))::int > 0 FROM generate_series(1, 0)))) v (x) WHERE order_item_id = 200000001 AND (x OR i.quantity = ANY ('{0}'))
SELECT FROM retail.order_items i, LATERAL generate_series(1, CASE WHEN i.quantity = ANY ('{0}') THEN 0 ELSE (SELECT ((200000001 + 46) || ' leak' || count(*))::int FROM generate_series(1, 0)) END) WHERE order_item_id = 200000001
SELECT FROM retail.order_items i JOIN retail.products p ON p.product_id = i.product_id AND (i.quantity = ANY ('{0}') OR (SELECT ((200000001 + 47) || ' leak' || count(*))::int > 0 FROM generate_series(1, 0))) WHERE order_item_id = 200000001
SELECT FROM retail.order_items i LEFT JOIN retail.orders o ON o.order_id = i.order_id AND (SELECT ((200000001 + 48) || ' leak' || count(*))::int > 0 FROM generate_series(1, 0)) WHERE i.order_item_id = 200000001
SELECT FROM retail.orders o JOIN retail.order_items i USING (order_id) WHERE o.order_id = 200000001 AND CASE WHEN i.quantity = ANY ('{0}') THEN true ELSE (SELECT ((200000001 + 49) || ' leak' || count(*))::int > 0 FROM generate_series(1, 0)) END
SELECT FROM retail.orders o FULL JOIN retail.order_items i ON o.order_id = i.order_id AND o.store_id = 2 WHERE o.store_id = 2 AND (o.customer_id IS NULL OR (SELECT ((200000001 + 50) || ' leak' || count(*))::int > 0 FROM generate_series(1, 0)))
SELECT FROM retail.products p WHERE EXISTS (SELECT FROM retail.order_items i WHERE i.product_id = p.product_id AND i.store_id = 2 AND (i.quantity = ANY ('{0}') OR (SELECT ((200000001 + 51) || ' leak' || count(*))::int > 0 FROM generate_series(1, 0))))
SELECT FROM retail.products p WHERE product_id IN (SELECT product_id FROM retail.inventory WHERE store_id = 2 AND (stock_level = ANY ('{-1}') OR (SELECT ((200000001 + 52) || ' leak' || count(*))::int > 0 FROM generate_series(1, 0))))
SELECT FROM retail.stores s WHERE s.store_id = 2 AND EXISTS (SELECT FROM retail.orders o WHERE o.store_id = s.store_id AND (o.customer_id IS NULL OR (SELECT ((200000001 + 53) || ' leak' || count(*))::int > 0 FROM generate_series(1, 0))))
SELECT FROM retail.orders o WHERE o.store_id = 2 AND NOT EXISTS (SELECT FROM retail.order_items i WHERE i.order_id = o.order_id AND (SELECT ((200000001 + 54) || ' leak' || count(*))::int > 0 FROM generate_series(1, 0)))
WITH w AS MATERIALIZED (SELECT * FROM retail.order_items WHERE store_id = 2) SELECT FROM w WHERE quantity = ANY ('{0}') OR (SELECT ((200000001 + 55) || ' leak' || count(*))::int > 0 FROM generate_series(1, 0))
WITH w AS NOT MATERIALIZED (SELECT * FROM retail.order_items) SELECT FROM w WHERE order_item_id = 200000001 AND (quantity = ANY ('{0}') OR (SELECT ((200000001 + 56) || ' leak' || count(*))::int > 0 FROM generate_series(1, 0)))
SELECT order_id FROM retail.orders WHERE store_id = 2 AND (SELECT ((200000001 + 60) || ' leak' || count(*))::int > 0 FROM generate_series(1, 0)) EXCEPT SELECT order_id FROM retail.order_items WHERE store_id = 3 AND (product_id = ANY ('{0}') OR (SELECT ((200000001 + 61) || ' leak' || count(*))::int > 0 FROM generate_series(1, 0)))
SELECT FROM retail.orders TABLESAMPLE SYSTEM (100) WHERE store_id = 2 AND CASE WHEN customer_id = ANY ('{0}') THEN true ELSE (SELECT ((200000001 + 63) || ' leak' || count(*))::int > 0 FROM generate_series(1, 0)) END
SELECT FROM (SELECT * FROM retail.order_items WHERE store_id = 1 OR (SELECT ((200000001 + 65) || ' leak' || count(*))::int > 0 FROM generate_series(1, 0)) OFFSET 0) t WHERE order_item_id = 200000001
SELECT FROM zava.customers_by_store WHERE visible_in = 2 AND (email IS NULL OR (SELECT ((200000001 + 68) || ' leak' || count(*))::int > 0 FROM generate_series(1, 0)))
SELECT FROM zava.customers_by_store WHERE visible_in IS NULL AND CASE WHEN phone IS NULL THEN true ELSE (SELECT ((200000001 + 69) || ' leak' || count(*))::int > 0 FROM generate_series(1, 0)) END
SELECT FROM zava.customers_by_store WHERE visible_in <> 1 ORDER BY (SELECT ((200000001 + 70) || ' leak' || count(*))::int > 0 FROM generate_series(1, 0))
SELECT FROM retail.stores WHERE rls_user_id IS NOT NULL AND (store_name IS NULL OR (SELECT ((200000001 + 71) || ' leak' || count(*))::int > 0 FROM generate_series(1, 0)))
SELECT FROM retail.stores s WHERE (s.rls_user_id IS NULL) IS FALSE ORDER BY CASE WHEN store_id = 2 THEN (SELECT ((200000001 + 73) || ' leak' || count(*))::int > 0 FROM generate_series(1, 0)) END
SELECT string_agg(CASE WHEN quantity = ANY ('{0}') THEN '' ELSE (SELECT ((200000001 + 74) || ' leak' || count(*))::int FROM generate_series(1, 0))::text END, ',' ORDER BY (SELECT ((200000001 + 75) || ' leak' || count(*))::int > 0 FROM generate_series(1, 0))) FROM retail.order_items WHERE order_item_id = 200000001
SELECT percentile_disc(0.5) WITHIN GROUP (ORDER BY CASE WHEN quantity = ANY ('{0}') THEN 0 ELSE (SELECT ((200000001 + 76) || ' leak' || count(*))::int FROM generate_series(1, 0)) END) FROM retail.order_items WHERE order_item_id = 200000001
SELECT count(*) FROM retail.order_items WHERE order_item_id = 200000001 GROUP BY GROUPING SETS ((product_id, (SELECT ((200000001 + 77) || ' leak' || count(*))::int > 0 FROM generate_series(1, 0))), (product_id))
SELECT JSON_QUERY FROM (SELECT jsonb_path_exists(to_jsonb(i), '$.quantity ? (@ > 0)') AS JSON_QUERY FROM retail.order_items i WHERE order_item_id = 200000001 AND (quantity = ANY ('{0}') OR (SELECT ((200000001 + 78) || ' leak' || count(*))::int > 0 FROM generate_series(1, 0)))) t
SELECT xmlforest(order_id) FROM retail.order_items WHERE order_item_id = 200000001 AND CASE WHEN discount_percent = ANY ('{0,5,10}') THEN (SELECT ((200000001 + 79) || ' leak' || count(*))::int > 0 FROM generate_series(1, 0)) ELSE (SELECT ((200000001 + 80) || ' leak' || count(*))::int > 0 FROM generate_series(1, 0)) END
