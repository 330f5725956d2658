-- The statements of the server. Each block is one named statement, run as the identity's login unless it says otherwise.

-- name: read_identity
-- The identity of this connection, and whether its login has more rights than an identity may have.
SELECT i.rls_user_id, i.display_name, i.all_stores,
       current_user = session_user AS is_itself,
       EXISTS (SELECT FROM pg_roles s
                WHERE (s.rolsuper OR s.rolbypassrls OR s.rolname = 'pg_read_all_data') AND pg_has_role(session_user, s.oid, 'MEMBER')) AS above_policies,
       EXISTS (SELECT FROM pg_class c
                WHERE c.relnamespace IN (to_regnamespace('retail'), to_regnamespace('zava')) AND c.relkind IN ('r', 'p')
                  AND pg_has_role(session_user, c.relowner, 'MEMBER')) AS owns_tables,
       (SELECT string_agg(c.relname, ', ' ORDER BY c.relname) FROM pg_class c
         WHERE (c.relnamespace = to_regnamespace('retail') AND c.relkind IN ('r', 'p')
                AND c.relname IN ('stores', 'customers', 'categories', 'product_types', 'products', 'inventory', 'orders', 'order_items',
                                  'product_description_embeddings')
                OR c.oid IN (to_regclass('zava.customers_by_store'), to_regclass('zava.orders'), to_regclass('zava.order_items'), to_regclass('zava.inventory')))
           AND NOT (c.relrowsecurity AND c.relforcerowsecurity)) AS unprotected,
       (SELECT string_agg(format('the %s %s', u.what, u.name), ', ' ORDER BY u.name) FROM (
-- include: unprotected.sql
        ) AS u
         WHERE CASE WHEN u.kind = 'ROUTINE' THEN has_function_privilege(u.oid, 'EXECUTE')
                    WHEN u.what = 'sequence' THEN has_sequence_privilege(u.oid, 'SELECT')
                    ELSE has_any_column_privilege(u.oid, 'SELECT') END
           AND (has_schema_privilege(u.schema, 'USAGE')
                OR
-- include: named_elsewhere.sql
               )) AS exposed,
       (SELECT schema_version FROM zava.about) AS schema_version,
       has_function_privilege('pg_catalog.pg_advisory_unlock_all()', 'EXECUTE') AS can_lock,
       (SELECT extversion FROM pg_extension
         WHERE extname = 'vector' AND to_regclass('retail.product_description_embeddings') IS NOT NULL) AS vectors,
       (SELECT extract(epoch FROM nullif(rolvaliduntil, 'infinity'))::float8 FROM pg_roles
         WHERE rolname = session_user) AS valid_until,
       extract(epoch FROM statement_timestamp())::float8 AS now,
       pg_backend_pid() AS backend,
       -- In a database of tenants, no identity reads the tables of products and orders.
       to_regclass('zava.tenants_source') IS NULL OR EXISTS (
           SELECT FROM pg_class c WHERE c.oid IN (to_regclass('retail.products'), to_regclass('retail.orders'))
              AND has_any_column_privilege(c.oid, 'SELECT')) AS has_orders,
       to_regprocedure('zava.grant_on_nodes(name)') IS NOT NULL AS is_distributed, -- over a Citus cluster
       -- The schemas that only trusted roles can create objects in, and in which no untrusted role owns a function or
       -- operator that an unqualified name could resolve to.
       ARRAY(SELECT n.nspname::text FROM pg_namespace n
              WHERE n.nspname IN ('retail', 'public')
                AND NOT EXISTS (
                    SELECT FROM (
                        SELECT a.grantee AS role FROM aclexplode(coalesce(n.nspacl, acldefault('n', n.nspowner))) AS a WHERE a.privilege_type = 'CREATE'
                        UNION ALL SELECT n.nspowner
                        UNION ALL
                        SELECT s.refobjid
                          FROM pg_shdepend s
                          LEFT JOIN pg_proc p ON s.classid = 'pg_proc'::regclass AND p.oid = s.objid
                          LEFT JOIN pg_operator o ON s.classid = 'pg_operator'::regclass AND o.oid = s.objid
                         WHERE s.dbid = d.oid AND s.classid IN ('pg_proc'::regclass, 'pg_operator'::regclass) AND s.deptype = 'o'
                           AND n.oid IN (p.pronamespace, o.oprnamespace)
                           AND (EXISTS (SELECT FROM pg_proc q WHERE q.proname = p.proname AND q.oid <> p.oid)
                                OR EXISTS (SELECT FROM pg_operator q WHERE q.oprname = o.oprname AND q.oid <> o.oid))) AS creators
                     WHERE NOT EXISTS (
                           SELECT FROM pg_roles r
                            WHERE r.oid = CASE WHEN role = to_regrole('pg_database_owner') THEN d.datdba ELSE role END
                              AND (r.rolsuper OR pg_has_role(r.oid, to_regrole('zava_owner'), 'MEMBER'))))) AS safe_schemas
  FROM zava.who_am_i() AS i JOIN pg_database d ON d.datname = current_database();

-- name: read_company
-- The profile of the company whose sales this database has.
SELECT name, sells, currency, time_zone, fiscal_year_start, week_start, notes, is_sample FROM zava.company;

-- name: missing_privileges
-- For a login that may not read its identity: each privilege that this needs, the SQL that grants it, and whether the login has it.
SELECT format('USAGE on the schema %I', nspname), format('GRANT USAGE ON SCHEMA %I TO %I', nspname, session_user), has_schema_privilege(oid, 'USAGE')
  FROM pg_namespace WHERE nspname IN ('retail', 'zava')
UNION ALL
SELECT 'SELECT on zava.about', format('GRANT SELECT (schema_version) ON zava.about TO %I', session_user), has_column_privilege(oid, 'schema_version', 'SELECT')
  FROM pg_class WHERE relnamespace = to_regnamespace('zava') AND relname = 'about'
UNION ALL
SELECT 'SELECT on zava.company', format('GRANT SELECT (%s) ON zava.company TO %I', string_agg(quote_ident(attname), ', ' ORDER BY attnum), session_user),
       bool_and(has_column_privilege(attrelid, attnum, 'SELECT'))
  FROM pg_attribute
 WHERE attrelid = (SELECT oid FROM pg_class WHERE relnamespace = to_regnamespace('zava') AND relname = 'company')
   AND attnum > 0 AND NOT attisdropped AND attname <> 'only_row'
HAVING count(*) > 0
UNION ALL
SELECT format('EXECUTE on %s', oid::regprocedure), format('GRANT EXECUTE ON FUNCTION %s TO %I', oid::regprocedure, session_user),
       has_function_privilege(oid, 'EXECUTE')
  FROM pg_proc WHERE pronamespace = to_regnamespace('zava') AND proname IN (
       'sees_all_stores', 'only_store', 'visible_stores', 'is_known', 'store_flags', 'maintains', 'own_customers', 'who_am_i', 'row_too_large')
 ORDER BY 1;

-- name: set_session_search_path
-- For a session: unqualified names resolve to pg_catalog, then to temporary tables, and a backslash in a string is literal.
SET search_path = pg_catalog, pg_temp; SET standard_conforming_strings = on;

-- name: set_search_path
-- Unqualified names resolve to pg_catalog, so that nothing in the database can change the statements that follow.
SET search_path = pg_catalog, pg_temp;

-- name: reset_role
-- Undoes a role that the database sets for its sessions.
SET ROLE NONE;

-- name: disable_jit
-- The statements that verify a login have high cost estimates and take milliseconds; compiling them would take seconds.
SET jit = off;

-- name: restore_jit
-- Queries are compiled, or not, as the server's settings say.
RESET jit;

-- name: set_local_search_path
-- Unqualified names resolve to pg_catalog until the transaction ends.
SET LOCAL search_path = pg_catalog, pg_temp;

-- name: list_tables
-- The tables that this login may read: comment, columns and keys of each, as JSON. It reads pg_catalog, because the
-- information schema hides keys from roles that may only read. A view has the keys of its table in the schema zava. Tables of
-- other schemas than retail are those that an administrator exposed; their names have their schema.
SELECT zava_names.of AS name, obj_description(c.oid, 'pg_class') AS comment,
       (SELECT json_agg(json_build_object(
                   'name', a.attname, 'type', format_type(a.atttypid, a.atttypmod), 'nullable', NOT coalesce(b.attnotnull, a.attnotnull),
                   'default', pg_get_expr(d.adbin, d.adrelid), 'comment', col_description(c.oid, a.attnum))
                   ORDER BY a.attnum)
          FROM pg_attribute a
          LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
          LEFT JOIN pg_attribute b ON b.attrelid = base.oid AND b.attname = a.attname
         WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped AND (c.relname, a.attname) <> ('stores', 'rls_user_id')
           AND has_column_privilege(c.oid, a.attnum, 'SELECT')) AS columns,
       (SELECT json_agg(json_build_object('kind', k.contype, 'references',
                   CASE WHEN f.relnamespace IN (to_regnamespace('retail'), to_regnamespace('zava')) THEN f.relname ELSE f.oid::regclass::text END,
                   'columns', (SELECT json_agg(a.attname ORDER BY u.place)
                                 FROM unnest(k.conkey) WITH ORDINALITY AS u (attnum, place)
                                 JOIN pg_attribute a ON a.attrelid = k.conrelid AND a.attnum = u.attnum),
                   'targets', (SELECT json_agg(a.attname ORDER BY u.place)
                                 FROM unnest(k.confkey) WITH ORDINALITY AS u (attnum, place)
                                 JOIN pg_attribute a ON a.attrelid = k.confrelid AND a.attnum = u.attnum))
                   ORDER BY k.contype, k.conkey)
          FROM pg_constraint k
          LEFT JOIN pg_class f ON f.oid = k.confrelid
         WHERE k.conrelid = base.oid AND k.contype IN ('p', 'u', 'f')
           AND k.conparentid = 0) AS keys
  FROM pg_class c
 CROSS JOIN LATERAL (SELECT coalesce((SELECT t.oid FROM pg_class t WHERE c.relkind = 'v' AND t.relname = c.relname
                                         AND t.relnamespace = to_regnamespace('zava')), c.oid) AS oid) AS base
 CROSS JOIN LATERAL (SELECT c.relnamespace = to_regnamespace('retail') AS is_retail) AS r
 CROSS JOIN LATERAL (SELECT CASE WHEN is_retail THEN c.relname ELSE c.oid::regclass::text END AS of) AS zava_names
 WHERE c.relkind IN ('r', 'p', 'v', 'm') AND has_any_column_privilege(c.oid, 'SELECT')
   AND (is_retail OR c.oid >= 16384 AND c.relnamespace <> to_regnamespace('zava') AND has_schema_privilege(c.relnamespace, 'USAGE')
        AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'e'))
 ORDER BY NOT is_retail, c.oid::regclass::text COLLATE "C", c.relname;

-- name: list_filter_values
-- The stores, categories, types and dates that this login sees.
SELECT s.stores, s.store_ids, s.first_days,
       (SELECT json_agg(category_name ORDER BY category_id) FROM retail.categories) AS categories,
       (SELECT json_object_agg(category_name, types)
          FROM (SELECT category_name, json_agg(type_name ORDER BY type_id) AS types
                  FROM retail.product_types JOIN retail.categories USING (category_id)
                 GROUP BY category_id, category_name ORDER BY category_id) AS t) AS types,
       (SELECT min(order_date) FROM retail.orders) AS first_day,
       (SELECT max(order_date) FROM retail.orders) AS last_day
  FROM (SELECT json_agg(store_name ORDER BY store_id) AS stores, json_agg(store_id ORDER BY store_id) AS store_ids,
               json_agg((SELECT min(o.order_date) FROM retail.orders o WHERE o.store_id = s.store_id) ORDER BY store_id) AS first_days
          FROM retail.stores s
         WHERE zava.sees_all_stores() OR store_id = zava.only_store() OR store_id = ANY (zava.visible_stores())) AS s;

-- name: list_filter_values_of_nodes
-- The same on a Citus cluster, which plans no subquery for each row of a reference table.
WITH days AS MATERIALIZED (SELECT store_id, min(order_date) AS first_day, max(order_date) AS last_day FROM retail.orders GROUP BY store_id)
SELECT s.stores, s.store_ids, s.first_days,
       (SELECT json_agg(category_name ORDER BY category_id) FROM retail.categories) AS categories,
       (SELECT json_object_agg(category_name, types)
          FROM (SELECT category_name, json_agg(type_name ORDER BY type_id) AS types
                  FROM retail.product_types JOIN retail.categories USING (category_id)
                 GROUP BY category_id, category_name ORDER BY category_id) AS t) AS types,
       (SELECT min(first_day) FROM days) AS first_day, (SELECT max(last_day) FROM days) AS last_day
  FROM (SELECT json_agg(store_name ORDER BY store_id) AS stores, json_agg(store_id ORDER BY store_id) AS store_ids,
               json_agg((SELECT d.first_day FROM days d WHERE d.store_id = s.store_id) ORDER BY store_id) AS first_days
          FROM retail.stores s
         WHERE zava.sees_all_stores() OR store_id = zava.only_store() OR store_id = ANY (zava.visible_stores())) AS s;

-- name: list_saved_queries
-- The saved queries, without their SQL.
SELECT name, description, parameters FROM zava.saved_queries ORDER BY name COLLATE "C";

-- name: read_saved_query
-- One saved query, and its SQL.
SELECT name, description, parameters, statement, source FROM zava.saved_queries WHERE name = %(name)s;

-- name: list_saved_query_names
-- The names of all saved queries.
SELECT name FROM zava.saved_queries ORDER BY name COLLATE "C";

-- name: list_own_stores
-- The columns of list_filter_values, for a database of tenants.
SELECT json_agg(store_name ORDER BY store_id), json_agg(store_id ORDER BY store_id), json_agg(NULL::text ORDER BY store_id),
       NULL::json, NULL::json, NULL::date, NULL::date
  FROM zava.own_stores();

-- name: listen
-- Subscribes this connection to notifications of schema changes.
LISTEN zava_schema_changed;

-- name: list_identities
-- Every login and its identity. Run as administrator.
SELECT a.login::text, a.rls_user_id, a.display_name, a.all_stores,
       (SELECT string_agg(s.store_name, ', ' ORDER BY s.store_id) FROM retail.stores s
         WHERE a.all_stores OR s.store_id = ANY (a.store_ids)) AS stores,
       (SELECT to_char(nullif(r.rolvaliduntil, 'infinity') AT TIME ZONE 'UTC' - interval '1 second', 'YYYY-MM-DD')
          FROM pg_roles r WHERE r.rolname = a.login) AS last_day
  FROM zava.access a
 ORDER BY NOT a.all_stores, a.store_ids;

-- name: list_functions
-- The functions of the schema zava: name, source, whether it is SECURITY DEFINER, owner.
SELECT p.proname::text, p.prosrc, p.prosecdef, pg_get_userbyid(p.proowner)::text FROM pg_proc p WHERE p.pronamespace = to_regnamespace('zava');

-- name: count_embeddings
-- The number of products, of those with a current embedding of a model, and of those with one of an older text; the models.
SELECT count(*),
       count(*) FILTER (WHERE e.model_id = %(model)s AND e.text_sha256 = text.sha256),
       count(*) FILTER (WHERE e.model_id = %(model)s AND e.text_sha256 <> text.sha256),
       string_agg(DISTINCT e.model_id, ', ')
  FROM retail.products p
 CROSS JOIN LATERAL (SELECT encode(sha256(convert_to({product_text}, 'UTF8')), 'hex') AS sha256) AS text
  LEFT JOIN retail.product_description_embeddings e USING (product_id);

-- name: record_migration
-- Records that a file of the schema was applied, now or at an unknown time. Run as administrator.
INSERT INTO zava.migrations VALUES (%s, CASE WHEN %s THEN now() END) ON CONFLICT DO NOTHING;

-- name: has_objects
-- Whether a role created a schema, table, type or function in this database, which was created from template0.
SELECT EXISTS (SELECT FROM pg_namespace WHERE oid >= 16384) OR EXISTS (SELECT FROM pg_class WHERE oid >= 16384)
       OR EXISTS (SELECT FROM pg_type WHERE oid >= 16384) OR EXISTS (SELECT FROM pg_proc WHERE oid >= 16384);

-- name: list_owner_create
-- The statement that revokes CREATE on the database from zava_owner, which a restore needs; no row if it has not got it.
SELECT format('REVOKE CREATE ON DATABASE %I FROM zava_owner', d.datname)
  FROM pg_database d, aclexplode(d.datacl) AS a
 WHERE d.datname = current_database() AND a.grantee = to_regrole('zava_owner') AND a.privilege_type = 'CREATE'
   AND pg_has_role(d.datdba, 'USAGE');

-- name: list_public_temporary
-- The statement that revokes temporary tables from PUBLIC; no row if that is done, or this role may not. Run as administrator.
SELECT format('REVOKE TEMPORARY ON DATABASE %I FROM PUBLIC', d.datname)
  FROM pg_database d, aclexplode(coalesce(d.datacl, acldefault('d', d.datdba))) AS a
 WHERE d.datname = current_database() AND a.grantee = 0 AND a.privilege_type = 'TEMPORARY'
   AND pg_has_role(d.datdba, 'USAGE');
