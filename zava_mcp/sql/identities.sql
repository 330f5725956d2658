-- Statements that administrators run to manage identities. Most blocks take one login.

-- name: stores
-- The stores.
SELECT store_id, store_name FROM retail.stores ORDER BY store_id;

-- name: records
-- The logins of all identities.
SELECT login::text, rls_user_id, display_name, all_stores, store_ids, mapped FROM zava.access ORDER BY display_name, login;

-- name: removed
-- Removed identities, and the day of their removal.
SELECT rls_user_id, display_name, removed_at::date FROM zava.removed;

-- name: login_risks
-- The reasons why a login must not be an identity.
WITH login AS (SELECT * FROM pg_roles WHERE rolname = %(login)s)
SELECT what FROM (
    SELECT 'it is a superuser' FROM login WHERE rolsuper
    UNION ALL SELECT 'it bypasses every policy (BYPASSRLS)' FROM login WHERE rolbypassrls
    UNION ALL SELECT 'it may create roles (CREATEROLE)' FROM login WHERE rolcreaterole
    UNION ALL SELECT 'it may create databases (CREATEDB)' FROM login WHERE rolcreatedb
    UNION ALL SELECT 'it may read the log of all changes (REPLICATION)' FROM login WHERE rolreplication
    UNION ALL SELECT 'it cannot log in' FROM login WHERE NOT rolcanlogin
    UNION ALL SELECT 'it is a part of PostgreSQL' FROM login WHERE oid < 16384
    UNION ALL SELECT 'it is you, the admin' FROM login WHERE rolname IN (session_user, current_user)
    UNION ALL
    SELECT format('it is a member of %%I: REVOKE %%1$I FROM %%I', g.rolname, login.rolname)
      FROM login JOIN pg_auth_members m ON m.member = login.oid JOIN pg_roles g ON g.oid = m.roleid
    UNION ALL
    SELECT format('it owns the database %%I', d.datname) FROM login JOIN pg_database d ON d.datdba = login.oid
     WHERE d.datname = current_database()
    UNION ALL
    SELECT format('it owns the schema %%I', n.nspname) FROM login JOIN pg_namespace n ON n.nspowner = login.oid
     WHERE n.nspname IN ('retail', 'zava', 'public')
    UNION ALL
    SELECT format('it owns %%s', c.oid::regclass) FROM login JOIN pg_class c ON c.relowner = login.oid
     WHERE c.relnamespace IN ('retail'::regnamespace, 'zava'::regnamespace)
    UNION ALL
    SELECT format('it owns the function %%s', p.oid::regprocedure) FROM login JOIN pg_proc p ON p.proowner = login.oid
     WHERE p.pronamespace = 'zava'::regnamespace OR p.prosecdef
) AS risk (what)
 ORDER BY what;

-- name: rights
-- The statements that revoke a login's privileges in this database, except on objects that it owns.
WITH login AS (SELECT oid, rolname FROM pg_roles WHERE rolname = %(login)s)
SELECT format('REVOKE ALL ON %%s FROM %%I', object, login.rolname)
  FROM login, LATERAL (
    SELECT format('%%s %%s', CASE c.relkind WHEN 'S' THEN 'SEQUENCE' ELSE 'TABLE' END, c.oid::regclass)
      FROM pg_class c
     WHERE (c.relnamespace IN ('retail'::regnamespace, 'zava'::regnamespace) OR c.oid IN (SELECT e.relation FROM zava.exposed_tables e))
       AND c.relowner <> login.oid AND (EXISTS (SELECT FROM aclexplode(c.relacl) WHERE grantee = login.oid)
            OR EXISTS (SELECT FROM pg_attribute t, aclexplode(t.attacl) AS x WHERE t.attrelid = c.oid AND x.grantee = login.oid))
    UNION ALL
    SELECT format('ROUTINE %%s', p.oid::regprocedure) FROM pg_proc p
     WHERE p.pronamespace IN ('retail'::regnamespace, 'zava'::regnamespace) AND p.proowner <> login.oid
       AND EXISTS (SELECT FROM aclexplode(p.proacl) WHERE grantee = login.oid)
    UNION ALL
    SELECT format('SCHEMA %%I', n.nspname) FROM pg_namespace n
     WHERE (n.nspname IN ('retail', 'zava') OR n.oid IN (SELECT c.relnamespace FROM zava.exposed_tables e JOIN pg_class c ON c.oid = e.relation))
       AND n.nspowner <> login.oid
       AND EXISTS (SELECT FROM aclexplode(n.nspacl) WHERE grantee = login.oid)
    UNION ALL
    SELECT format('DATABASE %%I', d.datname) FROM pg_database d
     WHERE d.datname = current_database() AND d.datdba <> login.oid
       AND EXISTS (SELECT FROM aclexplode(d.datacl) WHERE grantee = login.oid)
  ) AS held (object)
 ORDER BY 1;

-- name: excess
-- Privileges of a login beyond an identity's. Other roles granted them, and only those roles can revoke them.
SELECT format('%%s on %%s', x.privilege_type, c.oid::regclass)
  FROM pg_roles r, pg_class c, LATERAL (
        SELECT grantee, privilege_type FROM aclexplode(c.relacl)
        UNION
        SELECT a.grantee, a.privilege_type FROM pg_attribute t, aclexplode(t.attacl) AS a
         WHERE t.attrelid = c.oid AND (a.privilege_type <> 'SELECT' OR t.attname = 'rls_user_id' AND c.relkind = 'r')) AS x
 WHERE r.rolname = %(login)s AND x.grantee = r.oid AND c.relnamespace IN ('retail'::regnamespace, 'zava'::regnamespace)
 ORDER BY 1;

-- name: missing
-- The grants with which this administrator could give an admitted login the privileges that it lacks.
SELECT format('GRANT CONNECT ON DATABASE %%I TO %%I WITH GRANT OPTION', current_database(), current_user)
  FROM pg_roles WHERE rolname = %(login)s AND NOT has_database_privilege(oid, current_database(), 'CONNECT')
UNION ALL
SELECT format('GRANT zava_owner TO %%I', current_user)
  FROM pg_roles WHERE rolname = %(login)s
   AND NOT (has_schema_privilege(oid, 'retail', 'USAGE') AND has_schema_privilege(oid, 'zava', 'USAGE')
            AND has_function_privilege(oid, 'zava.who_am_i()', 'EXECUTE')
            AND (EXISTS (SELECT FROM zava.tenants_source) OR has_column_privilege(oid, 'retail.orders', 'store_id', 'SELECT')));

-- name: drop_blockers
-- The reasons why a login cannot be dropped: objects that it owns in any database, and rights in other databases.
SELECT CASE WHEN d.deptype = 'o' THEN 'it owns objects' ELSE 'it has other rights' END
       || CASE WHEN d.dbid NOT IN (0, (SELECT oid FROM pg_database WHERE datname = current_database()))
               THEN format(' in the database %%I', (SELECT datname FROM pg_database WHERE oid = d.dbid)) ELSE '' END
  FROM pg_shdepend d JOIN pg_roles r ON r.oid = d.refobjid
 WHERE d.refclassid = 'pg_authid'::regclass AND r.rolname = %(login)s
 GROUP BY 1 ORDER BY 1;

-- name: settings
-- The statements that reset what zava.admit set on a login that is not dropped.
SELECT format('ALTER ROLE %%I %%sRESET %%I', r.rolname, CASE WHEN d.oid IS NOT NULL THEN format('IN DATABASE %%I ', d.datname) END, name)
  FROM pg_roles r JOIN pg_db_role_setting s ON s.setrole = r.oid
  LEFT JOIN pg_database d ON d.oid = s.setdatabase,
       LATERAL (SELECT split_part(unnest(s.setconfig), '=', 1)) AS setting (name)
 WHERE r.rolname = %(login)s AND CASE WHEN d.oid IS NULL THEN
           name IN ('default_transaction_read_only', 'statement_timeout', 'idle_in_transaction_session_timeout', 'search_path')
           OR name = 'temp_file_limit' AND has_parameter_privilege('temp_file_limit', 'SET')
       ELSE d.datname = current_database() AND name = 'enable_bitmapscan' END
UNION ALL
SELECT format('COMMENT ON ROLE %%I IS NULL', rolname) FROM pg_roles
 WHERE rolname = %(login)s AND shobj_description(oid, 'pg_authid') = 'An identity of zava-mcp.';

-- name: without_defaults
-- If zava.admit could not set a login's defaults: the grant that allows this administrator to set them.
SELECT format('GRANT %%I TO %%I WITH ADMIN OPTION', r.rolname, current_user) FROM pg_roles r
 WHERE r.rolname = %(login)s AND NOT EXISTS (
       SELECT FROM pg_db_role_setting s
        WHERE s.setrole = r.oid AND s.setdatabase = 0 AND 'default_transaction_read_only=on' = ANY (s.setconfig));

-- name: without_file_limit
-- The number of logins whose temporary files nothing limits, because this administrator may not set temp_file_limit.
SELECT count(*) FROM zava.access a JOIN pg_roles r ON r.rolname = a.login
 WHERE current_setting('temp_file_limit') = '-1' AND NOT has_parameter_privilege('temp_file_limit', 'SET')
   AND NOT EXISTS (SELECT FROM pg_db_role_setting s, unnest(s.setconfig) AS setting
                    WHERE s.setrole IN (0, r.oid) AND s.setdatabase IN (0, (SELECT oid FROM pg_database WHERE datname = current_database()))
                      AND split_part(setting, '=', 1) = 'temp_file_limit' AND setting <> 'temp_file_limit=-1');

-- name: has_sessions
-- One row if a login is connected to this database. Every administrator sees this much of other roles' sessions.
SELECT FROM pg_stat_activity WHERE usename = %(login)s AND datname = current_database() LIMIT 1;

-- name: end_sessions
-- Ends a login's connections to this database, waits up to two seconds for each, and counts those that ended.
SELECT count(*) FILTER (WHERE pg_terminate_backend(pid, 2000)) FROM pg_stat_activity
 WHERE usename = %(login)s AND datname = current_database();
