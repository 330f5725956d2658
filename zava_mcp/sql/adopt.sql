-- Adopts a Zava database that zava-mcp did not create: obstacles, missing statements, manual steps. An administrator
-- runs these blocks; they only read the catalogue and the list of stores. Blocks that return statements return those
-- that are still needed: none on a second run.

-- name: obstacles
-- Reasons why the database cannot be adopted.
WITH wanted (relation, name, type) AS (VALUES
    ('stores', 'store_id', 'integer'), ('stores', 'store_name', 'text'), ('stores', 'rls_user_id', 'uuid'), ('stores', 'is_online', 'boolean'),
    ('customers', 'customer_id', 'integer'), ('customers', 'first_name', 'text'), ('customers', 'last_name', 'text'),
    ('customers', 'email', 'text'), ('customers', 'phone', 'text'), ('customers', 'primary_store_id', 'integer'), ('customers', 'created_at', 'timestamp'),
    ('categories', 'category_id', 'integer'), ('categories', 'category_name', 'text'),
    ('product_types', 'type_id', 'integer'), ('product_types', 'category_id', 'integer'), ('product_types', 'type_name', 'text'),
    ('products', 'product_id', 'integer'), ('products', 'sku', 'text'), ('products', 'product_name', 'text'), ('products', 'category_id', 'integer'),
    ('products', 'type_id', 'integer'), ('products', 'cost', 'numeric'), ('products', 'base_price', 'numeric'),
    ('products', 'gross_margin_percent', 'numeric'), ('products', 'product_description', 'text'),
    ('inventory', 'store_id', 'integer'), ('inventory', 'product_id', 'integer'), ('inventory', 'stock_level', 'integer'),
    ('orders', 'order_id', 'integer'), ('orders', 'customer_id', 'integer'), ('orders', 'store_id', 'integer'), ('orders', 'order_date', 'date'),
    ('order_items', 'order_item_id', 'integer'), ('order_items', 'order_id', 'integer'), ('order_items', 'store_id', 'integer'),
    ('order_items', 'product_id', 'integer'), ('order_items', 'quantity', 'integer'), ('order_items', 'unit_price', 'numeric'),
    ('order_items', 'discount_percent', 'integer'), ('order_items', 'discount_amount', 'numeric'), ('order_items', 'total_amount', 'numeric'),
    ('product_description_embeddings', 'product_id', 'integer'), ('product_description_embeddings', 'description_embedding', 'vector(1536)'),
    ('product_description_embeddings', 'created_at', 'timestamp')
), alike (type, also) AS (VALUES
    ('integer', '{smallint,bigint}'::text[]), ('text', '{character varying}'),
    ('timestamp', '{timestamp without time zone,timestamp with time zone}')
), found AS (
    -- In a database of zava-mcp, stores and customers are views of zava_owner. Reading another role's view runs its code.
    SELECT w.*, c.oid, coalesce(c.relkind IN ('r', 'p') OR c.relkind = 'v' AND c.relname IN ('stores', 'customers')
               AND c.relowner = to_regrole('zava_owner') AND EXISTS (
                   SELECT FROM pg_class b WHERE b.relnamespace = to_regnamespace('zava') AND b.relname = 'customers_by_store'
                      AND b.relowner = c.relowner), false) AS is_table,
           format_type(a.atttypid, NULL) AS plain, format_type(a.atttypid, a.atttypmod) AS exact
      FROM wanted w
      LEFT JOIN pg_class c ON c.relname = w.relation AND c.relnamespace = to_regnamespace('retail')
      LEFT JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = w.name AND NOT a.attisdropped
     WHERE c.oid IS NOT NULL OR w.relation <> 'product_description_embeddings' -- this table may be missing
), needed AS (
    SELECT format('the table retail.%I', c.relname) AS what, c.relowner AS owner FROM pg_class c
     WHERE c.relnamespace = to_regnamespace('retail') AND c.relkind IN ('r', 'p')
    UNION ALL
    SELECT format('the schema %I', nspname), nspowner FROM pg_namespace WHERE nspname IN ('retail', 'zava')
)
SELECT problem FROM (
    SELECT DISTINCT 1 AS part, format('retail.%I is missing', relation) AS problem FROM found WHERE oid IS NULL
    UNION ALL
    SELECT DISTINCT 2, format('retail.%I is not a table', relation) FROM found WHERE oid IS NOT NULL AND NOT is_table
    UNION ALL
    SELECT 3, format('retail.%I.%I is missing', relation, name) FROM found WHERE is_table AND plain IS NULL
    UNION ALL
    SELECT 4, format('retail.%I.%I is %s, not %s', relation, name, exact, type)
      FROM found LEFT JOIN alike USING (type)
     WHERE is_table AND plain IS NOT NULL AND NOT (type IN (plain, regexp_replace(exact, '^.*\.', '')) OR coalesce(plain = ANY (also), false))
    UNION ALL
    SELECT DISTINCT 5, format('retail.%I has no key of product_id alone', relation) FROM found
     WHERE is_table AND relation IN ('products', 'product_description_embeddings') AND NOT EXISTS (
           SELECT FROM pg_index i JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attname = 'product_id'
            WHERE i.indrelid = found.oid AND i.indisunique AND i.indpred IS NULL AND i.indnkeyatts = 1 AND i.indkey[0] = a.attnum
              AND (i.indisprimary OR found.relation <> 'products'))
    UNION ALL
    SELECT 6, 'there is a schema zava that zava-mcp did not create'
     WHERE to_regnamespace('zava') IS NOT NULL
       AND NOT EXISTS (SELECT FROM pg_class WHERE relname = 'about' AND relnamespace = to_regnamespace('zava') AND relowner = to_regrole('zava_owner'))
    UNION ALL
    SELECT 7, format('%s belongs to %I, whose rights %I does not have: GRANT %2$I TO %3$I', what, rolname, current_user)
      FROM needed JOIN pg_roles r ON r.oid = owner WHERE NOT pg_has_role(owner, 'USAGE')
    UNION ALL
    SELECT 8, format('%I may not create schemas: GRANT CREATE ON DATABASE %I TO %1$I', current_user, current_database())
     WHERE to_regnamespace('zava') IS NULL AND NOT has_database_privilege(current_database(), 'CREATE')
    UNION ALL
    SELECT 9, format('%I may not create logins: ALTER ROLE %1$I CREATEROLE', current_user)
      FROM pg_roles WHERE rolname = current_user AND NOT (rolcreaterole OR rolsuper)
    UNION ALL
    SELECT 10, format('%I is not a member of the existing role zava_owner: GRANT zava_owner TO %1$I', current_user)
      FROM pg_roles WHERE rolname = 'zava_owner' AND NOT pg_has_role(oid, 'USAGE')
) AS obstacles
 ORDER BY part, problem;

-- name: tables_forcing_rls
-- Tables whose older policies hide rows even from their owner, and the statement that shows the rows until the
-- adoption forces row-level security again.
SELECT c.oid::regclass::text, format('ALTER TABLE %s NO FORCE ROW LEVEL SECURITY', c.oid::regclass)
  FROM pg_class c
 WHERE c.relnamespace = 'retail'::regnamespace AND c.relkind IN ('r', 'p') AND c.relforcerowsecurity
   AND NOT EXISTS (SELECT FROM pg_policy p WHERE p.polrelid = c.oid AND p.polname = 'owner_maintains' AND p.polroles = ARRAY[to_regrole('zava_owner')::oid])
   AND NOT EXISTS (SELECT FROM pg_roles WHERE rolname = current_user AND (rolsuper OR rolbypassrls))
 ORDER BY 1;

-- name: identities
-- The identities of the stores: user id, name, store ids, whether a login of that name exists, has more rights than an
-- identity may have (superuser, BYPASSRLS, member of another role), and can be altered.
SELECT s.rls_user_id, string_agg(s.store_name, ' and ' ORDER BY s.store_id), array_agg(s.store_id::integer ORDER BY s.store_id),
       r.oid IS NOT NULL, r.rolsuper OR r.rolbypassrls OR EXISTS (SELECT FROM pg_auth_members m WHERE m.member = r.oid),
       r.oid IS NULL OR pg_has_role(current_user, r.oid, 'USAGE WITH ADMIN OPTION') OR current_setting('server_version_num')::integer < 160000
  FROM retail.stores s
  LEFT JOIN pg_roles r ON r.rolname = s.rls_user_id::text
 GROUP BY s.rls_user_id, r.oid, r.rolsuper, r.rolbypassrls
 ORDER BY min(s.store_id);

-- name: login
-- Whether one login has more rights than an identity may have, and can be altered.
SELECT r.rolsuper OR r.rolbypassrls OR EXISTS (SELECT FROM pg_auth_members m WHERE m.member = r.oid),
       pg_has_role(current_user, r.oid, 'USAGE WITH ADMIN OPTION') OR current_setting('server_version_num')::integer < 160000
  FROM pg_roles r WHERE r.rolname = %(login)s;

-- name: older_policies
-- All policies for PUBLIC, because PostgreSQL combines permissive policies with OR. Policies for certain roles stay,
-- because they show nothing to identities, unless they trust a setting.
SELECT format('DROP POLICY %I ON %s', p.polname, p.polrelid::regclass)
  FROM pg_policy p JOIN pg_class c ON c.oid = p.polrelid
 WHERE c.relnamespace = 'retail'::regnamespace
   AND (p.polroles = '{0}' AND p.polpermissive
        OR concat(pg_get_expr(p.polqual, p.polrelid), pg_get_expr(p.polwithcheck, p.polrelid)) ~* 'current_setting'
        OR p.polname IN ('owner_maintains', 'own_stores', 'own_customers', 'every_identity', 'isolation'))
 ORDER BY 1;

-- name: granted_to_public
-- Privileges of PUBLIC, and so of identities, on the retail tables, their partitions, views over them, and functions that
-- run with their owner's rights: the statement that revokes them, and whether this administrator may run it.
WITH RECURSIVE over (oid) AS (
    SELECT c.oid FROM pg_class c WHERE c.relnamespace = 'retail'::regnamespace AND c.relkind IN ('r', 'p', 'v', 'm', 'f', 'S')
    UNION
    SELECT next.oid FROM over o CROSS JOIN LATERAL (
        SELECT w.ev_class AS oid FROM pg_depend d JOIN pg_rewrite w ON w.oid = d.objid
         WHERE d.refclassid = 'pg_class'::regclass AND d.refobjid = o.oid AND d.classid = 'pg_rewrite'::regclass
        UNION ALL
        SELECT i.inhrelid FROM pg_inherits i WHERE i.inhparent = o.oid) AS next
)
SELECT format('REVOKE ALL ON %s %s FROM PUBLIC', CASE c.relkind WHEN 'S' THEN 'SEQUENCE' ELSE 'TABLE' END, c.oid::regclass),
       pg_has_role(c.relowner, 'USAGE')
  FROM over o JOIN pg_class c ON c.oid = o.oid
 WHERE EXISTS (SELECT FROM aclexplode(c.relacl) WHERE grantee = 0)
    OR EXISTS (SELECT FROM pg_attribute t, aclexplode(t.attacl) AS x WHERE t.attrelid = c.oid AND x.grantee = 0)
UNION ALL
SELECT format('REVOKE ALL ON SCHEMA retail FROM PUBLIC'), pg_has_role(n.nspowner, 'USAGE')
  FROM pg_namespace n WHERE n.nspname = 'retail' AND EXISTS (SELECT FROM aclexplode(n.nspacl) WHERE grantee = 0)
UNION ALL
SELECT format('REVOKE EXECUTE ON ROUTINE %s FROM PUBLIC', p.oid::regprocedure), pg_has_role(p.proowner, 'USAGE')
  FROM pg_proc p
 WHERE p.prosecdef AND p.oid >= 16384 AND p.pronamespace <> coalesce(to_regnamespace('zava'), 0)
   AND EXISTS (SELECT FROM aclexplode(coalesce(p.proacl, acldefault('f', p.proowner))) WHERE grantee = 0)
   AND p.prorettype NOT IN ('trigger'::regtype, 'event_trigger'::regtype)
   AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_proc'::regclass AND d.objid = p.oid AND d.deptype = 'e')
 ORDER BY 1;

-- name: model_columns
-- Columns for the model and the text of embeddings. The unknown values of an older table make searches request new ones.
SELECT format('ALTER TABLE %1$s ADD COLUMN %2$I text NOT NULL DEFAULT %3$L; ALTER TABLE %1$s ALTER COLUMN %2$I DROP DEFAULT', c.oid::regclass, w.name, w.unknown)
  FROM (VALUES ('model_id', 'unknown'), ('text_sha256', '')) AS w (name, unknown)
  JOIN pg_class c ON c.oid = to_regclass('retail.product_description_embeddings')
 WHERE NOT EXISTS (SELECT FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attname = w.name AND NOT a.attisdropped);

-- name: owners
-- Tables that zava_owner does not own yet and whose owner no migration changes.
SELECT format('ALTER TABLE %s OWNER TO zava_owner', c.oid::regclass)
  FROM pg_class c
 WHERE c.relnamespace = 'retail'::regnamespace AND c.relkind IN ('r', 'p')
   AND c.relowner IS DISTINCT FROM to_regrole('zava_owner') AND (c.relkind = 'p' OR to_regclass('zava.about') IS NOT NULL)
 ORDER BY 1;

-- name: other_tables
-- Tables of the schema retail that zava-mcp does not know: the name, the statement that lets zava_owner maintain the
-- table if it is missing, and whether the table has other policies.
SELECT c.oid::regclass::text,
       CASE WHEN p.oid IS NULL THEN format('CREATE POLICY owner_maintains ON %s TO zava_owner USING (true) WITH CHECK (true)', c.oid::regclass) END,
       EXISTS (SELECT FROM pg_policy q WHERE q.polrelid = c.oid AND q.polname <> 'owner_maintains')
  FROM pg_class c
  LEFT JOIN pg_policy p ON p.polrelid = c.oid AND p.polname = 'owner_maintains'
 WHERE c.relnamespace = 'retail'::regnamespace AND c.relkind IN ('r', 'p')
   AND c.relname NOT IN ('stores', 'customers', 'categories', 'product_types', 'products', 'inventory', 'orders', 'order_items', 'product_description_embeddings')
 ORDER BY 1;

-- name: unprotected
-- Tables without enabled and forced row-level security.
SELECT format('ALTER TABLE %1$s ENABLE ROW LEVEL SECURITY; ALTER TABLE %1$s FORCE ROW LEVEL SECURITY', c.oid::regclass)
  FROM pg_class c
 WHERE c.relnamespace = 'retail'::regnamespace AND c.relkind IN ('r', 'p') AND NOT (c.relrowsecurity AND c.relforcerowsecurity)
 ORDER BY 1;

-- name: incomplete
-- Admitted logins that lack the privilege to read a column.
SELECT a.login::text, a.rls_user_id, a.display_name, a.all_stores, a.store_ids
  FROM zava.access a JOIN pg_roles r ON r.rolname = a.login
 WHERE EXISTS (SELECT FROM zava.readable_columns() AS c
                WHERE NOT has_column_privilege(r.oid, c.relation::oid, c.column_name::text, 'SELECT'))
 ORDER BY 1;

-- name: admitted
-- The user ids that have a login, and those that an administrator removed.
SELECT rls_user_id FROM zava.access UNION SELECT rls_user_id FROM zava.removed;

-- name: checksums
-- For each table, the statement that counts its rows and adds up their hashes, over the columns it has now.
SELECT c.oid::regclass::text,
       format('SELECT count(*), sum(hashtextextended(ROW(%s)::text, 0)::numeric) FROM %s', string_agg(quote_ident(a.attname), ', ' ORDER BY a.attnum), c.oid::regclass)
  FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
 WHERE c.relnamespace = 'retail'::regnamespace AND c.relkind IN ('r', 'p')
 GROUP BY c.oid ORDER BY 1;

-- name: manual_steps
-- Other roles that can read the rows, and the SQL that ends it. Adoption leaves it to the administrator, because other
-- programs may need these rights.
WITH RECURSIVE trusted_roles AS (
    SELECT oid FROM pg_roles
     WHERE rolname IN ('zava_owner', current_user) OR rolsuper OR shobj_description(oid, 'pg_authid') = 'An identity of zava-mcp.'
        OR rolname IN (SELECT rls_user_id::text FROM retail.stores)
), relations AS (
    SELECT c.oid, c.relname, c.relkind, c.relowner, c.relacl, CASE c.relkind WHEN 'S' THEN 'SEQUENCE ' ELSE '' END AS kind
      FROM pg_class c WHERE c.relnamespace = 'retail'::regnamespace AND c.relkind IN ('r', 'p', 'v', 'm', 'f', 'S')
), held AS (
    SELECT x.grantee, x.privilege_type, c.relname, c.kind || c.oid::regclass::text AS object
      FROM relations c
     CROSS JOIN LATERAL (
          SELECT grantee, privilege_type FROM aclexplode(c.relacl)
          UNION
          SELECT a.grantee, a.privilege_type FROM pg_attribute t, aclexplode(t.attacl) AS a WHERE t.attrelid = c.oid) AS x
     WHERE x.grantee <> c.relowner
), over (oid) AS (
    SELECT c.oid FROM relations c WHERE c.relkind IN ('r', 'p')
    UNION
    SELECT w.ev_class FROM over o
      JOIN pg_depend d ON d.refclassid = 'pg_class'::regclass AND d.refobjid = o.oid AND d.classid = 'pg_rewrite'::regclass
      JOIN pg_rewrite w ON w.oid = d.objid
)
SELECT finding, fix FROM (
    SELECT 1 AS part, format('the %s %I owned %s', CASE WHEN r.rolcanlogin THEN 'login' ELSE 'role' END, r.rolname, string_agg(c.relname, ', ' ORDER BY c.relname)) AS finding,
           format('ALTER ROLE %I NOLOGIN, once nothing uses it', r.rolname) AS fix
      FROM relations c JOIN pg_roles r ON r.oid = c.relowner
     WHERE c.relkind IN ('r', 'p') AND r.oid NOT IN (SELECT oid FROM trusted_roles)
     GROUP BY r.oid, r.rolname, r.rolcanlogin
    UNION ALL
    SELECT 2, format('the %s %I may %s on %s', CASE WHEN r.rolcanlogin THEN 'login' ELSE 'role' END, r.rolname,
                     string_agg(DISTINCT h.privilege_type, ', '), string_agg(DISTINCT h.relname, ', ')),
           (SELECT string_agg(DISTINCT format('REVOKE ALL ON %s FROM %I', g.object, r.rolname), '; ') FROM held g WHERE g.grantee = r.oid)
      FROM held h JOIN pg_roles r ON r.oid = h.grantee
     WHERE r.oid NOT IN (SELECT oid FROM trusted_roles)
     GROUP BY r.oid, r.rolname, r.rolcanlogin
    UNION ALL
    SELECT 3, format('the %s %I may %s in the schema retail', CASE WHEN r.rolcanlogin THEN 'login' ELSE 'role' END, r.rolname, string_agg(x.privilege_type, ', ' ORDER BY x.privilege_type)),
           format('REVOKE ALL ON SCHEMA retail FROM %I', r.rolname)
      FROM pg_namespace n, aclexplode(n.nspacl) AS x JOIN pg_roles r ON r.oid = x.grantee
     WHERE n.nspname = 'retail' AND x.grantee <> n.nspowner AND r.oid NOT IN (SELECT oid FROM trusted_roles)
     GROUP BY r.oid, r.rolname, r.rolcanlogin
    UNION ALL
    SELECT 4, format('the view %s reads the retail tables with the rights of %I', c.oid::regclass, r.rolname)
              || coalesce('; it is open to ' || (SELECT string_agg(DISTINCT coalesce(g.rolname, 'PUBLIC'), ', ')
                                  FROM aclexplode(c.relacl) AS x LEFT JOIN pg_roles g ON g.oid = x.grantee WHERE x.grantee <> c.relowner), ''),
           CASE WHEN c.relkind = 'm' THEN format('REVOKE ALL ON %s FROM those who should not see all stores', c.oid::regclass)
                ELSE format('ALTER VIEW %s SET (security_invoker = true)', c.oid::regclass) END
      FROM over o JOIN pg_class c ON c.oid = o.oid AND c.relkind IN ('v', 'm') JOIN pg_roles r ON r.oid = c.relowner
     WHERE NOT coalesce(c.reloptions::text[] && '{security_invoker=true,security_invoker=on,security_invoker=1}', false)
       AND NOT (c.oid = to_regclass('retail.stores') AND to_regclass('zava.stores') IS NOT NULL)
    UNION ALL
    SELECT 5, format('the policy %I on %s is for %s and stays', p.polname, p.polrelid::regclass,
                     (SELECT string_agg(coalesce(r.rolname, 'PUBLIC, and only restricts'), ', ') FROM unnest(p.polroles) AS x (oid) LEFT JOIN pg_roles r ON r.oid = x.oid)),
           format('DROP POLICY %I ON %s', p.polname, p.polrelid::regclass)
      FROM pg_policy p JOIN relations c ON c.oid = p.polrelid
     WHERE (p.polroles <> '{0}' OR NOT p.polpermissive) AND p.polname NOT IN ('owner_maintains', 'isolation')
       AND concat(pg_get_expr(p.polqual, p.polrelid), pg_get_expr(p.polwithcheck, p.polrelid)) !~* 'current_setting'
    UNION ALL
    SELECT 6, format('the login %I bypasses every policy (BYPASSRLS)', rolname), format('ALTER ROLE %I NOBYPASSRLS', rolname)
      FROM pg_roles WHERE rolbypassrls AND rolcanlogin AND NOT rolsuper AND rolname <> session_user
    UNION ALL
    SELECT 7, 'zava_owner, who sees every row, can log in', 'ALTER ROLE zava_owner NOLOGIN'
      FROM pg_roles WHERE rolname = 'zava_owner' AND rolcanlogin
    UNION ALL
    SELECT DISTINCT 7, format('%I may become zava_owner, who sees every row', r.rolname), format('REVOKE zava_owner FROM %I', r.rolname)
      FROM pg_auth_members m JOIN pg_roles r ON r.oid = m.member
     WHERE m.roleid = to_regrole('zava_owner') AND r.rolname <> current_user AND NOT r.rolsuper
    UNION ALL
    SELECT DISTINCT 8, format('new objects of %I in %s will be open to %s', o.rolname, coalesce(d.defaclnamespace::regnamespace::text, 'any schema'), coalesce(g.rolname, 'PUBLIC')),
           format('ALTER DEFAULT PRIVILEGES FOR ROLE %I %sREVOKE ALL ON %s FROM %s', o.rolname,
                  CASE WHEN d.defaclnamespace <> 0 THEN format('IN SCHEMA %s ', d.defaclnamespace::regnamespace) ELSE '' END,
                  CASE d.defaclobjtype WHEN 'r' THEN 'TABLES' ELSE 'SEQUENCES' END, coalesce(quote_ident(g.rolname), 'PUBLIC'))
      FROM pg_default_acl d JOIN pg_roles o ON o.oid = d.defaclrole
     CROSS JOIN LATERAL aclexplode(d.defaclacl) AS x LEFT JOIN pg_roles g ON g.oid = x.grantee
     WHERE d.defaclobjtype IN ('r', 'S') AND d.defaclnamespace IN (0, 'retail'::regnamespace)
       AND x.grantee <> d.defaclrole AND (g.oid IS NULL OR g.oid NOT IN (SELECT oid FROM trusted_roles))
) AS left_over
 ORDER BY part, finding;

-- name: gaps
-- What this administrator's rights did not allow.
SELECT format('%s still belongs to %I: a superuser can run ALTER %s OWNER TO zava_owner', what, rolname, object)
  FROM (SELECT format('the schema %I', nspname) AS what, format('SCHEMA %I', nspname) AS object, nspowner AS owner
          FROM pg_namespace WHERE nspname IN ('retail', 'zava')
        UNION ALL
        SELECT format('the table %s', oid::regclass), format('TABLE %s', oid::regclass), relowner
          FROM pg_class WHERE relnamespace IN ('retail'::regnamespace, 'zava'::regnamespace) AND relkind IN ('r', 'p')) AS objects
  JOIN pg_roles r ON r.oid = owner
 WHERE r.rolname <> 'zava_owner'
UNION ALL
SELECT format('PUBLIC may create temporary tables: the database''s owner can run REVOKE TEMPORARY ON DATABASE %I FROM PUBLIC', current_database())
 WHERE has_database_privilege('public', current_database(), 'TEMP')
UNION ALL
SELECT 'PUBLIC may create objects in the schema public: its owner can run REVOKE CREATE ON SCHEMA public FROM PUBLIC'
  FROM pg_namespace n, aclexplode(n.nspacl) AS x WHERE n.nspname = 'public' AND x.grantee = 0 AND x.privilege_type = 'CREATE'
UNION ALL
SELECT 'the extension vector is not installed and could not be created: semantic search is not available'
 WHERE to_regclass('retail.product_description_embeddings') IS NULL
UNION ALL
SELECT 'set_config, clock_timestamp, advisory locks and the like stay executable by PUBLIC, because other programs may use this database: '
       'row-level security holds without this defence in depth; a superuser revokes them with zava-mcp init'
 WHERE has_function_privilege('public', 'set_config(text,text,boolean)', 'EXECUTE');
