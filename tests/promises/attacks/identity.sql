-- Becoming somebody else, or learning who the others are. One text a line; {3 times x} stands for xxx; Seattle is store 1.
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
SELECT zava.entry(), zava.entry_now()
SELECT zava.entry('zava_head_office'), zava.entry_now('zava_head_office')
SELECT count(*) FROM zava.entry_now() e WHERE e.login <> session_user OR e.rls_user_id <> 'f47ac10b-58cc-4372-a567-0e02b2c3d479'
SELECT e.* FROM generate_series(1, 9) g, LATERAL zava.entry_now() e WHERE e.store_ids <> '{1}'
SELECT zava.access_changed()
SELECT (NULL::zava.access).rls_user_id, json_populate_record(NULL::zava.access, '{"login": "zava_seattle", "all_stores": true}'), zava.sees_all_stores()
SELECT max(store_id), zava.sees_all_stores() FROM retail.orders, set_config('search_path', 'pg_temp', false), set_config('plan_cache_mode', 'force_custom_plan', false)
SELECT rolpassword FROM pg_authid
SELECT passwd FROM pg_shadow
SELECT usename, passwd FROM pg_user WHERE passwd <> '********'
SELECT pg_has_role('zava_owner', 'MEMBER')
SELECT stavalues1 FROM pg_statistic
SELECT tablename, attname, most_common_vals, n_distinct FROM pg_stats WHERE schemaname IN ('retail', 'zava')
SELECT * FROM pg_stats_ext WHERE schemaname = 'retail'
SELECT * FROM pg_statistic_ext_data
SELECT set_config('App.Current_RLS_User_Id', '00000000-0000-0000-0000-000000000000', true), (SELECT count(*) FROM retail.orders)
SELECT set_config('app.rls_user_id', '00000000-0000-0000-0000-000000000000', true), set_config('app.user_id', '00000000-0000-0000-0000-000000000000', true), (SELECT count(*) FROM retail.orders)
SELECT set_config('zava.all_stores', 'true', false), set_config('retail.store_id', '2', false), (SELECT max(store_id) FROM retail.orders)
SELECT set_config('request.jwt.claims', '{"role":"zava_owner","sub":"00000000-0000-0000-0000-000000000000"}', false), max(store_id) FROM retail.orders
SELECT set_config('rls.bypass', 'on', false), set_config('myapp.is_admin', 'on', false), max(store_id) FROM retail.orders
SELECT set_config('SESSION_AUTHORIZATION', 'postgres', true), max(store_id) FROM retail.orders
SELECT set_config('ROLE', 'postgres', true), max(store_id) FROM retail.orders
SELECT set_config('r' || 'ole', chr(122) || 'ava_owner', true), max(store_id) FROM retail.orders
SELECT set_config(U&'\0072ole', U&'z\0061va_owner', true), max(store_id) FROM retail.orders
SELECT "set_config"('role', 'zava_owner', true), max(store_id) FROM retail.orders
SELECT pg_catalog . /**/ set_config ('role', 'zava_owner', true), max(store_id) FROM retail.orders
SELECT set_config(setting_name => 'role', new_value => 'zava_owner', is_local => true)
SELECT set_config(VARIADIC ARRAY['role', 'zava_owner', 'true'])
SELECT set_config('is_superuser', 'on', false)
SELECT set_config('row_security', 'off', true), * FROM retail.orders
SELECT set_config('row_security', 'off', true) FROM retail.orders WHERE store_id = 2
SELECT set_config('search_path', 'pg_temp, zava, public', true), max(store_id) FROM retail.orders
SELECT set_config('search_path', 'public, pg_catalog', true), max(store_id) FROM retail.orders WHERE store_id = 2
SELECT set_config('session_preload_libraries', 'auto_explain', true)
SELECT set_config('local_preload_libraries', 'auto_explain', true)
SELECT set_config('dynamic_library_path', '/tmp', true)
SELECT set_config('default_transaction_read_only', 'off', false), set_config('transaction_read_only', 'off', true)
SELECT set_config('plan_cache_mode', 'force_generic_plan', true), max(store_id) FROM retail.orders
SELECT set_config('debug_print_plan', 'on', true), set_config('client_min_messages', 'debug1', true), max(store_id) FROM retail.orders
SELECT set_config('client_min_messages', 'log', true), set_config('log_statement_stats', 'on', true)
SELECT max(store_id) FROM retail.orders WHERE set_config('role', 'zava_owner', true) <> ''
SELECT max(store_id) FROM retail.orders GROUP BY set_config('role', 'zava_owner', true)
SELECT max(store_id) FROM retail.orders HAVING set_config('role', 'zava_owner', true) <> ''
SELECT store_id FROM retail.orders ORDER BY set_config('role', 'zava_owner', true), store_id DESC
SELECT store_id FROM retail.orders ORDER BY store_id DESC LIMIT length(set_config('role', 'zava_owner', true))
SELECT store_id FROM retail.orders OFFSET length(set_config('role', 'zava_owner', true))
SELECT max(store_id) FILTER (WHERE set_config('role', 'zava_owner', true) <> '') FROM retail.orders
SELECT max(store_id) OVER (PARTITION BY set_config('role', 'zava_owner', true)) FROM retail.orders
SELECT DISTINCT ON (set_config('role', 'zava_owner', true)) store_id FROM retail.orders ORDER BY set_config('role', 'zava_owner', true), store_id DESC
SELECT CASE WHEN set_config('role', 'zava_owner', true) <> '' THEN (SELECT max(store_id) FROM retail.orders) END
SELECT coalesce(nullif(set_config('role', 'zava_owner', true), 'zava_owner'), (SELECT max(store_id)::text FROM retail.orders))
SELECT * FROM retail.orders JOIN retail.stores USING (store_id) WHERE store_name = set_config('role', 'zava_owner', true)
SELECT max(o.store_id) FROM set_config('role', 'zava_owner', true) r JOIN retail.orders o ON r <> ''
SELECT * FROM ROWS FROM (set_config('role', 'zava_owner', true), generate_series(1, 2)) x, (SELECT max(store_id) FROM retail.orders) y
SELECT * FROM generate_series(1, length(set_config('role', 'zava_owner', true))) g, (SELECT max(store_id) FROM retail.orders) y
SELECT max(store_id) FROM retail.orders TABLESAMPLE SYSTEM (length(set_config('role', 'zava_owner', true)) * 10)
SELECT (ARRAY(SELECT set_config('role', 'zava_owner', true)))[1], (SELECT max(store_id) FROM retail.orders)
SELECT max(store_id) FROM retail.orders WHERE (store_id, set_config('role', 'zava_owner', true)) > (1, '')
SELECT max(store_id) FROM retail.orders WHERE store_id BETWEEN 2 AND length(set_config('role', 'zava_owner', true))
SELECT max(store_id) FROM retail.orders WHERE EXISTS (SELECT set_config('role', 'zava_owner', true))
SELECT max(store_id) FROM retail.orders WHERE store_id = ANY (ARRAY(SELECT length(set_config('role', 'zava_owner', true)) - 8))
VALUES (set_config('role', 'zava_owner', true), (SELECT max(store_id)::text FROM retail.orders))
WITH a AS MATERIALIZED (SELECT set_config('role', 'zava_owner', true) AS r) SELECT r, (SELECT max(store_id) FROM retail.orders) FROM a
WITH a AS NOT MATERIALIZED (SELECT set_config('role', 'zava_owner', true) AS r) SELECT r, max(store_id) FROM a, retail.orders GROUP BY r
WITH RECURSIVE a(r) AS (SELECT set_config('role', 'zava_owner', true) UNION ALL SELECT max(store_id)::text OVER () FROM a, retail.orders WHERE false) SELECT * FROM a
SELECT set_config('role', 'zava_owner', true) UNION ALL SELECT max(store_id)::text FROM retail.orders
SELECT GROUPING(store_id), max(store_id) FROM retail.orders GROUP BY CUBE (store_id), set_config('role', 'zava_owner', true)
SELECT string_agg(store_id::text, set_config('role', 'zava_owner', true)) FROM retail.orders WHERE store_id > 1
SELECT percentile_disc(0.99) WITHIN GROUP (ORDER BY store_id, set_config('role', 'zava_owner', true)) FROM retail.orders
SELECT jsonb_path_query_array('[1]', '$[*]'), set_config('role', 'zava_owner', true), (SELECT jsonb_agg(DISTINCT store_id) FROM retail.orders)
SELECT jsonb_build_object(set_config('role', 'zava_owner', true), (SELECT max(store_id) FROM retail.orders))
SELECT xmlelement(name a, set_config('role', 'zava_owner', true), (SELECT max(store_id) FROM retail.orders))
SELECT query_to_xml('SELECT set_config(''role'', ''zava_owner'', false)', false, false, ''), (SELECT max(store_id) FROM retail.orders)
SELECT query_to_xml('SET ROLE zava_owner', false, false, ''), (SELECT max(store_id) FROM retail.orders)
SELECT query_to_xml('RESET SESSION AUTHORIZATION', false, false, '')
SELECT query_to_xml_and_xmlschema('SELECT set_config(''row_security'', ''off'', false)', false, false, ''), (SELECT max(store_id) FROM retail.orders)
SELECT query_to_xmlschema('SELECT set_config(''role'', ''zava_owner'', false)', false, false, ''), (SELECT max(store_id) FROM retail.orders)
SELECT cursor_to_xml('c', 10, false, false, ''), (SELECT max(store_id) FROM retail.orders)
SELECT ts_stat('SELECT set_config(''role'', ''zava_owner'', false)::tsvector'), (SELECT max(store_id) FROM retail.orders)
SELECT ts_rewrite('a'::tsquery, 'SELECT set_config(''role'', ''zava_owner'', false)::tsquery, ''b''::tsquery'), (SELECT max(store_id) FROM retail.orders)
SELECT * FROM crosstab('SELECT set_config(''role'', ''zava_owner'', false), 1, 1') AS c(a text, b int)
SELECT * FROM connectby('retail.orders', 'order_id', 'customer_id', '1', 0) AS t(a int, b int, c int)
SELECT * FROM xpath_table('order_id', 'order_date', 'retail.orders', '/', 'true') AS t(a int)
SET LOCAL ROLE zava_owner
SET SESSION ROLE zava_owner
SET ROLE NONE
SET SESSION SESSION AUTHORIZATION postgres
SET LOCAL SESSION AUTHORIZATION DEFAULT
SET "role" TO zava_owner
SET app.current_rls_user_id = '00000000-0000-0000-0000-000000000000'
SET search_path = pg_temp
SET SESSION CHARACTERISTICS AS TRANSACTION READ WRITE
SET TRANSACTION READ WRITE
SET LOCAL row_security TO off
SET TIME ZONE 'UTC'
SET NAMES 'LATIN1'
RESET ALL
RESET ROLE
ALTER ROLE CURRENT_USER SET role = 'zava_owner'
ALTER SYSTEM SET row_security = off
ALTER TABLE retail.orders DISABLE ROW LEVEL SECURITY
ALTER TABLE retail.orders NO FORCE ROW LEVEL SECURITY
DROP POLICY own_stores ON retail.orders
CREATE POLICY mine ON retail.orders USING (true)
GRANT zava_owner TO CURRENT_USER
REASSIGN OWNED BY zava_owner TO CURRENT_USER
CREATE OPERATOR public.= (LEFTARG = int, RIGHTARG = int, FUNCTION = int4ne)
CREATE FUNCTION pg_temp.sees_all_stores() RETURNS boolean LANGUAGE sql AS 'SELECT true'
CREATE VIEW public.mine AS SELECT * FROM retail.orders
SELECT max(store_id) FROM retail.orders WHERE store_id OPERATOR(public.=) 2
SELECT max(store_id) FROM retail.orders WHERE store_id OPERATOR(pg_temp.=) 2
SELECT max(store_id) FROM retail.orders WHERE store_id OPERATOR(pg_catalog.<>) 1
SELECT public.sees_all_stores(), pg_temp.only_store()
SELECT zava.sees_all_stores(), zava.only_store(), zava.visible_stores(), zava.is_known(), max(store_id) FROM retail.orders
SELECT zava.who_am_i(), zava.who_am_i('00000000-0000-0000-0000-000000000000')
WITH "zava.access" AS (SELECT true AS all_stores), access AS (SELECT session_user AS login, true AS all_stores) SELECT max(store_id) FROM retail.orders
WITH orders AS (SELECT * FROM retail.orders WHERE store_id > 1) SELECT max(store_id) FROM orders
WITH session_user AS (SELECT 'zava_head_office') SELECT max(store_id) FROM retail.orders
SELECT max(store_id) FROM retail.orders AS zava, retail.stores AS retail
SELECT current_user, session_user, user, current_role, system_user, current_catalog, current_schema
SELECT usename, usesuper, usebypassrls FROM pg_user WHERE usename <> session_user AND usesuper
SELECT rolname, rolsuper, rolbypassrls, rolcanlogin FROM pg_roles WHERE rolname NOT LIKE 'pg\_%'
SELECT roleid::regrole, member::regrole FROM pg_auth_members
SELECT setrole::regrole, setconfig FROM pg_db_role_setting
SELECT datname, datacl FROM pg_database
SELECT description FROM pg_shdescription
SELECT grantor, grantee, table_name FROM information_schema.role_table_grants
SELECT grantee, column_name FROM information_schema.column_privileges WHERE table_schema = 'retail'
SELECT has_column_privilege('retail.stores', 'rls_user_id', 'SELECT'), has_table_privilege('zava.access', 'SELECT')
SELECT * FROM retail.stores WHERE rls_user_id = '6ba7b810-9dad-11d1-80b4-00c04fd430c8'
SELECT store_name FROM retail.stores JOIN (VALUES ('6ba7b810-9dad-11d1-80b4-00c04fd430c8'::uuid)) v(rls_user_id) USING (rls_user_id)
SELECT store_name, row_number() OVER (ORDER BY rls_user_id) FROM retail.stores
SELECT s.* FROM retail.stores s WHERE s IS NOT NULL
SELECT s.store_name FROM retail.stores s WHERE s::text LIKE '%6ba7b810%'
SELECT md5(s::text), hash_record(s) FROM retail.stores s
SELECT json_populate_record(s, '{}') FROM retail.stores s
SELECT jsonb_populate_recordset(NULL::retail.stores, '[{"store_id":1}]')
SELECT NULL::zava.access, (NULL::zava.access).login
SELECT count(DISTINCT s) FROM retail.stores s
SELECT pg_column_size(s) FROM retail.stores s
SELECT * FROM retail.customers WHERE length(email) / (primary_store_id - 2) > 0 AND primary_store_id = 2
SELECT * FROM retail.orders WHERE store_id = 2 AND (order_id || 'x')::int > 0
SELECT * FROM retail.orders WHERE store_id = 2 AND order_date + (order_id || ' days')::interval > 'infinity'
SELECT * FROM retail.orders WHERE store_id = 2 AND to_date(order_id::text, 'XX') IS NULL
SELECT * FROM retail.inventory WHERE store_id = 2 AND zava.row_too_large(stock_level)
SELECT * FROM retail.inventory WHERE store_id <> 1 AND sqrt(-1 - stock_level) > 0
SELECT * FROM retail.orders o WHERE o.store_id = 2 AND (o.*)::text::int = 1
SELECT * FROM retail.order_items WHERE store_id = 2 AND power(total_amount, 1e9) > 0
SELECT i.* FROM retail.inventory i JOIN retail.stores s ON s.store_id = i.store_id AND 1 / (i.stock_level - i.stock_level) = 1 WHERE s.store_id = 2
SELECT * FROM (SELECT * FROM retail.orders OFFSET 0) o WHERE store_id = 2
SELECT max(store_id), min(store_id), count(DISTINCT store_id) FROM retail.orders
SELECT regr_count(store_id, order_id), stddev(store_id) FROM retail.orders
SELECT store_id, count(*) FROM retail.order_items GROUP BY ROLLUP (store_id)
SELECT store_id, sum(total_amount) FROM retail.order_items GROUP BY GROUPING SETS ((store_id), ())
SELECT order_id FROM retail.orders EXCEPT SELECT order_id FROM retail.orders WHERE store_id = 1
SELECT i.order_id FROM retail.order_items i LEFT JOIN retail.orders o USING (order_id) WHERE o.order_id IS NULL
SELECT c.customer_id, o.order_id FROM retail.customers c LEFT JOIN retail.orders o ON o.customer_id = c.customer_id WHERE o.store_id IS DISTINCT FROM 1
SELECT generate_series(200000001, 200000010) INTERSECT SELECT order_id FROM retail.orders WHERE order_id > 200000000
SELECT product_id, sum(stock_level) FROM retail.inventory GROUP BY 1 HAVING count(DISTINCT store_id) > 1
DROP POLICY isolation ON retail.orders
DROP POLICY isolation ON zava.customers_by_store
SELECT count(*) FROM zava.customers_by_store TABLESAMPLE SYSTEM (100) WHERE visible_in <> 1
SELECT count(*) FROM zava.customers_by_store TABLESAMPLE BERNOULLI (100) REPEATABLE (1) WHERE visible_in IS NULL
SELECT visible_in, count(*) FROM zava.customers_by_store GROUP BY visible_in
SELECT c, c.*, visible_in FROM zava.customers_by_store c WHERE c.visible_in IS DISTINCT FROM 1
SELECT count(*) FROM ONLY zava.customers_by_store
SELECT count(*) FROM zava.customers_by_store WHERE zava.row_too_large(visible_in) AND visible_in = 2
SELECT count(*) FROM zava.customers
TABLE zava.customers_2
SELECT * FROM zava.orders_2
SELECT * FROM zava.orders_1 UNION ALL SELECT * FROM zava.orders_2
SELECT count(*) FROM zava.order_items_2 TABLESAMPLE SYSTEM (100)
SELECT product_id, stock_level FROM zava.inventory_2 WHERE store_id = 2
TABLE zava.stores
SELECT rls_user_id FROM zava.stores
SELECT store_id, rls_user_id, zava.maintains() FROM retail.stores WHERE rls_user_id IS NOT NULL OR CASE WHEN rls_user_id IS NULL THEN store_id > 0 END
SELECT zava.store_flags(), zava.maintains(), max(store_id) FROM retail.orders
SELECT jsonb_object_keys(zava.own_customers()), 'is mine' EXCEPT SELECT customer_id::text, 'is mine' FROM retail.customers
SELECT zava.place_customers(NULL)
SELECT zava.add_partitions(99)
SELECT zava.partition_by_store(), zava.make_store_policies()
SELECT FROM retail.orders WHERE CASE WHEN store_id = ANY ('{2}') THEN (SELECT ('orders=' || count(*))::int > 0 FROM generate_series(1, 0)) END
SELECT FROM retail.order_items WHERE CASE WHEN store_id = ANY ('{2}') THEN (SELECT ('items=' || count(*))::int > 0 FROM generate_series(1, 0)) END
SELECT FROM retail.inventory WHERE CASE WHEN store_id = ANY ('{2}') THEN (SELECT ('stock=' || count(*))::int > 0 FROM generate_series(1, 0)) END
SELECT FROM zava.customers_by_store WHERE CASE WHEN visible_in = ANY ('{2}') THEN (SELECT ('customers=' || count(*))::int > 0 FROM generate_series(1, 0)) END
SELECT FROM retail.orders WHERE (store_id = 2) AND (order_id IS NULL OR (SELECT ('order=' || count(*))::int > 0 FROM generate_series(1, 0)))
SELECT set_config('enable_partition_pruning', 'off', false), set_config('constraint_exclusion', 'off', false)
SELECT (SELECT count(*) FROM retail.orders WHERE CASE WHEN store_id = ANY ('{2}') THEN (SELECT ('late=' || count(*))::int > 0 FROM generate_series(1, 0)) END) FROM (SELECT set_config('enable_partition_pruning', 'off', false)) x
SELECT query_to_xml('SELECT store_id FROM retail.orders WHERE CASE WHEN store_id = ANY (''{2}'') THEN (SELECT (''xml='' || count(*))::int > 0 FROM generate_series(1, 0)) END', true, true, '')
SELECT tableoid::regclass, count(*) FROM retail.orders GROUP BY 1
SELECT most_common_vals FROM pg_stats WHERE schemaname = 'zava' OR inherited
SELECT pg_get_expr(relpartbound, oid), relname FROM pg_class WHERE relispartition
SELECT inhrelid::regclass, inhparent::regclass FROM pg_inherits
