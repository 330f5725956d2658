-- The doctor's checks of a database on a Citus cluster, in the form of those in checks.sql. A check of the same name takes
-- the place of that one.

-- name: every_table_has_its_policies
-- Protection: each table has its permissive policies, unchanged, and no other. Citus copies a restrictive policy to shards as a permissive one.
WITH tables AS (
    SELECT c.oid AS relation, c.relname AS name, n.nspname AS schema FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
     WHERE c.relkind IN ('r', 'p') AND NOT c.relispartition AND n.nspname IN ('retail', 'zava')
       AND NOT EXISTS (SELECT FROM pg_policy p WHERE p.polrelid = c.oid AND p.polname = 'others_maintain') -- exposed_tables_are_protected
), expected AS (
    SELECT t.relation, w.name, w.command, w.reads FROM tables t, LATERAL (VALUES
        ('owner_maintains', '*', CASE WHEN t.schema = 'zava' OR t.name IN ('categories', 'product_types', 'products', 'product_description_embeddings') THEN 'true' END),
        ('own_stores', 'r', CASE WHEN t.name IN ('orders', 'order_items', 'inventory') THEN
            'CASE WHEN NOT zava.is_known() THEN false WHEN zava.sees_all_stores() THEN true WHEN zava.on_coordinator() THEN true ELSE (zava.store_flags())[store_id] IS NOT NULL AND '
            'CASE WHEN zava.only_store() IS NOT NULL THEN store_id = zava.only_store() ELSE store_id = ANY (zava.visible_stores()) END END' END),
        ('own_customers', 'r', CASE t.name WHEN 'customers' THEN 'zava.sees_all_stores()' WHEN 'customers_by_store' THEN
            'CASE WHEN NOT zava.is_known() THEN false WHEN zava.sees_all_stores() THEN false WHEN zava.on_coordinator() THEN true ELSE (zava.store_flags())[visible_in] IS NOT NULL AND '
            'CASE WHEN zava.only_store() IS NOT NULL THEN visible_in = zava.only_store() ELSE visible_in = ANY (zava.visible_stores()) END END' END),
        ('every_identity', 'r', CASE WHEN t.name IN ('stores', 'categories', 'product_types', 'products', 'product_description_embeddings', 'about', 'saved_queries', 'company') THEN 'zava.is_known()' END)
    ) AS w (name, command, reads) WHERE w.reads IS NOT NULL
), existing AS (
    SELECT p.*, pg_get_expr(p.polqual, p.polrelid) AS reads,
           EXISTS (SELECT FROM unnest(p.polroles) AS r (oid) LEFT JOIN pg_roles o ON o.oid = r.oid
                    WHERE r.oid = 0 OR shobj_description(o.oid, 'pg_authid') = 'An identity of zava-mcp.') AS for_identities
      FROM pg_policy p JOIN tables t ON t.relation = p.polrelid
)
SELECT 'fail', format('%s on %s is missing or changed', w.name, w.relation::regclass), 'run zava-mcp init as administrator, or restore the policy from citus.sql'
  FROM expected w
 WHERE NOT EXISTS (SELECT FROM existing t
                    WHERE t.polrelid = w.relation AND t.polname = w.name AND t.polpermissive AND t.polcmd = w.command::"char"
                      AND t.polroles = CASE w.command WHEN '*' THEN ARRAY[to_regrole('zava_owner')::oid] ELSE '{0}' END
                      AND regexp_replace(t.reads, '[\s()]', '', 'g') = regexp_replace(w.reads, '[\s()]', '', 'g'))
UNION ALL
SELECT 'fail', format('%I on %s is not of zava-mcp', t.polname, t.polrelid::regclass) || CASE WHEN t.polpermissive THEN '' ELSE ', and Citus makes it permissive on shards' END,
       format('DROP POLICY %I ON %s', t.polname, t.polrelid::regclass)
  FROM existing t
 WHERE (t.for_identities OR NOT t.polpermissive) AND NOT EXISTS (SELECT FROM expected w WHERE w.relation = t.polrelid AND w.name = t.polname)
   AND EXISTS (SELECT FROM expected w WHERE w.relation = t.polrelid)
 ORDER BY 2;

-- name: row_level_security_is_on
-- Row-level security is enabled and forced on every table of zava-mcp.
SELECT 'fail', format('%s: not enabled and forced', c.oid::regclass), format('ALTER TABLE %1$s ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY', c.oid::regclass)
  FROM pg_class c
 WHERE c.relkind IN ('r', 'p') AND NOT (c.relrowsecurity AND c.relforcerowsecurity)
   AND (c.relnamespace = to_regnamespace('zava') OR c.relnamespace = to_regnamespace('retail') AND (
        c.relname IN ('categories', 'product_types', 'products', 'product_description_embeddings') OR EXISTS (
        SELECT FROM pg_policy p WHERE p.polrelid = c.oid)));

-- name: conditions_see_own_rows_only
-- A test of the stores that costs nothing stands first in the policies: every_table_has_its_policies compares their text.
SELECT 'fail', format('the policy of %s does not test the stores first', t.relation), 'run zava-mcp init as administrator'
  FROM (VALUES ('zava.orders'), ('zava.order_items'), ('zava.inventory'), ('zava.customers_by_store')) AS t (relation)
 WHERE NOT EXISTS (SELECT FROM pg_policy p WHERE p.polrelid = to_regclass(t.relation) AND pg_get_expr(p.polqual, p.polrelid) ~ 'store_flags\(\)\)?\[\w+\] IS NOT NULL\) AND');

-- name: stores_see_their_customers
-- Each store has its partitions. `zava-mcp init` makes those of new stores, and places customers after a load.
SELECT 'fail', format('the store %s has no partition for its %s', s.store_id, string_agg(t.name, ', ' ORDER BY t.name)), 'run zava-mcp init as administrator'
  FROM retail.stores s, unnest(ARRAY['orders', 'order_items', 'inventory', 'customers']) AS t (name)
 WHERE to_regclass(format('zava.%I', t.name || '_' || s.store_id)) IS NULL
 GROUP BY s.store_id;

-- name: tables_are_on_the_nodes
-- Tables by store are distributed together, each shard once; the catalogue, stores, customers and access are on every node.
SELECT 'fail', format('%s is not distributed by %s', t.name, t.by), 'run zava-mcp init as administrator'
  FROM (VALUES ('zava.orders', 'store_id'), ('zava.order_items', 'store_id'), ('zava.inventory', 'store_id'), ('zava.customers_by_store', 'visible_in')) AS t (name, by)
 WHERE NOT EXISTS (SELECT FROM pg_dist_partition p WHERE p.logicalrelid = to_regclass(t.name) AND p.partmethod = 'h'
                      AND p.colocationid = (SELECT o.colocationid FROM pg_dist_partition o WHERE o.logicalrelid = to_regclass('zava.orders')))
UNION ALL
SELECT 'fail', format('%s is not a reference table', t.name), format('SELECT create_reference_table(%L)', t.name)
  FROM (VALUES ('zava.access'), ('zava.stores'), ('zava.customers'), ('retail.categories'), ('retail.product_types'), ('retail.products'), ('retail.product_description_embeddings')) AS t (name)
 WHERE to_regclass(t.name) IS NOT NULL
   AND NOT EXISTS (SELECT FROM pg_dist_partition p WHERE p.logicalrelid = to_regclass(t.name) AND p.partmethod = 'n')
UNION ALL
SELECT 'fail', format('the node %s:%s has no copy of %s', n.nodename, n.nodeport, string_agg(p.logicalrelid::text, ', ')), 'run zava-mcp init as administrator, which names the statements'
  FROM pg_dist_node n CROSS JOIN pg_dist_partition p JOIN pg_dist_shard s ON s.logicalrelid = p.logicalrelid
 WHERE n.noderole = 'primary' AND n.isactive AND p.partmethod = 'n' AND p.repmodel = 't'
   AND NOT EXISTS (SELECT FROM pg_dist_placement l WHERE l.shardid = s.shardid AND l.groupid = n.groupid)
 GROUP BY n.nodename, n.nodeport
UNION ALL
SELECT 'fail', 'the coordinator has shards of tables by store, on which its policies would be asked', 'SELECT citus_drain_node(nodename, nodeport) FROM pg_dist_node WHERE groupid = 0'
 WHERE NOT zava.on_coordinator()
UNION ALL
SELECT 'fail', format('%s shards of %s are on no node, or on several', count(*), s.logicalrelid::regclass), 'SELECT * FROM citus_shards'
  FROM pg_dist_shard s JOIN pg_dist_partition p USING (logicalrelid)
 WHERE p.partmethod = 'h' AND (SELECT count(*) FROM pg_dist_placement l WHERE l.shardid = s.shardid) <> 1
 GROUP BY s.logicalrelid;

-- name: order_ids_are_unique
-- An order id of two stores, whose orders a join on order_id alone mixes.
SELECT 'warn', format('%s order ids are in several stores, the first is %s', count(*), min(order_id)), 'number the orders through all stores'
  FROM (SELECT order_id FROM retail.orders GROUP BY order_id HAVING count(*) > 1) AS repeated
HAVING count(*) > 0;

-- name: rows_have_parents
-- Foreign keys prevent rows that refer to nothing.
SELECT 'fail', format('%s has no foreign key to %s', k.child, k.parent), format('ALTER TABLE %s ADD FOREIGN KEY (%s) REFERENCES %s', k.child, k.columns, k.parent)
  FROM (VALUES ('zava.order_items', 'zava.orders', 'order_id, store_id'), ('zava.order_items', 'retail.products', 'product_id'), ('zava.orders', 'zava.customers', 'customer_id'),
               ('zava.orders', 'zava.stores', 'store_id')) AS k (child, parent, columns)
 WHERE NOT EXISTS (SELECT FROM pg_constraint c WHERE c.conrelid = to_regclass(k.child) AND c.confrelid = to_regclass(k.parent) AND c.convalidated);
