-- What `zava-mcp tables expose`, `hide` and `exposed` read and run as administrator.

-- name: relation
-- A table or view by its name: its full name, kind, and whether it is exposed.
SELECT c.oid::regclass::text, c.relkind::text, EXISTS (SELECT FROM zava.exposed_tables e WHERE e.relation = c.oid)
  FROM pg_class c WHERE c.oid = to_regclass(%(relation)s);

-- name: relations
-- The tables and views that could be exposed.
SELECT c.oid::regclass::text FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
 WHERE c.relkind IN ('r', 'p', 'v') AND NOT c.relispartition AND n.nspname !~ '^pg_' AND n.nspname NOT IN ('information_schema', 'zava', 'retail') ORDER BY 1;

-- name: columns
-- The columns of a table with their comments; the comment of the table has no column.
SELECT a.attname::text, col_description(a.attrelid, a.attnum) FROM pg_attribute a
 WHERE a.attrelid = to_regclass(%(relation)s) AND a.attnum > 0 AND NOT a.attisdropped AND a.attname <> 'zava_store'
UNION ALL SELECT '', obj_description(to_regclass(%(relation)s), 'pg_class');

-- name: parent_key
-- The column of the parent that a column refers to: of its foreign key, else the parent's primary key.
SELECT a.attname::text FROM pg_constraint k
  JOIN pg_attribute f ON f.attrelid = k.conrelid AND k.conkey = ARRAY[f.attnum] AND f.attname = %(column)s
  JOIN pg_attribute a ON a.attrelid = k.confrelid AND a.attnum = k.confkey[1]
 WHERE k.contype = 'f' AND k.conrelid = to_regclass(%(relation)s) AND k.confrelid = to_regclass(%(parent)s)
UNION ALL
SELECT 'order_id' WHERE to_regclass(%(parent)s) = to_regclass('retail.orders')
UNION ALL
SELECT a.attname::text FROM pg_index i JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = i.indkey[0]
 WHERE i.indisprimary AND i.indnkeyatts = 1 AND i.indrelid = to_regclass(%(parent)s)
 LIMIT 1;

-- name: blockers
-- The reasons why it cannot be exposed.
SELECT zava.expose_blockers(to_regclass(%(relation)s))
UNION ALL
SELECT zava.key_blockers(to_regclass(%(relation)s), %(column)s, to_regclass(%(parent)s), %(parent_key)s) WHERE %(column)s::text IS NOT NULL;

-- name: expose
SELECT zava.expose_table(to_regclass(%(relation)s), %(kind)s, %(columns)s, %(column)s, to_regclass(%(parent)s), %(parent_key)s);

-- name: without_store
-- The rows of an exposed table, and those that no store's manager sees.
SELECT rows, without FROM zava.rows_without_store(to_regclass(%(relation)s));

-- name: partitions_by_store
-- How many partitions have bounds of the column that says whose a row is. Every login can read bounds.
SELECT count(*) FROM pg_partitioned_table p JOIN pg_attribute a ON a.attrelid = p.partrelid AND a.attname = %(column)s AND a.attnum = ANY (p.partattrs::smallint[])
  JOIN pg_inherits i ON i.inhparent = p.partrelid
 WHERE p.partrelid = to_regclass(%(relation)s);

-- name: hide
SELECT zava.hide_table(to_regclass(%(relation)s));

-- name: forget_dropped
DELETE FROM zava.exposed_tables x WHERE NOT EXISTS (SELECT FROM pg_class c WHERE c.oid = x.relation);

-- name: exposed
-- Everything that is exposed: table, whose rows an identity sees, columns, hidden columns, and whether it is protected.
SELECT e.relation::text,
       CASE e.kind WHEN 'store' THEN 'own, by ' || e.key_column WHEN 'through' THEN format('own, through %s of %s', e.key_column, e.parent)
                   WHEN 'shared' THEN 'all rows' ELSE 'view' END,
       (SELECT count(*) FROM zava.readable_columns() AS r WHERE r.relation = e.relation),
       coalesce((SELECT string_agg(a.attname, ', ' ORDER BY a.attnum) FROM pg_attribute a
                  WHERE a.attrelid = e.relation AND a.attnum > 0 AND NOT a.attisdropped AND a.attname <> 'zava_store'
                    AND a.attname NOT IN (SELECT r.column_name FROM zava.readable_columns() AS r WHERE r.relation = e.relation)), '')
  FROM zava.exposed_tables e JOIN pg_class c ON c.oid = e.relation
UNION ALL -- shown by zava.show_table
SELECT c.oid::regclass::text, CASE p.polname WHEN 'own_stores' THEN 'own, by store_id' ELSE 'all rows' END,
       (SELECT count(*) FROM zava.readable_columns() AS r WHERE r.relation = c.oid), ''
  FROM pg_class c JOIN pg_policy p ON p.polrelid = c.oid AND p.polname IN ('own_stores', 'every_identity')
 WHERE c.relnamespace = 'retail'::regnamespace AND c.oid NOT IN (SELECT e.relation FROM zava.exposed_tables e)
   AND c.relname NOT IN ('stores', 'customers', 'categories', 'product_types', 'products', 'inventory', 'orders', 'order_items', 'product_description_embeddings')
 ORDER BY 1;
