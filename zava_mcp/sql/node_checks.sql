-- The doctor's checks of one node of a Citus cluster, as the identity's login that connects to it without the coordinator.

-- name: nodes
-- The addresses of the nodes beside the coordinator. Run on the coordinator.
SELECT nodename, nodeport FROM pg_dist_node WHERE noderole = 'primary' AND isactive AND groupid <> 0 ORDER BY groupid;

-- name: show_shards
-- Citus hides shards in pg_class from sessions of clients.
SET citus.override_table_visibility = off;

-- name: login
-- That the login can do no more here than read.
SELECT 'the login is a superuser, bypasses policies or may create roles' FROM pg_roles
 WHERE rolname = session_user AND (rolsuper OR rolbypassrls OR rolcreaterole OR rolcreatedb OR rolreplication)
UNION ALL
SELECT format('the login is a member of %s', m.roleid::regrole) FROM pg_auth_members m WHERE m.member = session_user::regrole
UNION ALL
SELECT format('the login may write to %s', c.oid::regclass) FROM pg_class c
 WHERE c.relnamespace IN ('retail'::regnamespace, 'zava'::regnamespace) AND c.relkind IN ('r', 'p', 'v')
   AND has_table_privilege(c.oid, 'INSERT, UPDATE, DELETE, TRUNCATE')
UNION ALL
SELECT 'the login may create schemas or temporary tables' WHERE has_database_privilege(current_database(), 'CREATE') OR has_database_privilege(current_database(), 'TEMPORARY')
UNION ALL
SELECT 'sessions of the login may write by default' WHERE current_setting('default_transaction_read_only') <> 'on' AND NOT EXISTS (
       SELECT FROM pg_db_role_setting s WHERE s.setrole = session_user::regrole AND 'default_transaction_read_only=on' = ANY (s.setconfig));

-- name: policies
-- That row-level security is forced on every table that the login can read, and that each policy shows an identity's rows alone.
SELECT format('%s: row-level security is not enabled and forced', c.oid::regclass) FROM pg_class c
 WHERE c.relnamespace IN ('retail'::regnamespace, 'zava'::regnamespace) AND c.relkind IN ('r', 'p')
   AND NOT (c.relrowsecurity AND c.relforcerowsecurity) AND has_any_column_privilege(c.oid, 'SELECT')
UNION ALL
SELECT format('%I on %s shows other rows', p.polname, c.oid::regclass)
  FROM pg_policy p JOIN pg_class c ON c.oid = p.polrelid
 WHERE c.relnamespace IN ('retail'::regnamespace, 'zava'::regnamespace) AND p.polpermissive
   AND p.polroles <> ARRAY[to_regrole('zava_owner')::oid]
   AND regexp_replace(pg_get_expr(p.polqual, p.polrelid), '[\s()]', '', 'g') !~ (
       '^(zava\.is_known|zava\.sees_all_stores|CASEWHENNOTzava\.is_knownTHENfalseWHENzava\.sees_all_storesTHEN(true|false)WHENzava\.on_coordinatorTHENtrueELSEzava\.store_flags\[\w+\]ISNOTNULLAND'
       'CASEWHENzava\.only_storeISNOTNULLTHEN\w+=zava\.only_storeELSE\w+=ANYzava\.visible_storesENDEND)$');

-- name: tables
-- The tables of this node with rows of stores that the login can read, and the column of the store.
SELECT c.oid::regclass::text, a.attname::text FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid
 WHERE c.relnamespace IN ('retail'::regnamespace, 'zava'::regnamespace) AND c.relkind IN ('r', 'p') AND c.relname ~ '_\d{5,}$'
   AND (a.attname = 'visible_in' OR a.attname = 'store_id' AND c.relname ~ '^(orders|order_items|inventory)_')
   AND has_column_privilege(c.oid, a.attnum, 'SELECT')
 ORDER BY c.oid::regclass::text;

-- name: readable_partitions
-- Partitions of shards, which only their owner reads.
SELECT count(*) FROM pg_class c WHERE c.relnamespace = 'zava'::regnamespace AND c.relispartition AND has_any_column_privilege(c.oid, 'SELECT');

-- name: open_functions
-- Functions outside the allow-list that the login can execute here.
SELECT count(*), min(f.name::text) FROM (
-- include: functions.sql
) AS f WHERE has_function_privilege(f.oid, 'EXECUTE');
