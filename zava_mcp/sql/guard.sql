-- What must hold in the catalogue for the policies to hold. Each block is a check, named as people are told it, and
-- gives a row for each thing that is wrong: state (fail or warn), what was found, what puts it right, mostly SQL.
-- No row: all is well. Those marked "protection" hold for everybody, and who takes a database over repairs by them;
-- the others are about the login that asks.

-- name: row_level_security_is_on
-- Protection: every table of the shop hides its rows unless a policy shows them, also from its owner.
SELECT 'fail', format('%s: not %s', c.oid::regclass,
                      CASE WHEN c.relrowsecurity THEN 'forced' WHEN c.relforcerowsecurity THEN 'enabled' ELSE 'enabled, not forced' END),
       format('ALTER TABLE %1$s ENABLE ROW LEVEL SECURITY; ALTER TABLE %1$s FORCE ROW LEVEL SECURITY', c.oid::regclass)
  FROM pg_class c
 WHERE c.relnamespace IN (to_regnamespace('retail'), to_regnamespace('zava')) AND c.relkind IN ('r', 'p')
   AND NOT (c.relrowsecurity AND c.relforcerowsecurity)
 ORDER BY c.oid::regclass::text;

-- name: no_policy_trusts_a_setting
-- Protection: whoever can call set_config would pass such a policy.
SELECT 'fail', format('%I on %s', p.polname, p.polrelid::regclass), format('DROP POLICY %I ON %s', p.polname, p.polrelid::regclass)
  FROM pg_policy p JOIN pg_class c ON c.oid = p.polrelid
 WHERE c.relnamespace IN (to_regnamespace('retail'), to_regnamespace('zava'))
   AND concat(pg_get_expr(p.polqual, p.polrelid), pg_get_expr(p.polwithcheck, p.polrelid)) ~* 'current_setting'
 ORDER BY p.polrelid::regclass::text, p.polname;

-- name: every_table_has_its_policies
-- Protection: ours are as we made them, and nobody else's adds rows to what an identity sees (policies are OR-ed).
WITH store (reads) AS (VALUES
    ('CASE WHEN zava.sees_all_stores() THEN true WHEN zava.only_store() IS NOT NULL THEN %1$I = zava.only_store() ELSE %1$I = ANY (zava.visible_stores()) END')
), wanted AS (
    SELECT to_regclass(t.relation) AS relation, w.name, w.command, w.reads
      FROM store, unnest(ARRAY['retail.stores', 'retail.customers', 'retail.categories', 'retail.product_types', 'retail.products',
                               'retail.inventory', 'retail.orders', 'retail.order_items', 'retail.product_description_embeddings',
                               'zava.access', 'zava.about', 'zava.new_embeddings', 'zava.removed', 'zava.migrations']) AS t (relation),
           LATERAL (VALUES
               ('owner_maintains', '*', 'true'),
               ('own_stores', 'r', CASE WHEN t.relation IN ('retail.orders', 'retail.order_items', 'retail.inventory')
                                        THEN format(reads, 'store_id') END),
               ('own_customers', 'r', CASE WHEN t.relation = 'retail.customers' THEN format(
                   'CASE WHEN zava.sees_all_stores() THEN true ELSE (%s) OR EXISTS (SELECT FROM retail.orders o WHERE o.customer_id = customers.customer_id) END',
                   format(reads, 'primary_store_id')) END),
               ('every_identity', 'r', CASE WHEN t.relation IN ('retail.stores', 'retail.categories', 'retail.product_types',
                   'retail.products', 'retail.product_description_embeddings', 'zava.about') THEN 'zava.is_known()' END)
           ) AS w (name, command, reads)
     WHERE w.reads IS NOT NULL AND to_regclass(t.relation) IS NOT NULL
), there AS (
    SELECT p.*, pg_get_expr(p.polqual, p.polrelid) AS reads, pg_get_expr(p.polwithcheck, p.polrelid) AS writes
      FROM pg_policy p JOIN pg_class c ON c.oid = p.polrelid
     WHERE c.relnamespace IN (to_regnamespace('retail'), to_regnamespace('zava'))
), good AS (
    SELECT t.oid, t.polrelid AS relation, t.polname AS name
      FROM there t JOIN wanted w ON w.relation = t.polrelid AND w.name = t.polname
     WHERE t.polpermissive AND t.polcmd = w.command::"char"
       AND regexp_replace(t.reads, 'retail\.|[\s()]', '', 'g') = regexp_replace(w.reads, 'retail\.|[\s()]', '', 'g')
       AND CASE WHEN w.command = '*' THEN t.writes = 'true' AND t.polroles = ARRAY[to_regrole('zava_owner')::oid]
                ELSE t.writes IS NULL AND t.polroles = '{0}' END
)
SELECT 'fail', format('%s on %s is %s', w.name, w.relation, CASE WHEN t.oid IS NULL THEN 'missing' ELSE 'not as it was made' END),
       CASE WHEN t.oid IS NOT NULL THEN format('DROP POLICY IF EXISTS %I ON %s; ', w.name, w.relation) ELSE '' END
       || CASE w.command WHEN '*' THEN format('CREATE POLICY %I ON %s TO zava_owner USING (true) WITH CHECK (true)', w.name, w.relation)
               ELSE format('CREATE POLICY %I ON %s FOR SELECT USING (%s)', w.name, w.relation, w.reads) END
  FROM wanted w
  LEFT JOIN there t ON t.polrelid = w.relation AND t.polname = w.name
 WHERE NOT EXISTS (SELECT FROM good g WHERE g.relation = w.relation AND g.name = w.name)
UNION ALL
-- Permissive, not one of ours, and for everybody or for a login of ours.
SELECT 'fail', format('%I on %s shows rows beside ours', t.polname, t.polrelid::regclass),
       format('DROP POLICY %I ON %s', t.polname, t.polrelid::regclass)
  FROM there t
 WHERE t.polpermissive AND NOT EXISTS (SELECT FROM wanted w WHERE w.relation = t.polrelid AND w.name = t.polname)
   AND coalesce(t.reads, t.writes) !~* 'current_setting' -- which has its own check
   -- what an admin shows of a table of their own, by our functions, is meant
   AND NOT (t.polrelid NOT IN (SELECT relation FROM wanted) AND t.reads ~ 'zava\.(is_known|sees_all_stores|only_store|visible_stores)\(\)')
   AND EXISTS (SELECT FROM unnest(t.polroles) AS r (oid) LEFT JOIN pg_roles o ON o.oid = r.oid
                WHERE r.oid = 0 OR shobj_description(o.oid, 'pg_authid') = 'An identity of zava-mcp.')
 ORDER BY 2;

-- name: open_sessions_hear_of_changes
-- Sessions keep what they have looked up in zava.access until these triggers tell them of a change; setting them off
-- once tells them of what was missed.
WITH wanted (name, type, what) AS (VALUES -- types: 1 row, 2 before, 4 insert, 8 delete, 16 update, 32 truncate
    ('access_changing', 62, 'BEFORE INSERT OR UPDATE OR DELETE OR TRUNCATE ON zava.access FOR EACH STATEMENT'),
    ('access_changed', 29, 'AFTER INSERT OR UPDATE OR DELETE ON zava.access FOR EACH ROW')
)
SELECT 'fail', 'open sessions are not told of changes of zava.access: no trigger ' || string_agg(w.name, ', ' ORDER BY w.name),
       string_agg(format('CREATE OR REPLACE TRIGGER %1$s %2$s EXECUTE FUNCTION zava.access_changed(); ALTER TABLE zava.access ENABLE ALWAYS TRIGGER %1$s; ',
                         w.name, w.what), '' ORDER BY w.name) || 'UPDATE zava.access SET login = login WHERE false'
  FROM wanted w
 WHERE to_regprocedure('zava.entry()') IS NOT NULL
   AND NOT EXISTS (SELECT FROM pg_trigger t
                    WHERE t.tgrelid = to_regclass('zava.access') AND t.tgname = w.name AND t.tgtype = w.type AND t.tgenabled = 'A'
                      AND t.tgfoid = to_regprocedure('zava.access_changed()') AND t.tgqual IS NULL AND t.tgattr = '')
HAVING count(*) > 0;

-- name: login_stands_below_the_policies
-- Whom no policy holds, or who owns what they protect.
SELECT 'fail', format('%I is %s', rolname, CASE WHEN rolsuper THEN 'a superuser' ELSE 'BYPASSRLS' END),
       format('ALTER ROLE %I NOSUPERUSER NOBYPASSRLS', rolname)
  FROM pg_roles WHERE rolname = session_user AND (rolsuper OR rolbypassrls)
UNION ALL
SELECT 'fail', format('%I owns %s', r.rolname, c.oid::regclass),
       format('ALTER TABLE %1$s OWNER TO zava_owner; GRANT SELECT (%2$s) ON %1$s TO %3$I', c.oid::regclass, (
              SELECT string_agg(quote_ident(a.attname), ', ' ORDER BY a.attnum) FROM pg_attribute a -- which go with the ownership
               WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped AND (c.relname, a.attname) <> ('stores', 'rls_user_id')), r.rolname)
  FROM pg_class c JOIN pg_roles r ON r.oid = c.relowner
 WHERE c.relnamespace = to_regnamespace('retail') AND c.relkind IN ('r', 'p') AND r.rolname = session_user
 ORDER BY 2;

-- name: the_tables_can_be_read
-- All columns of what a policy shows, but for the other identities' ids.
SELECT 'fail', format('%I may not read %s of %s', session_user, g.names, g.relation),
       format('GRANT SELECT (%s) ON %s TO %I', g.names, g.relation, session_user)
  FROM (SELECT c.oid::regclass AS relation, string_agg(quote_ident(a.attname), ', ' ORDER BY a.attnum) AS names
          FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
         WHERE c.relnamespace = to_regnamespace('retail') AND c.relkind IN ('r', 'p')
           AND (c.relname, a.attname) <> ('stores', 'rls_user_id') AND NOT has_column_privilege(c.oid, a.attnum, 'SELECT')
           AND EXISTS (SELECT FROM pg_policy p WHERE p.polrelid = c.oid AND p.polname <> 'owner_maintains')
         GROUP BY c.oid) AS g
 ORDER BY 2;

-- name: only_reading
-- The login may read, and nothing beyond it.
SELECT 'fail', format('%s on %s for %s', g.kinds, g.relation, g.who), format('REVOKE %s ON %s FROM %s', g.kinds, g.relation, g.who)
  FROM (SELECT c.oid::regclass AS relation, string_agg(DISTINCT a.privilege_type, ', ') AS kinds,
               coalesce(quote_ident(r.rolname), 'PUBLIC') AS who
          FROM pg_class c
          CROSS JOIN LATERAL (
              SELECT * FROM aclexplode(c.relacl)
              UNION ALL
              SELECT x.* FROM pg_attribute t, aclexplode(t.attacl) AS x WHERE t.attrelid = c.oid) AS a
          LEFT JOIN pg_roles r ON r.oid = a.grantee
         WHERE c.relnamespace IN (to_regnamespace('retail'), to_regnamespace('zava')) AND c.relkind IN ('r', 'p', 'S')
           AND (a.grantee = 0 OR r.rolname = session_user AND r.oid <> c.relowner) AND a.privilege_type <> 'SELECT'
         GROUP BY c.oid, r.rolname) AS g
 ORDER BY 2;

-- name: nothing_can_be_created
-- No objects, not even temporary ones, to shadow ours with.
SELECT 'fail', format('%s for %s', what, who), format('REVOKE %s FROM %s', right_to, who)
  FROM (SELECT CASE a.privilege_type WHEN 'TEMPORARY' THEN 'temporary tables' ELSE 'schemas' END AS what,
               format('%s ON DATABASE %I', a.privilege_type, d.datname) AS right_to, a.grantee
          FROM pg_database d, aclexplode(coalesce(d.datacl, acldefault('d', d.datdba))) AS a
         WHERE d.datname = current_database() AND a.privilege_type IN ('TEMPORARY', 'CREATE')
        UNION ALL
        SELECT format('objects in schema %I', n.nspname), format('CREATE ON SCHEMA %I', n.nspname), a.grantee
          FROM pg_namespace n, aclexplode(n.nspacl) AS a
         WHERE a.privilege_type = 'CREATE') AS g
  LEFT JOIN pg_roles r ON r.oid = g.grantee
 CROSS JOIN LATERAL (SELECT coalesce(quote_ident(r.rolname), 'PUBLIC') AS who) AS w
 WHERE g.grantee = 0 OR r.rolname = session_user
 ORDER BY 2;

-- name: no_other_role_can_be_taken
-- Whoever may become another role has its rows too.
SELECT 'fail', format('%I may become %I', session_user, g.rolname),
       format('REVOKE %I FROM %I', g.rolname, session_user)
       || CASE WHEN current_setting('server_version_num')::integer >= 160000 THEN format(' GRANTED BY %I', b.rolname) ELSE '' END
  FROM pg_auth_members m
  JOIN pg_roles g ON g.oid = m.roleid
  JOIN pg_roles r ON r.oid = m.member
  LEFT JOIN pg_roles b ON b.oid = m.grantor
 WHERE r.rolname = session_user
 ORDER BY 2;

-- name: other_user_ids_are_hidden
-- stores.rls_user_id names everybody else; a right to the whole table shows it too.
SELECT 'fail', format('%s may read stores.rls_user_id', who),
       CASE WHEN by_column THEN format('REVOKE SELECT (rls_user_id) ON retail.stores FROM %s', who)
            ELSE format('REVOKE SELECT ON retail.stores FROM %s', who)
                 || CASE WHEN who = 'PUBLIC' THEN '' ELSE format('; GRANT SELECT (%s) ON retail.stores TO %s', (
                        SELECT string_agg(quote_ident(attname), ', ' ORDER BY attnum) FROM pg_attribute
                         WHERE attrelid = to_regclass('retail.stores') AND attnum > 0 AND NOT attisdropped AND attname <> 'rls_user_id'), who) END
       END
  FROM (SELECT a.grantee, true AS by_column FROM pg_attribute t, aclexplode(t.attacl) AS a
         WHERE t.attrelid = to_regclass('retail.stores') AND t.attname = 'rls_user_id' AND a.privilege_type = 'SELECT'
        UNION ALL
        SELECT a.grantee, false FROM pg_class c, aclexplode(c.relacl) AS a
         WHERE c.oid = to_regclass('retail.stores') AND a.privilege_type = 'SELECT') AS g
  LEFT JOIN pg_roles r ON r.oid = g.grantee
 CROSS JOIN LATERAL (SELECT coalesce(quote_ident(r.rolname), 'PUBLIC') AS who) AS w
 WHERE g.grantee = 0 OR r.rolname = session_user
 ORDER BY 2;

-- name: nothing_reads_past_the_policies
-- Views read with their owner's rights, and so do functions that are SECURITY DEFINER; partitions elsewhere have no policy.
WITH RECURSIVE over (oid) AS (
    SELECT c.oid FROM pg_class c
     WHERE c.relnamespace IN (to_regnamespace('retail'), to_regnamespace('zava')) AND c.relkind IN ('r', 'p')
    UNION
    SELECT next.oid FROM over o CROSS JOIN LATERAL (
        SELECT w.ev_class AS oid FROM pg_depend d JOIN pg_rewrite w ON w.oid = d.objid
         WHERE d.refclassid = 'pg_class'::regclass AND d.refobjid = o.oid AND d.classid = 'pg_rewrite'::regclass
        UNION ALL
        SELECT i.inhrelid FROM pg_inherits i WHERE i.inhparent = o.oid) AS next
), readable AS (
    SELECT format('the %s %s', CASE WHEN c.relkind IN ('v', 'm') THEN 'view' ELSE 'partition' END, c.oid::regclass) AS what,
           format('ALL ON %s', c.oid::regclass) AS right_to, a.grantee
      FROM over o JOIN pg_class c ON c.oid = o.oid
       AND (c.relkind IN ('v', 'm') OR c.relnamespace NOT IN (to_regnamespace('retail'), to_regnamespace('zava')))
     CROSS JOIN LATERAL (
          SELECT * FROM aclexplode(c.relacl)
          UNION
          SELECT x.* FROM pg_attribute t, aclexplode(t.attacl) AS x WHERE t.attrelid = c.oid) AS a
     WHERE a.privilege_type = 'SELECT' AND NOT coalesce(c.reloptions::text[] && '{security_invoker=true,security_invoker=on,security_invoker=1}', false)
    UNION
    SELECT format('the function %s', p.oid::regprocedure), format('EXECUTE ON ROUTINE %s', p.oid::regprocedure), a.grantee
      FROM pg_proc p, aclexplode(coalesce(p.proacl, acldefault('f', p.proowner))) AS a
     WHERE p.prosecdef AND p.oid >= 16384 AND p.pronamespace <> coalesce(to_regnamespace('zava'), 0)
       AND p.prorettype NOT IN ('trigger'::regtype, 'event_trigger'::regtype)
       AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_proc'::regclass AND d.objid = p.oid AND d.deptype = 'e')
)
SELECT 'fail', format('%s, open to %s, asks no policy of ours', what, who), format('REVOKE %s FROM %s', right_to, who)
  FROM readable
  LEFT JOIN pg_roles r ON r.oid = grantee
 CROSS JOIN LATERAL (SELECT coalesce(quote_ident(r.rolname), 'PUBLIC') AS who) AS w
 WHERE grantee = 0 OR r.rolname = session_user
 ORDER BY 2;

-- name: functions_revoked_from_public
-- Defence in depth; only a superuser can revoke them. What a query can observe or do through each kind of function that
-- this login can execute and that is outside the allow-list. Row-level security holds without it.
WITH executable AS (
    SELECT f.* FROM ({functions_not_allowed}) AS f WHERE has_function_privilege(f.oid, 'EXECUTE')
), kinds AS (
    SELECT observes, count(*) AS count, (array_agg(name ORDER BY length(name), name))[:CASE WHEN total > 40 THEN 9 ELSE 40 END] AS names
      FROM (SELECT DISTINCT observes, name::text, (SELECT count(*) FROM executable) AS total FROM executable) AS e
     GROUP BY observes, total
), fixes AS (
    SELECT string_agg(format('REVOKE EXECUTE ON ROUTINE %s FROM %s', g.routines, g.grantee), '; ') AS statements
      FROM (SELECT string_agg(DISTINCT e.oid::regprocedure::text, ', ') AS routines, coalesce(quote_ident(r.rolname), 'PUBLIC') AS grantee
              FROM executable e JOIN pg_proc p ON p.oid = e.oid,
                   LATERAL aclexplode(coalesce(p.proacl, acldefault('f', p.proowner))) AS a
              LEFT JOIN pg_roles r ON r.oid = a.grantee
             WHERE a.grantee = 0 OR r.rolname = session_user
             GROUP BY 2) AS g
)
SELECT 'warn', 'open to this login: ' || string_agg(format('%s (%s%s)', observes, array_to_string(names, ', '),
              CASE WHEN count > cardinality(names) THEN format(' and %s more', count - cardinality(names)) ELSE '' END), '; ' ORDER BY observes),
       CASE WHEN sum(count) > 40 THEN 'run zava-mcp init as a superuser, if no other program uses this database'
            ELSE (SELECT statements FROM fixes) END
  FROM kinds
HAVING count(*) > 0;

-- name: sizes_of_tables
-- The catalogue counts the rows and pages of all stores.
SELECT 'warn', format('pg_class shows how many rows or pages all stores have: %s', string_agg(attname, ', ' ORDER BY attnum) FILTER (WHERE open)),
       format('REVOKE SELECT ON pg_class FROM PUBLIC; GRANT SELECT (%s) ON pg_class TO PUBLIC',
              string_agg(quote_ident(attname), ', ' ORDER BY attnum) FILTER (WHERE NOT counts))
  FROM pg_attribute,
       LATERAL (SELECT attname IN ('reltuples', 'relpages', 'relallvisible', 'relallfrozen', 'relfilenode') AS counts,
                       has_column_privilege(attrelid, attnum, 'SELECT') AS readable) AS c,
       LATERAL (SELECT counts AND readable AS open) AS o
 WHERE attrelid = 'pg_class'::regclass AND NOT attisdropped
HAVING bool_or(open);

-- name: encoding
-- In SQL_ASCII, PostgreSQL takes bytes for letters.
SELECT 'warn', 'the database knows no letters beyond ASCII: their length and case come out wrong',
       'copy the database into one with ENCODING UTF8'
 WHERE current_setting('server_encoding') = 'SQL_ASCII';

-- name: names_of_logins
-- PostgreSQL shows every role's name to every login.
SELECT 'warn', count(*) || ' logins are named by user id, and every login can read their names',
       'treat user ids as names, not as secrets, or map logins with other names in zava.access'
  FROM pg_roles
 WHERE rolname ~ '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$' AND rolname <> session_user
HAVING count(*) > 0;

-- name: extension_vector
-- Search by meaning needs it, where our searches look for it, and a place for its vectors.
SELECT 'warn', 'the extension vector is missing: search goes by words',
       'CREATE EXTENSION vector SCHEMA public; then run zava-mcp init'
 WHERE NOT EXISTS (SELECT FROM pg_extension WHERE extname = 'vector')
UNION ALL
SELECT 'fail', format('the extension vector is in the schema %I', n.nspname), 'ALTER EXTENSION vector SET SCHEMA public'
  FROM pg_extension e JOIN pg_namespace n ON n.oid = e.extnamespace
 WHERE e.extname = 'vector' AND n.nspname <> 'public'
UNION ALL
SELECT 'warn', format('version %s of the extension vector: filtered searches may miss products', extversion), 'ALTER EXTENSION vector UPDATE'
  FROM pg_extension
 WHERE extname = 'vector' AND string_to_array(extversion, '.')::integer[] < '{0,8,0}'
UNION ALL
SELECT 'warn', 'there is no table for vectors: search goes by words', 'run zava-mcp init'
 WHERE EXISTS (SELECT FROM pg_extension WHERE extname = 'vector') AND to_regclass('retail.product_description_embeddings') IS NULL;
