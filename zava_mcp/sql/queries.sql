-- What the server itself asks. One named statement a block, each as the weak login unless it says otherwise.

-- name: identity
-- Who this connection really is, and whether it could do more than an identity may.
SELECT i.rls_user_id, i.display_name, i.all_stores,
       current_user = session_user AS is_itself,
       EXISTS (SELECT FROM pg_roles s
                WHERE (s.rolsuper OR s.rolbypassrls) AND pg_has_role(session_user, s.oid, 'MEMBER')) AS above_policies,
       EXISTS (SELECT FROM pg_class c
                WHERE c.relnamespace IN (to_regnamespace('retail'), to_regnamespace('zava')) AND c.relkind IN ('r', 'p')
                  AND pg_has_role(session_user, c.relowner, 'MEMBER')) AS owns_tables,
       (SELECT string_agg(c.relname, ', ' ORDER BY c.relname) FROM pg_class c
         WHERE c.relnamespace = to_regnamespace('retail') AND c.relkind IN ('r', 'p')
           AND NOT (c.relrowsecurity AND c.relforcerowsecurity)) AS unprotected,
       (SELECT schema_version FROM zava.about) AS schema_version,
       has_function_privilege('pg_catalog.pg_advisory_unlock_all()', 'EXECUTE') AS can_lock,
       (SELECT extversion FROM pg_extension
         WHERE extname = 'vector' AND to_regclass('retail.product_description_embeddings') IS NOT NULL) AS vectors
  FROM zava.who_am_i() AS i;

-- name: tables
-- The tables this login may read, with everything a writer of SQL needs to know of them, as one JSON
-- document a table. Read from pg_catalog: the information schema hides keys from those who only read.
SELECT c.relname AS name, obj_description(c.oid, 'pg_class') AS comment,
       (SELECT json_agg(json_build_object(
                   'name', a.attname, 'type', format_type(a.atttypid, a.atttypmod), 'nullable', NOT a.attnotnull,
                   'default', pg_get_expr(d.adbin, d.adrelid), 'comment', col_description(c.oid, a.attnum))
                   ORDER BY a.attnum)
          FROM pg_attribute a
          LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
         WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
           AND has_column_privilege(c.oid, a.attnum, 'SELECT')) AS columns,
       (SELECT json_agg(json_build_object('kind', k.contype, 'references', f.relname,
                   'columns', (SELECT json_agg(a.attname ORDER BY u.place)
                                 FROM unnest(k.conkey) WITH ORDINALITY AS u (attnum, place)
                                 JOIN pg_attribute a ON a.attrelid = k.conrelid AND a.attnum = u.attnum),
                   'targets', (SELECT json_agg(a.attname ORDER BY u.place)
                                 FROM unnest(k.confkey) WITH ORDINALITY AS u (attnum, place)
                                 JOIN pg_attribute a ON a.attrelid = k.confrelid AND a.attnum = u.attnum))
                   ORDER BY k.contype, k.conkey)
          FROM pg_constraint k
          LEFT JOIN pg_class f ON f.oid = k.confrelid
         WHERE k.conrelid = c.oid AND k.contype IN ('p', 'u', 'f')) AS keys
  FROM pg_class c
 WHERE c.relnamespace = to_regnamespace('retail') AND c.relkind IN ('r', 'p', 'v', 'm')
   AND has_any_column_privilege(c.oid, 'SELECT')
 ORDER BY c.relname;

-- name: values
-- What there is to filter by, as this login sees it.
SELECT (SELECT json_agg(store_name ORDER BY store_id) FROM retail.stores s
         WHERE zava.sees_all_stores() OR store_id = zava.only_store() OR store_id = ANY (zava.visible_stores())) AS stores,
       (SELECT json_agg(category_name ORDER BY category_id) FROM retail.categories) AS categories,
       (SELECT json_object_agg(category_name, types)
          FROM (SELECT category_name, json_agg(type_name ORDER BY type_id) AS types
                  FROM retail.product_types JOIN retail.categories USING (category_id)
                 GROUP BY category_id, category_name ORDER BY category_id) AS t) AS types,
       (SELECT min(order_date) FROM retail.orders) AS first_day,
       (SELECT max(order_date) FROM retail.orders) AS last_day;

-- name: listen
-- From now on this connection hears when the schema changes.
LISTEN zava_schema_changed;

-- name: identities
-- Every login and the identity it stands for. As admin.
SELECT a.login::text, a.rls_user_id, a.display_name, a.all_stores,
       (SELECT string_agg(s.store_name, ', ' ORDER BY s.store_id) FROM retail.stores s
         WHERE a.all_stores OR s.store_id = ANY (a.store_ids)) AS stores
  FROM zava.access a
 ORDER BY NOT a.all_stores, a.store_ids;

-- name: health
-- What this login could do, and what could be read that should not: one row a check, "found" empty if all is well.
SELECT 'one kind of privilege' AS name,
       (SELECT string_agg(DISTINCT format('%s on %s.%I', p.kind, c.relnamespace::regnamespace, c.relname), ', ')
          FROM pg_class c, unnest(ARRAY['INSERT', 'UPDATE', 'DELETE', 'TRUNCATE', 'REFERENCES', 'TRIGGER']) AS p (kind)
         WHERE c.relnamespace IN (to_regnamespace('retail'), to_regnamespace('zava')) AND c.relkind IN ('r', 'p')
           AND CASE WHEN p.kind IN ('INSERT', 'UPDATE', 'REFERENCES') THEN has_any_column_privilege(c.oid, p.kind)
                ELSE has_table_privilege(c.oid, p.kind) END) AS found,
       'REVOKE INSERT, UPDATE, DELETE, TRUNCATE, REFERENCES, TRIGGER ON ALL TABLES IN SCHEMA retail, zava FROM ' || quote_ident(session_user) AS fix
UNION ALL
SELECT 'nothing can be created',
       (SELECT string_agg(what, ', ') FROM (
          SELECT format('in schema %I', nspname) AS what FROM pg_namespace WHERE has_schema_privilege(oid, 'CREATE')
          UNION ALL SELECT 'temporary tables' WHERE has_database_privilege(current_database(), 'TEMP')
          UNION ALL SELECT 'schemas' WHERE has_database_privilege(current_database(), 'CREATE')) AS can),
       format('REVOKE CREATE, TEMPORARY ON DATABASE %1$I FROM PUBLIC, %2$I; REVOKE CREATE ON SCHEMA public FROM PUBLIC, %2$I',
              current_database(), session_user)
UNION ALL
SELECT 'no other role can be taken',
       (SELECT string_agg(r.rolname, ', ') FROM pg_roles r
         WHERE r.rolname <> session_user AND pg_has_role(session_user, r.oid, 'MEMBER')),
       format('REVOKE … FROM %I, for each of these roles', session_user)
UNION ALL
SELECT 'other user ids are hidden',
       CASE WHEN has_column_privilege('retail.stores', 'rls_user_id', 'SELECT') THEN 'stores.rls_user_id can be read' END,
       'run zava-mcp init as admin'
UNION ALL
SELECT 'no policy trusts a setting',
       (SELECT string_agg(format('%s on %s.%s', policyname, schemaname, tablename), ', ') FROM pg_policies
         WHERE schemaname = 'retail' AND (qual ILIKE '%current_setting%' OR with_check ILIKE '%current_setting%')),
       'drop these policies: whoever can call set_config passes them'
UNION ALL
SELECT 'every table has its policy',
       (SELECT string_agg(c.relname, ', ' ORDER BY c.relname) FROM pg_class c
         WHERE c.relnamespace = to_regnamespace('retail') AND c.relkind IN ('r', 'p')
           AND (NOT (c.relrowsecurity AND c.relforcerowsecurity)
                OR NOT EXISTS (SELECT FROM pg_policy p WHERE p.polrelid = c.oid AND p.polcmd = 'r'))),
       'run zava-mcp init as admin'
UNION ALL
-- From here on gaps that only a superuser can close, or that PostgreSQL leaves open: warnings.
SELECT 'warn: second lock',
       (SELECT string_agg(DISTINCT p.proname, ', ') FROM pg_proc p
         WHERE p.pronamespace = 'pg_catalog'::regnamespace AND has_function_privilege(p.oid, 'EXECUTE')
           AND p.proname IN ('set_config', 'pg_sleep', 'pg_advisory_lock', 'pg_terminate_backend', 'pg_notify', 'lo_create',
                             'query_to_xml', 'pg_relation_size', 'pg_stat_get_live_tuples', 'setseed')),
       'run zava-mcp init as a superuser; row-level security holds without it'
UNION ALL
SELECT 'warn: sizes of tables',
       CASE WHEN has_column_privilege('pg_catalog.pg_class', 'reltuples', 'SELECT')
            THEN 'pg_class tells how many rows all stores have' END,
       'run zava-mcp init as a superuser'
UNION ALL
SELECT 'warn: encoding',
       CASE WHEN current_setting('server_encoding') = 'SQL_ASCII'
            THEN 'the database knows no letters beyond ASCII: their length and case come out wrong' END,
       'copy the database into one with ENCODING UTF8'
UNION ALL
SELECT 'warn: names of logins',
       (SELECT count(*) || ' logins are named by user id, and every login can read their names' FROM pg_roles
         WHERE rolname ~ '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$' AND rolname <> session_user HAVING count(*) > 0),
       'treat user ids as names, not as secrets, or map logins with other names in zava.access'
UNION ALL
SELECT 'warn: search by meaning',
       CASE WHEN to_regclass('retail.product_description_embeddings') IS NULL THEN 'the extension vector is missing' END,
       'install pgvector on the server, then run zava-mcp init again';
