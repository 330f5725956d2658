-- Revokes the counters and sizes of tables and indexes from PUBLIC: they cover all stores' rows, and the number of an index's
-- reads reveals whether an indexed value exists. Roles that monitor the server are members of pg_monitor.

-- name: open
-- The functions that PUBLIC may execute; those of activity and of backends show each role its own sessions.
SELECT string_agg(p.oid::regprocedure::text, ', ') FROM pg_proc p
 WHERE p.pronamespace = 'pg_catalog'::regnamespace AND p.prokind = 'f' AND has_function_privilege('public', p.oid, 'EXECUTE')
   AND (p.proname ~ '^pg_stat_(get|have)_' AND p.proname !~ '^pg_stat_get_(activity|backend_.*)$'
        OR p.proname IN ('pg_relation_size', 'pg_table_size', 'pg_total_relation_size', 'pg_indexes_size', 'pg_database_size', 'pg_tablespace_size'));

-- name: may_close
SELECT rolsuper FROM pg_roles WHERE rolname = current_user;
