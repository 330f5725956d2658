-- The doctor's checks of the catalogue. Each block is a check, whose name the doctor prints. It returns a row for each
-- fault: state (fail or warn), finding, and fix, which is mostly SQL. No row means that the check passed. Checks marked
-- "Protection" are about the whole database, and `init --adopt` applies their fixes; the others are about this login.

-- name: row_level_security_is_on
-- Protection: row-level security is enabled and forced on every table of zava-mcp.
SELECT 'fail', format('%s: not %s', c.oid::regclass,
                      CASE WHEN c.relrowsecurity THEN 'forced' WHEN c.relforcerowsecurity THEN 'enabled' ELSE 'enabled, not forced' END),
       format('ALTER TABLE %1$s ENABLE ROW LEVEL SECURITY; ALTER TABLE %1$s FORCE ROW LEVEL SECURITY', c.oid::regclass)
  FROM pg_class c
 WHERE c.relkind IN ('r', 'p') AND NOT (c.relrowsecurity AND c.relforcerowsecurity)
   AND (c.relnamespace = to_regnamespace('retail')
        AND c.relname IN ('stores', 'customers', 'categories', 'product_types', 'products', 'inventory', 'orders', 'order_items',
                          'product_description_embeddings')
        OR c.relnamespace = to_regnamespace('zava')
        AND (c.relname IN ('access', 'about', 'new_embeddings', 'removed', 'migrations', 'sample_extension', 'saved_queries', 'company', 'loaded_files', 'order_numbers', 'exposed_tables', 'store_keys', 'tenants_source', 'stores', 'customers',
                          'customers_by_store') OR c.relispartition)
        OR EXISTS (SELECT FROM pg_policy p WHERE p.polrelid = c.oid AND p.polname IN ('own_stores', 'every_identity')) AND
-- include: granted.sql
       )
 ORDER BY c.oid::regclass::text;

-- name: no_policy_trusts_a_setting
-- Protection: set_config can satisfy a policy that reads a setting.
SELECT 'fail', format('%I on %s', p.polname, p.polrelid::regclass), format('DROP POLICY %I ON %s', p.polname, p.polrelid::regclass)
  FROM pg_policy p JOIN pg_class c ON c.oid = p.polrelid
 WHERE c.relnamespace IN (to_regnamespace('retail'), to_regnamespace('zava'))
   AND (concat(pg_get_expr(p.polqual, p.polrelid), pg_get_expr(p.polwithcheck, p.polrelid)) ~* 'current_setting|pg_settings|show_all_settings'
        -- A policy may read it through a function. Functions in the schema zava have a check of their own.
        OR EXISTS (SELECT FROM pg_depend d JOIN pg_proc f ON f.oid = d.refobjid
                    WHERE d.classid = 'pg_policy'::regclass AND d.objid = p.oid AND d.refclassid = 'pg_proc'::regclass
                      AND f.pronamespace <> to_regnamespace('zava') AND f.prosrc ~* 'current_setting|pg_settings|show_all_settings'))
 ORDER BY p.polrelid::regclass::text, p.polname;

-- name: every_table_has_its_policies
-- Protection: the policies of zava-mcp are unchanged, no other permissive policy adds rows (policies are OR-ed), and no
-- policy is evaluated before "isolation", which comes first and costs nothing, so that no expression of a query sees another store's row.
WITH tables AS (
    SELECT c.oid AS relation, c.relname AS name, c.relispartition AS partition,
           NOT c.relispartition AND (c.relname IN ('orders', 'order_items', 'inventory') OR own.by_store) AS of_store,
           c.oid = to_regclass('zava.customers_by_store') OR c.relname = 'customers' AND NOT c.relispartition AS of_customers,
           c.relname IN ('stores', 'categories', 'product_types', 'products', 'product_description_embeddings', 'about', 'saved_queries', 'company') OR own.whole AS of_all,
           own.by_store OR own.whole AS of_admin,
           (SELECT bool_and(a.atttypid = 'integer'::regtype) FROM pg_attribute a
             WHERE a.attrelid = c.oid AND (a.attname IN ('store_id', 'primary_store_id') OR a.attname = 'customer_id' AND c.relname = 'customers')) AS of_integers
      FROM pg_class c
     CROSS JOIN LATERAL ( -- tables added by administrators and shown by zava.show_table
           SELECT coalesce(bool_or(p.polname = 'own_stores'), false) AS by_store, coalesce(bool_or(p.polname = 'every_identity'), false) AS whole
             FROM pg_policy p
            WHERE p.polrelid = c.oid AND c.relnamespace = to_regnamespace('retail')
              AND NOT EXISTS (SELECT FROM pg_policy o WHERE o.polrelid = c.oid AND o.polname = 'others_maintain') -- the next check
              AND c.relname NOT IN ('stores', 'customers', 'categories', 'product_types', 'products', 'inventory', 'orders', 'order_items',
                                    'product_description_embeddings')
              AND
-- include: granted.sql
           ) AS own
     WHERE c.relkind IN ('r', 'p') AND c.relnamespace IN (to_regnamespace('retail'), to_regnamespace('zava'))
       AND (own.by_store OR own.whole
            OR c.relname IN ('stores', 'customers', 'categories', 'product_types', 'products', 'inventory', 'orders', 'order_items',
                             'product_description_embeddings')
            OR c.relnamespace = to_regnamespace('zava')
               AND (c.relname IN ('access', 'about', 'new_embeddings', 'removed', 'migrations', 'sample_extension', 'saved_queries', 'company', 'loaded_files', 'order_numbers', 'exposed_tables', 'store_keys', 'tenants_source', 'customers_by_store')
                    OR c.relispartition))
), forms (own, first) AS (VALUES
    ('CASE WHEN NOT zava.is_known() THEN false WHEN zava.sees_all_stores() THEN %2$s WHEN zava.only_store() IS NOT NULL THEN %1$I = zava.only_store() ELSE %1$I = ANY (zava.visible_stores()) END',
     'CASE WHEN NOT zava.is_known() THEN true WHEN zava.sees_all_stores() THEN %2$s ELSE %1$s END')
), expected AS (
    SELECT t.relation, w.name, w.command, w.permissive, w.reads
      FROM tables t, forms, LATERAL (VALUES
               ('owner_maintains', '*', true, 'true'),
               ('own_stores', 'r', true, CASE WHEN t.of_store THEN format(own, 'store_id', 'true') END),
               ('isolation', 'r', false, CASE WHEN t.of_store AND t.of_integers THEN format(first, '(zava.store_flags())[store_id] IS NOT NULL', 'true') END),
               ('own_customers', 'r', true, CASE WHEN t.of_customers THEN
                   CASE WHEN t.name = 'customers_by_store' THEN format(own, 'visible_in', 'visible_in IS NULL')
                        WHEN t.of_integers THEN 'zava.is_known()'
                        ELSE 'CASE WHEN NOT zava.is_known() THEN false WHEN zava.sees_all_stores() THEN true WHEN primary_store_id = ANY (zava.visible_stores()) THEN true ELSE EXISTS (SELECT FROM retail.orders o WHERE o.customer_id = customers.customer_id) END' END END),
               ('isolation', 'r', false, CASE WHEN t.of_customers AND t.of_integers THEN
                   CASE WHEN t.name = 'customers_by_store' THEN format(first, '(zava.store_flags())[visible_in] IS NOT NULL', 'visible_in IS NULL')
                        ELSE format(first, '(zava.store_flags())[primary_store_id] IS NOT NULL OR (SELECT zava.own_customers())[customer_id] IS NOT NULL', 'true') END END),
               ('every_identity', 'r', true, CASE WHEN t.of_all THEN 'zava.is_known()' END)
           ) AS w (name, command, permissive, reads)
     WHERE w.reads IS NOT NULL
), existing AS (
    SELECT p.*, pg_get_expr(p.polqual, p.polrelid) AS reads, pg_get_expr(p.polwithcheck, p.polrelid) AS writes,
           EXISTS (SELECT FROM unnest(p.polroles) AS r (oid) LEFT JOIN pg_roles o ON o.oid = r.oid
                    WHERE r.oid = 0 OR shobj_description(o.oid, 'pg_authid') = 'An identity of zava-mcp.') AS for_identities
      FROM pg_policy p JOIN pg_class c ON c.oid = p.polrelid
     WHERE c.relnamespace IN (to_regnamespace('retail'), to_regnamespace('zava'))
), correct AS (
    SELECT t.oid, t.polrelid AS relation, t.polname AS name
      FROM existing t JOIN expected w ON w.relation = t.polrelid AND w.name = t.polname
     WHERE t.polpermissive = w.permissive AND t.polcmd = w.command::"char"
       AND regexp_replace(t.reads, 'retail\.|::boolean|AS own_customers|[\s()]', '', 'g') = regexp_replace(w.reads, 'retail\.|[\s()]', '', 'g')
       AND CASE WHEN w.command = '*' THEN t.writes = 'true' AND t.polroles = ARRAY[to_regrole('zava_owner')::oid]
                ELSE t.writes IS NULL AND t.polroles = '{0}' END
)
SELECT 'fail', format('%s on %s is %s', w.name, w.relation::regclass, CASE WHEN t.oid IS NULL THEN 'missing' ELSE 'changed' END),
       CASE WHEN t.oid IS NOT NULL THEN format('DROP POLICY IF EXISTS %I ON %s; ', w.name, w.relation::regclass) ELSE '' END
       || CASE w.command WHEN '*' THEN format('CREATE POLICY %I ON %s TO zava_owner USING (true) WITH CHECK (true)', w.name, w.relation::regclass)
               ELSE format('CREATE POLICY %I ON %s %sFOR SELECT USING (%s)', w.name, w.relation::regclass,
                           CASE WHEN w.permissive THEN '' ELSE 'AS RESTRICTIVE ' END, replace(w.reads, '(SELECT zava.own_customers())', '((SELECT zava.own_customers()))')) END,
       w.relation::regclass::text
  FROM expected w
  LEFT JOIN existing t ON t.polrelid = w.relation AND t.polname = w.name
 WHERE NOT EXISTS (SELECT FROM correct g WHERE g.relation = w.relation AND g.name = w.name)
UNION ALL
-- Other permissive policies for PUBLIC or for a login of zava-mcp.
SELECT 'fail', format('%I on %s shows additional rows', t.polname, t.polrelid::regclass),
       format('DROP POLICY %I ON %s', t.polname, t.polrelid::regclass), NULL
  FROM existing t
 WHERE t.polpermissive AND NOT EXISTS (SELECT FROM expected w WHERE w.relation = t.polrelid AND w.name = t.polname)
   AND coalesce(t.reads, t.writes) !~* 'current_setting' -- no_policy_trusts_a_setting checks that
   -- nothing_bypasses_policies checks the tables that administrators added
   AND EXISTS (SELECT FROM tables o WHERE o.relation = t.polrelid AND NOT o.of_admin)
   AND t.for_identities
UNION ALL
-- Restrictive policies are evaluated in the order of their names.
SELECT 'fail', format('%I on %s is evaluated before isolation', t.polname, t.polrelid::regclass),
       format('ALTER POLICY %I ON %s RENAME TO %I', t.polname, t.polrelid::regclass, 'narrows_' || t.polname), NULL
  FROM existing t
 WHERE NOT t.polpermissive AND t.for_identities AND t.polname < 'isolation' COLLATE "C"
   AND EXISTS (SELECT FROM expected w WHERE w.relation = t.polrelid AND w.name = 'isolation')
   AND coalesce(t.reads, t.writes) !~* 'current_setting'
 ORDER BY 2;

-- name: exposed_tables_are_protected
-- Protection: the policies of the tables that `zava-mcp tables expose` shows are unchanged, no other is evaluated before
-- "isolation", and zava_store, which policies test where a table has no integer of its own, is filled by triggers.
WITH marked AS (
    SELECT c.oid, (SELECT substring(pg_get_expr(p.polqual, p.polrelid) FROM '(\w+) = zava\.only_store') FROM pg_policy p WHERE p.polrelid = c.oid AND p.polname = 'own_stores') AS own,
           (SELECT substring(pg_get_expr(p.polqual, p.polrelid) FROM 'store_flags\(\)\)?\[(\w+)\]') FROM pg_policy p WHERE p.polrelid = c.oid AND p.polname = 'isolation') AS isolated,
           EXISTS (SELECT FROM pg_policy p WHERE p.polrelid = c.oid AND p.polname = 'every_identity') AS shared
      FROM pg_class c
     WHERE c.relkind IN ('r', 'p') AND NOT c.relispartition AND c.relnamespace <> to_regnamespace('zava')
       AND (EXISTS (SELECT FROM pg_policy p WHERE p.polrelid = c.oid AND p.polname = 'others_maintain' AND EXISTS (
                    SELECT FROM pg_policy q WHERE q.polrelid = c.oid AND q.polname = 'owner_maintains'))
            OR c.oid >= 16384 AND c.relnamespace <> to_regnamespace('retail')
               AND (EXISTS (SELECT FROM pg_policy p WHERE p.polrelid = c.oid AND p.polname IN ('own_stores', 'isolation', 'every_identity'))
                    OR EXISTS (SELECT FROM pg_attribute z WHERE z.attrelid = c.oid AND z.attname = 'zava_store' AND NOT z.attisdropped)) AND
-- include: granted.sql
           )
       AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'e')
), tables AS (
    SELECT oid AS relation, coalesce(own, isolated, CASE WHEN EXISTS (SELECT FROM pg_attribute a WHERE a.attrelid = m.oid AND a.attname = 'zava_store' AND NOT a.attisdropped) THEN 'zava_store' END) AS tested,
           shared AND own IS NULL AND isolated IS NULL AS shared FROM marked m
), expected (relation, name, permissive, reads) AS (
    SELECT t.relation, w.* FROM tables t, LATERAL (VALUES
        ('own_stores', true, format('CASE WHEN NOT zava.is_known() THEN false WHEN zava.sees_all_stores() THEN true WHEN zava.only_store() IS NOT NULL THEN %1$I = zava.only_store() ELSE %1$I = ANY (zava.visible_stores()) END', t.tested)),
        ('isolation', false, format('CASE WHEN NOT zava.is_known() THEN true WHEN zava.sees_all_stores() THEN true ELSE (zava.store_flags())[%I] IS NOT NULL END', t.tested))) AS w
     WHERE NOT t.shared
    UNION ALL
    SELECT relation, 'every_identity', true, 'zava.is_known()' FROM tables WHERE shared
)
SELECT 'fail', format('%s on %s is missing or changed', w.name, w.relation::regclass), format('SELECT zava.protect_table(%L)', w.relation::regclass)
  FROM expected w
 WHERE NOT EXISTS (SELECT FROM pg_policy p WHERE p.polrelid = w.relation AND p.polname = w.name AND p.polpermissive = w.permissive AND p.polcmd = 'r' AND p.polroles = '{0}'
                      AND regexp_replace(pg_get_expr(p.polqual, p.polrelid), '::boolean|[\s()]', '', 'g') = regexp_replace(w.reads, '[\s()]', '', 'g'))
UNION ALL
SELECT 'fail', format('%I on %s is evaluated before isolation', p.polname, p.polrelid::regclass), format('ALTER POLICY %I ON %s RENAME TO %I', p.polname, p.polrelid::regclass, 'narrows_' || p.polname)
  FROM pg_policy p JOIN tables t ON t.relation = p.polrelid
 WHERE NOT p.polpermissive AND p.polname < 'isolation' COLLATE "C"
UNION ALL
SELECT 'fail', format('%s.%s is not an integer, so conditions of a query are evaluated before the policies', t.relation::regclass, t.tested), format('zava-mcp tables expose %s again', t.relation::regclass)
  FROM tables t WHERE t.tested IS NOT NULL AND NOT EXISTS (SELECT FROM pg_attribute a WHERE a.attrelid = t.relation AND a.attname = t.tested AND a.atttypid = 'integer'::regtype)
UNION ALL
SELECT 'fail', format('nothing fills zava_store of %s: its trigger is missing or changed', t.relation::regclass), format('SELECT zava.protect_table(%L)', t.relation::regclass)
  FROM tables t WHERE t.tested = 'zava_store' AND NOT EXISTS (
       SELECT FROM pg_trigger g WHERE g.tgrelid = t.relation AND g.tgname = '~zava_store' AND g.tgtype = 23 AND g.tgenabled = 'A' AND g.tgqual IS NULL AND g.tgattr = ''
          AND g.tgfoid = to_regprocedure('zava.fill_store()'))
UNION ALL
SELECT 'fail', format('nothing fills zava_store of the partition %s: its trigger is disabled', g.tgrelid::regclass), format('ALTER TABLE %s ENABLE ALWAYS TRIGGER %I', g.tgrelid::regclass, g.tgname)
  FROM pg_trigger g JOIN pg_class c ON c.oid = g.tgrelid WHERE c.relispartition AND g.tgenabled <> 'A' AND g.tgfoid = to_regprocedure('zava.fill_store()')
UNION ALL
SELECT 'fail', format('%s belongs to %I, which can take its protection away or add code that runs with other rights', c.oid::regclass, r.rolname), format('SELECT zava.protect_table(%L)', t.relation::regclass)
  FROM tables t JOIN pg_policy p ON p.polrelid = t.relation AND p.polname = 'others_maintain'
  JOIN pg_class c ON c.oid = t.relation OR c.oid IN (SELECT i.inhrelid FROM pg_inherits i WHERE i.inhparent = t.relation) JOIN pg_roles r ON r.oid = c.relowner
 WHERE NOT r.rolsuper AND NOT pg_has_role(r.oid, to_regrole('zava_owner'), 'MEMBER')
UNION ALL
SELECT 'fail', format('the trigger %I on %s could change a row after zava_store was filled', g.tgname, t.relation::regclass), format('ALTER TRIGGER %I ON %s RENAME TO %I', g.tgname, t.relation::regclass, 'a_' || g.tgname)
  FROM tables t JOIN pg_trigger g ON g.tgrelid = t.relation AND NOT g.tgisinternal AND g.tgtype & 3 = 3 AND g.tgname > '~zava_store' COLLATE "C" WHERE t.tested = 'zava_store'
UNION ALL
SELECT 'fail', format('rows of %s do not follow their parent %s to another store', t.relation::regclass, parent), format('SELECT zava.protect_table(%L)', t.relation::regclass)
  FROM tables t JOIN pg_trigger g ON g.tgrelid = t.relation AND g.tgname = '~zava_store'
 CROSS JOIN LATERAL (SELECT split_part(encode(g.tgargs, 'escape'), '\000', 1) AS parent) AS p
 WHERE parent <> '' AND NOT EXISTS (SELECT FROM pg_trigger m WHERE m.tgrelid = to_regclass(parent) AND m.tgname = 'zava_parent_moved' AND m.tgenabled = 'A'
                                       AND m.tgfoid = to_regprocedure('zava.parent_changed()'))
 ORDER BY 2;

-- name: conditions_see_own_rows_only
-- Without "isolation", a condition of a query is evaluated on other stores' rows and reveals them by an error or by its
-- duration. If the tables are not partitioned, samples, sizes and plans reveal how many there are.
SELECT 'warn', format('%s.%s is %s: conditions of a query can reveal values in other stores'' rows', a.attrelid::regclass, a.attname, format_type(a.atttypid, a.atttypmod)),
       format('BEGIN; DROP POLICY own_stores ON retail.orders; DROP POLICY own_stores ON retail.order_items; DROP POLICY own_stores ON retail.inventory; '
              'DROP POLICY own_customers ON retail.customers; ALTER TABLE %s ALTER COLUMN %I TYPE integer; SELECT zava.make_store_policies(); COMMIT', a.attrelid::regclass, a.attname)
  FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid
 WHERE c.relnamespace = to_regnamespace('retail') AND c.relkind IN ('r', 'p') AND a.atttypid <> 'integer'::regtype AND NOT a.attisdropped
   AND (c.relname IN ('orders', 'order_items', 'inventory') AND a.attname = 'store_id'
        OR c.relname = 'customers' AND a.attname IN ('customer_id', 'primary_store_id'))
UNION ALL
SELECT 'warn', format('%s not partitioned by store: TABLESAMPLE, plans and the duration of a query can reveal how many rows other stores have, and whether a key is in use',
                      CASE count(*) WHEN 1 THEN 'one table is' ELSE count(*) || ' tables are' END),
       'SELECT zava.partition_by_store()'
  FROM pg_class c
 WHERE c.relnamespace = to_regnamespace('retail') AND c.relname IN ('orders', 'order_items', 'inventory', 'customers') AND c.relkind = 'r'
HAVING count(*) > 0
UNION ALL
SELECT 'warn', 'bitmap scans are on: the error of a subquery can reveal whether other stores have matching rows',
       format('ALTER ROLE %I IN DATABASE %I SET enable_bitmapscan = off', session_user, current_database())
 WHERE (to_regclass('zava.customers_by_store') IS NULL
        OR EXISTS (SELECT FROM pg_policy p WHERE p.polname = 'isolation' AND EXISTS (SELECT FROM pg_policy o WHERE o.polrelid = p.polrelid AND o.polname = 'others_maintain')))
   AND current_setting('enable_bitmapscan') = 'on'
 ORDER BY 2;

-- name: open_sessions_see_access_changes
-- Sessions cache their entry of zava.access until these triggers notify them of a change. The fix also fires the triggers
-- once, for changes that were missed.
WITH expected (name, type, what) AS (VALUES -- types: 1 row, 2 before, 4 insert, 8 delete, 16 update, 32 truncate
    ('access_changing', 62, 'BEFORE INSERT OR UPDATE OR DELETE OR TRUNCATE ON zava.access FOR EACH STATEMENT'),
    ('access_changed', 29, 'AFTER INSERT OR UPDATE OR DELETE ON zava.access FOR EACH ROW')
)
SELECT 'fail', 'open sessions do not see changes of zava.access: missing trigger ' || string_agg(w.name, ', ' ORDER BY w.name),
       string_agg(format('CREATE OR REPLACE TRIGGER %1$s %2$s EXECUTE FUNCTION zava.access_changed(); ALTER TABLE zava.access ENABLE ALWAYS TRIGGER %1$s; ',
                         w.name, w.what), '' ORDER BY w.name) || 'UPDATE zava.access SET login = login WHERE false'
  FROM expected w
 WHERE to_regprocedure('zava.entry()') IS NOT NULL
   AND NOT EXISTS (SELECT FROM pg_trigger t
                    WHERE t.tgrelid = to_regclass('zava.access') AND t.tgname = w.name AND t.tgtype = w.type AND t.tgenabled = 'A'
                      AND t.tgfoid = to_regprocedure('zava.access_changed()') AND t.tgqual IS NULL AND t.tgattr = '')
HAVING count(*) > 0;

-- name: stores_see_their_customers
-- In a partitioned database, each store has partitions, and copies of its customers that these triggers update.
WITH expected (relation, name, type, function, what) AS (VALUES -- types: 1 row, 4 insert, 8 delete, 16 update, 32 truncate
    ('retail.orders', 'order_changed', 29, 'order_changed', 'AFTER INSERT OR UPDATE OF order_id, customer_id, store_id OR DELETE ON retail.orders FOR EACH ROW'),
    ('retail.orders', 'orders_gone', 32, 'order_changed', 'AFTER TRUNCATE ON retail.orders FOR EACH STATEMENT'),
    ('zava.customers', 'customer_changed', 29, 'customer_changed', 'AFTER INSERT OR UPDATE OR DELETE ON zava.customers FOR EACH ROW'),
    ('zava.customers', 'customers_gone', 32, 'customer_changed', 'AFTER TRUNCATE ON zava.customers FOR EACH STATEMENT'),
    ('zava.stores', 'store_added', 21, 'store_added', 'AFTER INSERT OR UPDATE OF store_id ON zava.stores FOR EACH ROW')
), missing AS (
    SELECT w.* FROM expected w
     WHERE to_regclass('zava.customers_by_store') IS NOT NULL
       AND NOT EXISTS (SELECT FROM pg_trigger t
                        WHERE t.tgrelid = to_regclass(w.relation) AND t.tgname = w.name AND t.tgtype = w.type AND t.tgenabled = 'A'
                          AND t.tgfoid = to_regprocedure(format('zava.%s()', w.function)) AND t.tgqual IS NULL)
)
SELECT 'fail', 'the stores'' copies of customers are not updated: missing trigger ' || string_agg(name, ', ' ORDER BY name),
       string_agg(format('CREATE OR REPLACE TRIGGER %1$s %2$s EXECUTE FUNCTION zava.%3$s(); ALTER TABLE %4$s ENABLE ALWAYS TRIGGER %1$s; ',
                         name, what, function, relation), '' ORDER BY name) || 'SELECT zava.place_customers(NULL)'
  FROM missing HAVING count(*) > 0
UNION ALL
SELECT 'fail', format('the store %s has no partition for its %s', s.store_id, string_agg(t.name, ', ' ORDER BY t.name)),
       format('SELECT zava.add_partitions(%s); SELECT zava.place_customers(NULL)', s.store_id)
  FROM retail.stores s, unnest(ARRAY['orders', 'order_items', 'inventory', 'customers']) AS t (name)
 WHERE to_regclass('zava.customers_by_store') IS NOT NULL
   AND NOT EXISTS (SELECT FROM pg_class c WHERE c.relname = t.name || '_' || s.store_id AND c.relispartition
                      AND c.relnamespace = to_regnamespace('zava'))
 GROUP BY s.store_id
UNION ALL -- for the rows of this identity, if the policies are in place
SELECT 'fail', format('%s of this identity''s stores with a customer that it does not see', CASE count(*) WHEN 1 THEN '1 order' ELSE count(*) || ' orders' END), 'SELECT zava.place_customers(NULL)'
  FROM retail.orders o
 WHERE (SELECT count(*) FROM pg_policy p WHERE p.polrelid = to_regclass('zava.customers_by_store')
          AND (p.polname, p.polpermissive) IN (('own_customers', true), ('isolation', false))) = 2
   AND (SELECT relrowsecurity FROM pg_class WHERE oid = to_regclass('zava.customers_by_store'))
   AND NOT (SELECT rolsuper OR rolbypassrls FROM pg_roles WHERE rolname = session_user) AND NOT EXISTS (SELECT FROM retail.customers c WHERE c.customer_id = o.customer_id)
HAVING count(*) > 0
UNION ALL
SELECT 'fail', format('this identity sees %s without an order in its stores', CASE count(*) WHEN 1 THEN '1 customer' ELSE count(*) || ' customers' END), 'SELECT zava.place_customers(NULL)'
  FROM retail.customers c
 WHERE (SELECT count(*) FROM pg_policy p WHERE p.polrelid = to_regclass('zava.customers_by_store')
          AND (p.polname, p.polpermissive) IN (('own_customers', true), ('isolation', false))) = 2
   AND (SELECT relrowsecurity FROM pg_class WHERE oid = to_regclass('zava.customers_by_store'))
   AND NOT (SELECT rolsuper OR rolbypassrls FROM pg_roles WHERE rolname = session_user) AND NOT zava.sees_all_stores()
   AND NOT coalesce(c.primary_store_id = ANY (zava.visible_stores()), false)
   AND NOT EXISTS (SELECT FROM retail.orders o WHERE o.customer_id = c.customer_id)
HAVING count(*) > 0;

-- name: login_cannot_bypass_policies
-- The login neither bypasses row-level security nor owns protected objects.
SELECT 'fail', format('%I is %s', rolname, CASE WHEN rolsuper THEN 'a superuser' ELSE 'BYPASSRLS' END),
       format('ALTER ROLE %I NOSUPERUSER NOBYPASSRLS', rolname)
  FROM pg_roles WHERE rolname = session_user AND (rolsuper OR rolbypassrls)
UNION ALL -- it cannot create roles, or read the write-ahead log
SELECT 'fail', format('%I is %s', r.rolname, what), format('ALTER ROLE %I NO%s', r.rolname, what)
  FROM pg_roles r, LATERAL (VALUES ('CREATEROLE', r.rolcreaterole), ('CREATEDB', r.rolcreatedb), ('REPLICATION', r.rolreplication)) AS may (what, it)
 WHERE r.rolname = session_user AND it
UNION ALL -- an owner can grant itself any privilege again
SELECT 'fail', format('%I owns %s', r.rolname, o.name), format('ALTER %s %s OWNER TO zava_owner', o.kind, o.name)
  FROM pg_roles r CROSS JOIN LATERAL (
       SELECT CASE c.relkind WHEN 'v' THEN 'VIEW' WHEN 'm' THEN 'MATERIALIZED VIEW' WHEN 'S' THEN 'SEQUENCE' WHEN 'f' THEN 'FOREIGN TABLE' ELSE 'TABLE' END AS kind,
              c.oid::regclass::text AS name
         FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
        WHERE c.relowner = r.oid AND c.relkind IN ('r', 'p', 'v', 'm', 'f', 'S') AND n.nspname !~ '^pg_(toast|temp)'
          AND NOT (c.relnamespace = to_regnamespace('retail') AND c.relkind IN ('r', 'p'))
       UNION ALL
       SELECT 'ROUTINE', p.oid::regprocedure::text FROM pg_proc p WHERE p.proowner = r.oid
       UNION ALL
       SELECT 'SCHEMA', quote_ident(n.nspname) FROM pg_namespace n WHERE n.nspowner = r.oid AND n.nspname NOT IN ('retail', 'zava', 'public')
       UNION ALL
       SELECT 'DATABASE', quote_ident(d.datname) FROM pg_database d WHERE d.datdba = r.oid AND d.datname = current_database()) AS o
 WHERE r.rolname = session_user
UNION ALL
SELECT 'fail', format('%I owns %s', r.rolname, c.oid::regclass),
       format('ALTER TABLE %1$s OWNER TO zava_owner; GRANT SELECT (%2$s) ON %1$s TO %3$I', c.oid::regclass, (
              SELECT string_agg(quote_ident(a.attname), ', ' ORDER BY a.attnum) FROM pg_attribute a -- the change of ownership removes them
               WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped AND (c.relname, a.attname) <> ('stores', 'rls_user_id')), r.rolname)
  FROM pg_class c JOIN pg_roles r ON r.oid = c.relowner
 WHERE c.relnamespace = to_regnamespace('retail') AND c.relkind IN ('r', 'p') AND r.rolname = session_user
 ORDER BY 2;

-- name: tables_are_readable
-- The login can read all columns of zava-mcp, except the user ids of other identities.
WITH made (name, columns) AS (VALUES
-- include: made_columns.sql
)
SELECT 'fail', format('%I may not read %s of %s', session_user, g.names, g.relation),
       format('GRANT SELECT (%s) ON %s TO %I', g.names, g.relation, session_user)
  FROM (SELECT c.oid::regclass AS relation, string_agg(quote_ident(a.attname), ', ' ORDER BY a.attnum) AS names
          FROM pg_class c JOIN made m ON m.name = c.relname
          JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped AND a.attname = ANY (m.columns)
         WHERE (c.relnamespace = to_regnamespace('retail') AND c.relkind IN ('r', 'p')
                AND EXISTS (SELECT FROM pg_policy p WHERE p.polrelid = c.oid AND p.polname <> 'owner_maintains')
                OR to_regclass('zava.customers_by_store') IS NOT NULL AND c.oid IN (to_regclass('retail.stores'),
                   to_regclass('retail.customers'), to_regclass('zava.customers_by_store')))
           AND NOT has_column_privilege(c.oid, a.attnum, 'SELECT')
         GROUP BY c.oid) AS g
UNION ALL
SELECT 'fail', format('%I has no USAGE on the schema %I', session_user, n.nspname), format('GRANT USAGE ON SCHEMA %I TO %I', n.nspname, session_user)
  FROM pg_namespace n WHERE n.nspname IN ('retail', 'zava') AND NOT has_schema_privilege(n.oid, 'USAGE')
 ORDER BY 2;

-- name: added_tables_are_visible
-- Tables and columns that an administrator adds stay hidden from identities until zava.show_table or zava.show_column.
-- That is not a fault; this check explains why they are missing in results.
SELECT 'warn', format('the %s %s is hidden from identities%s', k.what, c.oid::regclass,
                      CASE WHEN k.what = 'table' AND NOT k.by_store THEN ', and has no integer store_id to filter it by' ELSE '' END),
       CASE WHEN c.relkind IN ('m', 'f') THEN format('replace %s with a table in the schema retail, or move it to another schema', c.oid::regclass)
            WHEN k.what = 'view' OR k.by_store THEN format('SELECT zava.show_table(%L)', c.oid::regclass)
            ELSE format('SELECT zava.show_table(%L, every_row => true)', c.oid::regclass) END,
       k.what
  FROM pg_class c
 CROSS JOIN LATERAL (SELECT (ARRAY['table', 'table', 'view', 'materialized view', 'foreign table'])[array_position('{r,p,v,m,f}'::"char"[], c.relkind)] AS what,
                            EXISTS (SELECT FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attname = 'store_id' AND a.atttypid = 'integer'::regtype
                                       AND NOT a.attisdropped) AS by_store) AS k
 WHERE c.relnamespace = to_regnamespace('retail') AND c.relkind IN ('r', 'p', 'v', 'm', 'f') AND NOT c.relispartition
   AND c.relname NOT IN ('stores', 'customers', 'categories', 'product_types', 'products', 'inventory', 'orders', 'order_items',
                         'product_description_embeddings')
   AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'e')
   AND NOT
-- include: granted.sql
UNION ALL
SELECT 'warn', format('the column %I of %s is hidden from identities, so SELECT * of that table is refused', a.attname, c.oid::regclass),
       format('SELECT zava.show_column(%L, %L)', c.oid::regclass, a.attname), 'column'
  FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
 WHERE c.relnamespace = to_regnamespace('retail') AND c.relkind IN ('r', 'p', 'v') AND (c.relname, a.attname) <> ('stores', 'rls_user_id')
   AND a.attname <> ALL (string_to_array('store_id store_name is_online customer_id first_name last_name email phone primary_store_id created_at '
       'category_id category_name type_id type_name product_id sku product_name cost base_price gross_margin_percent product_description '
       'stock_level order_id order_date order_item_id quantity unit_price discount_percent discount_amount total_amount '
       'description_embedding model_id text_sha256', ' '))
   AND NOT EXISTS (SELECT FROM aclexplode(a.attacl) AS x WHERE x.privilege_type = 'SELECT'
                      AND (x.grantee = 0 OR shobj_description(x.grantee, 'pg_authid') = 'An identity of zava-mcp.'))
   AND
-- include: granted.sql
UNION ALL
SELECT 'warn', format('default privileges of %I%s for %s: %s on new %s', d.defaclrole::regrole, coalesce(' in the schema ' || quote_ident(n.nspname), ''), who,
                      x.privilege_type, kind),
       format('ALTER DEFAULT PRIVILEGES FOR ROLE %s%s REVOKE %s ON %s FROM %s', d.defaclrole::regrole, coalesce(' IN SCHEMA ' || quote_ident(n.nspname), ''),
              x.privilege_type, kind, who), 'default privileges'
  FROM pg_default_acl d LEFT JOIN pg_namespace n ON n.oid = d.defaclnamespace
 CROSS JOIN LATERAL aclexplode(d.defaclacl) AS x LEFT JOIN pg_roles r ON r.oid = x.grantee
 CROSS JOIN LATERAL (SELECT coalesce(quote_ident(r.rolname), 'PUBLIC') AS who,
                            CASE d.defaclobjtype WHEN 'r' THEN 'TABLES' WHEN 'S' THEN 'SEQUENCES' END AS kind) AS w
 WHERE d.defaclobjtype IN ('r', 'S')
   AND (x.grantee = 0 OR shobj_description(x.grantee, 'pg_authid') = 'An identity of zava-mcp.')
 ORDER BY 2;

-- name: login_is_read_only
-- The login has SELECT and no other privilege, in any schema and on any parameter. Initial privileges of PostgreSQL are
-- ignored.
SELECT 'fail', format('%s on %s for %s', g.kinds, g.relation, g.who), format('REVOKE %s ON %s FROM %s', g.kinds, g.relation, g.who)
  FROM (SELECT c.oid::regclass AS relation, string_agg(DISTINCT a.privilege_type, ', ') AS kinds,
               coalesce(quote_ident(r.rolname), 'PUBLIC') AS who
          FROM pg_class c
          JOIN pg_namespace n ON n.oid = c.relnamespace AND n.nspname !~ '^pg_(toast|temp)'
          CROSS JOIN LATERAL (
              SELECT x.grantee, x.privilege_type FROM aclexplode(c.relacl) AS x
              UNION ALL
              SELECT x.grantee, x.privilege_type FROM pg_attribute t, aclexplode(t.attacl) AS x WHERE t.attrelid = c.oid) AS a
          LEFT JOIN pg_roles r ON r.oid = a.grantee
         WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f', 'S')
           AND (a.grantee = 0 OR r.rolname = session_user AND r.oid <> c.relowner) AND a.privilege_type <> 'SELECT'
           AND NOT EXISTS (SELECT FROM pg_init_privs i, aclexplode(i.initprivs) AS x
                            WHERE i.classoid = 'pg_class'::regclass AND i.objoid = c.oid AND x.grantee = 0 AND x.privilege_type = a.privilege_type)
         GROUP BY c.oid, r.rolname) AS g
UNION ALL
SELECT 'fail', format('%s on the parameter %s for %s', x.privilege_type, p.parname, who), format('REVOKE %s ON PARAMETER %I FROM %s', x.privilege_type, p.parname, who)
  FROM pg_parameter_acl p CROSS JOIN LATERAL aclexplode(p.paracl) AS x LEFT JOIN pg_roles r ON r.oid = x.grantee
 CROSS JOIN LATERAL (SELECT coalesce(quote_ident(r.rolname), 'PUBLIC') AS who) AS w
 WHERE x.grantee = 0 OR r.rolname = session_user
 ORDER BY 2;

-- name: login_cannot_create_objects
-- The login cannot create objects, not even temporary ones, that shadow those of zava-mcp.
SELECT 'fail', format('%s for %s', what, who), format('REVOKE %s FROM %s', privilege, who)
  FROM (SELECT CASE a.privilege_type WHEN 'TEMPORARY' THEN 'temporary tables' ELSE 'schemas' END AS what,
               format('%s ON DATABASE %I', a.privilege_type, d.datname) AS privilege, a.grantee
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

-- name: login_has_no_other_role
-- A member of another role can read its rows.
SELECT 'fail', format('%I may become %I', session_user, g.rolname),
       format('REVOKE %I FROM %I', g.rolname, session_user)
       || CASE WHEN current_setting('server_version_num')::integer >= 160000 THEN format(' GRANTED BY %I', b.rolname) ELSE '' END
  FROM pg_auth_members m
  JOIN pg_roles g ON g.oid = m.roleid
  JOIN pg_roles r ON r.oid = m.member
  LEFT JOIN pg_roles b ON b.oid = m.grantor
 WHERE r.rolname = session_user
 ORDER BY 2;

-- name: search_path_is_trusted
-- Protection: only roles that see every row anyway may create objects in the schemas of the search path, and no other
-- role owns a function or operator there that an unqualified name could resolve to. If public fails this check, the
-- server removes it from the search path, and the operators of pgvector need the name of their schema.
WITH trusted AS (
    SELECT r.oid FROM pg_roles r WHERE r.rolsuper OR pg_has_role(r.oid, to_regrole('zava_owner'), 'MEMBER')
), path AS (
    SELECT n.*, CASE n.nspname WHEN 'public' THEN 'warn' ELSE 'fail' END AS state
      FROM pg_namespace n WHERE n.nspname IN ('retail', 'zava', 'public')
), owners AS (
    SELECT p.state, p.nspname, CASE WHEN p.nspowner = to_regrole('pg_database_owner') THEN d.datdba ELSE p.nspowner END AS owner
      FROM path p JOIN pg_database d ON d.datname = current_database()
), untrusted AS (
    SELECT n.state, 'function' AS kind, format('FUNCTION %s', p.oid::regprocedure) AS object, p.proowner AS owner
      FROM pg_proc p JOIN path n ON n.oid = p.pronamespace
     WHERE EXISTS (SELECT FROM pg_proc q WHERE q.proname = p.proname AND q.oid <> p.oid)
    UNION ALL
    SELECT n.state, 'operator', format('OPERATOR %s', o.oid::regoperator), o.oprowner
      FROM pg_operator o JOIN path n ON n.oid = o.oprnamespace
     WHERE EXISTS (SELECT FROM pg_operator q WHERE q.oprname = o.oprname AND q.oid <> o.oid)
)
SELECT state, found, fix FROM (
    SELECT p.state, format('%I may create objects in the schema %I', r.rolname, p.nspname) AS found,
           format('REVOKE CREATE ON SCHEMA %I FROM %I', p.nspname, r.rolname) AS fix
      FROM path p CROSS JOIN LATERAL aclexplode(p.nspacl) AS a JOIN pg_roles r ON r.oid = a.grantee -- login_cannot_create_objects checks PUBLIC
     WHERE a.privilege_type = 'CREATE' AND a.grantee <> p.nspowner AND r.oid NOT IN (SELECT oid FROM trusted) AND r.rolname <> session_user
    UNION ALL
    SELECT o.state, format('%I owns the schema %I and may create objects in it', r.rolname, o.nspname), format('ALTER SCHEMA %I OWNER TO zava_owner', o.nspname)
      FROM owners o JOIN pg_roles r ON r.oid = o.owner WHERE r.oid NOT IN (SELECT oid FROM trusted)
    UNION ALL
    SELECT t.state, format('the %s of %I can shadow another: %s', t.kind, r.rolname, t.object), format('DROP %s', t.object)
      FROM untrusted t JOIN pg_roles r ON r.oid = t.owner WHERE r.oid NOT IN (SELECT oid FROM trusted)
) AS faults
 ORDER BY found;

-- name: code_on_tables_is_trusted
-- Protection: only trusted roles can change code that runs when rows are written or indexed (triggers, defaults,
-- constraints, rules, index expressions, types), because it runs with the privileges of the writer. No such code calls a
-- function of PostgreSQL that runs a text as SQL.
WITH RECURSIVE trusted AS (
    SELECT r.oid FROM pg_roles r WHERE r.rolsuper OR pg_has_role(r.oid, to_regrole('zava_owner'), 'MEMBER')
), tables AS (
    SELECT c.oid FROM pg_class c
     WHERE c.relnamespace IN (to_regnamespace('retail'), to_regnamespace('zava')) AND c.relkind IN ('r', 'p', 'v')
        -- exposed tables whose rows zava_owner moves with their parent
        OR EXISTS (SELECT FROM pg_trigger g WHERE g.tgrelid = c.oid AND g.tgfoid = to_regprocedure('zava.fill_store()') AND length(g.tgargs) > 1)
),
-- include: table_code.sql
SELECT DISTINCT 'warn', CASE c.kind WHEN 'function' THEN format('%s runs the function %s, which %I can change', c.relation::regclass, c.name, c.owner)
                                    WHEN 'call' THEN format('%s calls %s (%s) when rows are written', c.relation::regclass, c.name, c.detail)
                                    WHEN 'domain' THEN format('%s has a column of the domain %s, to which %I can add constraints', c.relation::regclass, c.name, c.owner)
                                    ELSE format('a foreign key of %s has the type %s, whose casts %I can change', c.relation::regclass, c.name, c.owner) END,
       CASE c.kind WHEN 'function' THEN
            format(E'-- read it first: SELECT pg_get_functiondef(%1$s::regprocedure); unless every line of it is yours, drop what runs it and DROP FUNCTION %2$s instead\n'
                   'ALTER FUNCTION %3$s OWNER TO zava_owner', quote_literal(w.on_one_line), w.on_one_line, c.name)
            WHEN 'call' THEN 'drop the constraint, default or trigger that calls it'
            WHEN 'domain' THEN format(E'-- read its constraints first\nALTER DOMAIN %s OWNER TO zava_owner', c.name)
            ELSE format(E'-- or drop the foreign key\nALTER TYPE %s OWNER TO zava_owner', c.name) END,
       c.relation::regclass::text
  FROM table_code c CROSS JOIN LATERAL (SELECT regexp_replace(c.name, '[\r\n]', ' ', 'g') AS on_one_line) AS w -- a name could end the comment
 ORDER BY 2;

-- name: roles_are_protected
-- Only administrators can become or alter zava_owner, which sees every row, or this login. The owner of the database, who
-- sets it up, and members that a superuser added are allowed.
WITH owner AS (SELECT * FROM pg_roles WHERE rolname = 'zava_owner'
), held AS (
    SELECT m.roleid, m.member, r.rolname AS role, b.rolname AS grantor, coalesce(b.rolsuper, false)
           AND (coalesce((to_jsonb(m) ->> 'set_option')::boolean, true) OR coalesce((to_jsonb(m) ->> 'inherit_option')::boolean, true)) AS is_deliberate
      FROM pg_auth_members m JOIN pg_roles r ON r.oid = m.roleid LEFT JOIN pg_roles b ON b.oid = m.grantor
     WHERE r.rolname IN ('zava_owner', session_user)
), strangers AS (
    SELECT r.* FROM pg_roles r
     WHERE NOT r.rolsuper AND r.rolname NOT LIKE 'pg\_%' AND r.rolname <> session_user
       AND NOT EXISTS (SELECT FROM pg_database d WHERE d.datdba = r.oid AND d.datname = current_database())
       AND NOT EXISTS (SELECT FROM held h JOIN owner o ON o.oid = h.roleid WHERE h.member = r.oid AND h.is_deliberate)
)
SELECT state, found, fix FROM (
    SELECT 'fail' AS state, 'zava_owner, which sees every row, can log in' AS found, 'ALTER ROLE zava_owner NOLOGIN PASSWORD NULL' AS fix FROM owner WHERE rolcanlogin
    UNION ALL
    SELECT 'fail', format('zava_owner is %s', what), format('ALTER ROLE zava_owner NO%s', what)
      FROM owner, LATERAL (VALUES ('SUPERUSER', rolsuper), ('BYPASSRLS', rolbypassrls), ('CREATEROLE', rolcreaterole),
                                  ('CREATEDB', rolcreatedb), ('REPLICATION', rolreplication)) AS may (what, it)
     WHERE it
    UNION ALL
    SELECT 'fail', format('zava_owner is a member of %I', g.rolname), format('REVOKE %I FROM zava_owner', g.rolname)
      FROM owner o JOIN pg_auth_members m ON m.member = o.oid JOIN pg_roles g ON g.oid = m.roleid
    UNION ALL
    SELECT 'warn', format('%I may become or alter %I', s.rolname, h.role),
           format('REVOKE %I FROM %I', h.role, s.rolname)
           || CASE WHEN current_setting('server_version_num')::integer >= 160000 THEN format(' GRANTED BY %I', h.grantor) ELSE '' END
      FROM held h JOIN strangers s ON s.oid = h.member
     WHERE NOT (h.role = session_user AND coalesce(pg_has_role(s.oid, to_regrole('zava_owner'), 'USAGE'), false))
    UNION ALL
    SELECT 'warn', format('%I may create roles, and before PostgreSQL 16 alter every role except superusers', s.rolname), format('ALTER ROLE %I NOCREATEROLE', s.rolname)
      FROM strangers s
     WHERE s.rolcreaterole AND current_setting('server_version_num')::integer < 160000
       AND NOT coalesce(pg_has_role(s.oid, to_regrole('zava_owner'), 'USAGE'), false)
) AS faults
 ORDER BY found;

-- name: other_user_ids_are_hidden
-- stores.rls_user_id has the user ids of the managers. SELECT on the whole table shows it too.
SELECT 'fail', format('%s may read stores.rls_user_id', who),
       CASE WHEN by_column THEN format('REVOKE SELECT (rls_user_id) ON %s FROM %s', stores, who)
            ELSE format('REVOKE SELECT ON %s FROM %s', stores, who)
                 || CASE WHEN who = 'PUBLIC' OR stores = to_regclass('zava.stores') THEN '' ELSE format('; GRANT SELECT (%s) ON %s TO %s', (
                        SELECT string_agg(quote_ident(attname), ', ' ORDER BY attnum) FROM pg_attribute
                         WHERE attrelid = stores AND attnum > 0 AND NOT attisdropped AND attname <> 'rls_user_id'), stores, who) END
       END
  FROM (SELECT coalesce(to_regclass('zava.stores'), to_regclass('retail.stores')) AS stores) AS there
 CROSS JOIN LATERAL (
        SELECT a.grantee, true AS by_column FROM pg_attribute t, aclexplode(t.attacl) AS a
         WHERE t.attrelid = stores AND t.attname = 'rls_user_id' AND a.privilege_type = 'SELECT'
        UNION ALL
        SELECT a.grantee, false FROM pg_class c, aclexplode(c.relacl) AS a
         WHERE c.oid = stores AND a.privilege_type = 'SELECT') AS g
  LEFT JOIN pg_roles r ON r.oid = g.grantee
 CROSS JOIN LATERAL (SELECT coalesce(quote_ident(r.rolname), 'PUBLIC') AS who) AS w
 WHERE g.grantee = 0 OR r.rolname = session_user
 ORDER BY 2;

-- name: nothing_bypasses_policies
-- Views and SECURITY DEFINER functions read with the privileges of their owner, and other tables have no policies. Catalogue
-- tables that PostgreSQL hides initially must not be readable either.
WITH readable AS (
    SELECT format('the %s %s', u.what, u.name) AS what,
           format('%s ON %s', CASE u.kind WHEN 'ROUTINE' THEN 'EXECUTE' ELSE 'SELECT' END,
                  CASE u.kind WHEN 'ROUTINE' THEN 'ROUTINE ' ELSE '' END || u.name) AS privilege, a.grantee
      FROM (
-- include: unprotected.sql
      ) AS u
     CROSS JOIN LATERAL (
          SELECT x.grantee, x.privilege_type FROM aclexplode(u.acl) AS x
          UNION
          SELECT x.grantee, x.privilege_type FROM pg_attribute t, aclexplode(t.attacl) AS x WHERE u.kind = 'TABLE' AND t.attrelid = u.oid) AS a
     WHERE a.privilege_type = CASE u.kind WHEN 'ROUTINE' THEN 'EXECUTE' ELSE 'SELECT' END
    UNION -- the list of stores, which every identity reads: its definition must hide the managers' user ids
    SELECT 'the view retail.stores', NULL, x.grantee
      FROM pg_class c CROSS JOIN LATERAL (
           SELECT * FROM aclexplode(c.relacl) UNION SELECT e.* FROM pg_attribute t, aclexplode(t.attacl) AS e WHERE t.attrelid = c.oid) AS x
     WHERE c.oid = to_regclass('retail.stores') AND c.relkind = 'v' AND x.privilege_type = 'SELECT'
       AND position('CASE WHEN zava.maintains() THEN' IN regexp_replace(pg_get_viewdef(c.oid), '\s+', ' ', 'g')) = 0
    UNION
    SELECT format('the %s %s', CASE c.relkind WHEN 'v' THEN 'view' ELSE 'table' END, c.oid::regclass), format('SELECT ON %s', c.oid::regclass), a.grantee
      FROM pg_class c
     CROSS JOIN LATERAL (
          SELECT x.grantee, x.privilege_type FROM aclexplode(c.relacl) AS x
          UNION
          SELECT x.grantee, x.privilege_type FROM pg_attribute t, aclexplode(t.attacl) AS x WHERE t.attrelid = c.oid AND t.attnum > 0) AS a
     WHERE c.relnamespace = 'pg_catalog'::regnamespace AND c.oid < 16384 AND a.privilege_type = 'SELECT'
       AND NOT EXISTS (SELECT FROM pg_init_privs i, aclexplode(i.initprivs) AS x
                        WHERE i.classoid = 'pg_class'::regclass AND i.objoid = c.oid AND x.grantee = 0 AND x.privilege_type = 'SELECT')
)
SELECT 'fail', format('%s, open to %s, has no policy', what, who),
       CASE WHEN privilege IS NOT NULL THEN format('REVOKE %s FROM %s', privilege, who)
            ELSE 'CREATE OR REPLACE VIEW retail.stores AS SELECT s.store_id, s.store_name, CASE WHEN zava.maintains() THEN s.rls_user_id END AS rls_user_id, '
                 's.is_online FROM zava.stores s WHERE CASE WHEN zava.is_known() THEN true ELSE zava.maintains() END' END
  FROM readable
  LEFT JOIN pg_roles r ON r.oid = grantee
 CROSS JOIN LATERAL (SELECT coalesce(quote_ident(r.rolname), 'PUBLIC') AS who) AS w
 WHERE grantee = 0 OR r.rolname = session_user
 ORDER BY 2;

-- name: functions_revoked_from_public
-- Defence in depth: the functions outside the allow-list that this login can execute, and what each kind lets a query
-- observe or do. Only a superuser can revoke them. Row-level security does not depend on it.
WITH executable AS (
    SELECT f.* FROM (
-- include: functions.sql
    ) AS f WHERE has_function_privilege(f.oid, 'EXECUTE')
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

-- name: table_sizes_are_hidden
-- pg_class shows the number of rows and pages of all stores.
SELECT 'warn', format('pg_class shows how many rows or pages all stores have: %s', string_agg(attname, ', ' ORDER BY attnum) FILTER (WHERE open)),
       format('REVOKE SELECT ON pg_class FROM PUBLIC; GRANT SELECT (%s) ON pg_class TO PUBLIC',
              string_agg(quote_ident(attname), ', ' ORDER BY attnum) FILTER (WHERE NOT counts))
  FROM pg_attribute,
       LATERAL (SELECT attname IN ('reltuples', 'relpages', 'relallvisible', 'relallfrozen', 'relfilenode', 'relfrozenxid', 'relminmxid') AS counts,
                       has_column_privilege(attrelid, attnum, 'SELECT') AS readable) AS c,
       LATERAL (SELECT counts AND readable AS open) AS o
 WHERE attrelid = 'pg_class'::regclass AND NOT attisdropped
HAVING bool_or(open);

-- name: temporary_files_are_limited
-- Without a limit, a query of this login can fill the disk. A query cannot change the limit.
SELECT 'warn', 'no limit bounds the temporary files of this login''s queries',
       format('ALTER ROLE %I SET temp_file_limit = ''512MB''', session_user)
 WHERE current_setting('temp_file_limit') = '-1';

-- name: company_is_described
-- The company profile names the company, its currency and a time zone that this server knows, and is not left over from the sample.
WITH faults AS (
    SELECT 'the company profile is missing' AS found, '--name NAME --currency CODE' AS option
     WHERE NOT EXISTS (SELECT FROM zava.company)
    UNION ALL
    SELECT 'the company profile names no ' || CASE WHEN currency <> '' THEN 'company' WHEN name <> '' THEN 'currency' ELSE 'company and no currency' END,
           '--name NAME --currency CODE'
      FROM zava.company WHERE name = '' OR currency = ''
    UNION ALL
    SELECT format('the company profile is that of the sample, and the store %s is not', (SELECT min(store_name) FROM retail.stores WHERE store_name NOT LIKE 'Zava Retail %')),
           '--name NAME --sells TEXT --currency CODE'
      FROM zava.company WHERE name = 'Zava Retail' AND EXISTS (SELECT FROM retail.stores WHERE store_name NOT LIKE 'Zava Retail %')
    UNION ALL
    SELECT format('this server does not know the time zone %s of the company profile', time_zone), '--time-zone ZONE'
      FROM zava.company WHERE time_zone NOT IN (SELECT z.name FROM pg_timezone_names z)
)
SELECT 'warn', found, format('run zava-mcp company set %s as administrator', option) FROM faults
 WHERE EXISTS (SELECT FROM retail.stores);

-- name: encoding
-- In SQL_ASCII, PostgreSQL treats each byte as a character.
SELECT 'warn', 'the database encoding is SQL_ASCII: length and case of other characters are wrong',
       'copy the database into one with ENCODING UTF8'
 WHERE current_setting('server_encoding') = 'SQL_ASCII';

-- name: login_names
-- PostgreSQL shows every role's name to every login.
SELECT 'warn', CASE count(*) WHEN 1 THEN '1 login is' ELSE count(*) || ' logins are' END || ' named by user id, and every login can read their names',
       'treat user ids as names, not as secrets, or map logins with other names in zava.access'
  FROM pg_roles
 WHERE rolname ~ '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$' AND rolname <> session_user
HAVING count(*) > 0;

-- name: extension_vector
-- Semantic search needs pgvector in the schema public, and the table of embeddings.
SELECT 'warn', 'the extension vector is missing: search uses full-text search',
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
SELECT 'warn', 'the table of embeddings is missing: search uses full-text search', 'run zava-mcp init'
 WHERE EXISTS (SELECT FROM pg_extension WHERE extname = 'vector') AND to_regclass('retail.product_description_embeddings') IS NULL;
