-- What `zava-mcp init` runs on the coordinator of a Citus cluster, after the database was built there as on one server.
-- All steps are one transaction on all nodes.

-- name: version
-- Of the extension: its major version, whether this is the coordinator, whether the administrator is
-- a superuser, and whether every login can run statements on other nodes.
SELECT split_part(e.extversion, '.', 1)::integer, (SELECT groupid = 0 FROM pg_dist_local_group), r.rolsuper,
       EXISTS (SELECT FROM pg_proc p WHERE p.proname IN ('run_command_on_workers', 'run_command_on_all_nodes', 'run_command_on_shards', 'citus_run_local_command')
                  AND has_function_privilege('public', p.oid, 'EXECUTE'))
  FROM pg_extension e JOIN pg_roles r ON r.rolname = current_user WHERE e.extname = 'citus';

-- name: workers
-- The nodes that hold shards.
SELECT nodename, nodeport FROM pg_dist_node WHERE noderole = 'primary' AND groupid <> 0 AND isactive ORDER BY groupid;

-- name: nodes
-- All nodes.
SELECT nodeid, nodename, nodeport FROM pg_dist_node ORDER BY groupid;

-- name: distributed
-- The tables by store that are distributed.
SELECT logicalrelid::text FROM pg_dist_partition
 WHERE logicalrelid IN (to_regclass('zava.orders'), to_regclass('zava.order_items'), to_regclass('zava.inventory'), to_regclass('zava.customers_by_store'));

-- name: copy
-- The name that a node's copy of a reference table has.
SELECT format('%%I.%%I', n.nspname, c.relname || '_' || s.shardid)
  FROM pg_dist_shard s JOIN pg_class c ON c.oid = s.logicalrelid JOIN pg_namespace n ON n.oid = c.relnamespace
 WHERE s.logicalrelid = to_regclass(%(relation)s);

-- name: without_copies
-- Nodes that were added since and have not all reference tables.
SELECT DISTINCT format('the node %s:%s', n.nodename, n.nodeport)
  FROM pg_dist_node n CROSS JOIN pg_dist_partition p JOIN pg_dist_shard s ON s.logicalrelid = p.logicalrelid
 WHERE n.noderole = 'primary' AND n.isactive AND p.partmethod = 'n' AND p.repmodel = 't'
   AND NOT EXISTS (SELECT FROM pg_dist_placement l WHERE l.shardid = s.shardid AND l.groupid = n.groupid)
 ORDER BY 1;

-- name: distribute_functions
-- Creates on all nodes what policies, views and the wrapper of queries call, and on nodes that are added later.
SELECT create_distributed_function(p.oid::regprocedure) FROM pg_proc p
 WHERE p.pronamespace = 'zava'::regnamespace
   AND p.proname IN ('is_known', 'sees_all_stores', 'only_store', 'visible_stores', 'store_flags', 'maintains', 'on_coordinator', 'row_too_large',
                     'entry_now', 'entry', 'store_user_id')
   AND (p.prorettype <> 'zava.access'::regtype OR EXISTS (SELECT FROM pg_dist_partition d WHERE d.logicalrelid = 'zava.access'::regclass));

-- name: add_partitions
-- Makes the partitions of stores that were added since.
SELECT zava.add_partitions(s.store_id) FROM zava.stores s
 WHERE EXISTS (SELECT FROM unnest('{orders,order_items,inventory,customers}'::text[]) AS t (name)
                WHERE to_regclass(format('zava.%I', t.name || '_' || s.store_id)) IS NULL)
 ORDER BY s.store_id;

-- name: on_all_nodes
-- Runs statements on every node as one: Citus reports the first statement's result alone, and propagates nothing then.
SELECT n.nodename, n.nodeport, r.success, r.result
  FROM run_command_on_all_nodes(format('DO %%L', format('BEGIN SET LOCAL citus.enable_ddl_propagation = off; EXECUTE %%L; END', %(text)s::text))) AS r
  JOIN pg_dist_node n USING (nodeid);

-- name: close
-- Functions of Citus outside pg_catalog, which no query of an identity calls. Citus moves shards as the owner of the tables.
DO $$
DECLARE
    internal name;
BEGIN
    EXECUTE (SELECT format('GRANT EXECUTE ON ROUTINE %s TO zava_owner', string_agg(d.objid::regprocedure::text, ', '))
               FROM pg_depend d JOIN pg_extension e ON e.oid = d.refobjid AND d.refclassid = 'pg_extension'::regclass
              WHERE e.extname = 'citus' AND d.classid = 'pg_proc'::regclass AND d.deptype = 'e');
    FOR internal IN SELECT nspname FROM pg_namespace WHERE nspname IN ('citus', 'citus_internal') LOOP
        EXECUTE format('REVOKE ALL ON ALL FUNCTIONS IN SCHEMA %I FROM PUBLIC', internal);
    END LOOP;
END $$;

-- name: seed_shards
-- On one node: gives the shards of partitioned tables the statistics of seed_statistics.sql, unless they have them. They are
-- collected in a table without the shard's constraints, which the synthetic rows violate.
DO $$
DECLARE
    shard record;
    stand_in regclass;
BEGIN
    FOR shard IN
        SELECT c.oid, c.oid::regclass AS relation, regexp_replace(c.relname, '_\d+$', '') AS name, a.attname AS store
          FROM pg_class c JOIN pg_partitioned_table p ON p.partrelid = c.oid JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = p.partattrs[0]
         WHERE c.relnamespace = 'zava'::regnamespace AND c.relname ~ '^(orders|order_items|inventory|customers_by_store)_\d+$'
           AND NOT EXISTS (SELECT FROM pg_statistic s WHERE s.starelid = c.oid)
    LOOP
        CREATE SCHEMA zava_seed;
        EXECUTE format('CREATE TABLE zava_seed.%I (LIKE %s) PARTITION BY LIST (%I)', shard.name, shard.relation, shard.store);
        stand_in := to_regclass('zava_seed.' || shard.name);
        PERFORM pg_temp.seed_statistics(stand_in);
        UPDATE pg_statistic s SET starelid = shard.oid, staattnum = a.attnum
          FROM pg_attribute a JOIN pg_attribute f USING (attname)
         WHERE s.starelid = stand_in AND f.attrelid = stand_in AND f.attnum = s.staattnum AND a.attrelid = shard.oid;
        DROP SCHEMA zava_seed CASCADE;
        EXECUTE (SELECT format('ALTER TABLE ONLY %s %s', shard.relation, string_agg(format('ALTER COLUMN %I SET STATISTICS 0', attname), ', '))
                   FROM pg_attribute WHERE attrelid = shard.oid AND attnum > 0 AND NOT attisdropped);
    END LOOP;
END $$;

-- name: admit_everywhere
-- Gives all logins their privileges and settings on every node.
SELECT zava.admit(a.login, a.rls_user_id, a.display_name, a.all_stores, a.store_ids) FROM zava.access a JOIN pg_roles r ON r.rolname = a.login;

-- name: nodes_without_roles
-- Nodes that lack the owner or a login.
SELECT format('the node %s:%s', n.nodename, n.nodeport)
  FROM run_command_on_all_nodes(format('SELECT count(*) FROM unnest(%L::name[]) AS r (name) WHERE to_regrole(quote_ident(r.name)) IS NULL',
           (SELECT array_agg(r.rolname) FROM pg_roles r WHERE r.rolname = 'zava_owner' OR r.rolname IN (SELECT login FROM zava.access)))) AS missing
  JOIN pg_dist_node n USING (nodeid) WHERE missing.result <> '0' ORDER BY n.nodeid;

-- name: create_roles
-- The statement that creates them on a node, with the passwords that they have here.
SELECT format('DO %L', 'BEGIN ' || string_agg(
           format('IF to_regrole(%L) IS NULL THEN CREATE ROLE %I %s PASSWORD %L; END IF;',
                  quote_ident(rolname), rolname, CASE WHEN rolcanlogin THEN 'LOGIN' ELSE 'NOLOGIN' END, rolpassword), ' ' ORDER BY rolname) || ' END')
  FROM pg_authid WHERE rolname = 'zava_owner' OR rolname IN (SELECT login FROM zava.access);

-- name: list_settings
-- The settings of administrators' sessions.
SELECT format('ALTER DATABASE %I SET citus.multi_shard_modify_mode = sequential', current_database());

-- name: functions
-- What policies read about the session, on every node. The entries of zava.access are a reference table, of which each node
-- has a copy; {access} is its name. Citus refuses a distributed query within a policy on a shard, so the functions read the
-- copy. A reference table takes no trigger that would end a cached value, so every statement looks the entry up anew.
CREATE OR REPLACE FUNCTION zava.entry_now() RETURNS zava.access
    LANGUAGE plpgsql VOLATILE PARALLEL SAFE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    entry zava.access;
BEGIN
    SELECT a.* INTO entry FROM {access} a WHERE a.login = session_user;
    RETURN entry;
END $$;

CREATE OR REPLACE FUNCTION zava.who_am_i(OUT rls_user_id uuid, OUT display_name text, OUT all_stores boolean, OUT store_ids integer[])
    LANGUAGE plpgsql STABLE PARALLEL SAFE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$ BEGIN
    SELECT a.rls_user_id, a.display_name, a.all_stores, a.store_ids
      INTO rls_user_id, display_name, all_stores, store_ids
      FROM {access} a WHERE a.login = session_user;
END $$;

CREATE OR REPLACE FUNCTION zava.sees_all_stores() RETURNS boolean LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE
AS $$ BEGIN
    RETURN coalesce((zava.entry_now()).all_stores, false);
END $$;

CREATE OR REPLACE FUNCTION zava.visible_stores() RETURNS integer[] LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE
AS $$ BEGIN
    RETURN coalesce((zava.entry_now()).store_ids, '{}');
END $$;

CREATE OR REPLACE FUNCTION zava.only_store() RETURNS integer LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE
AS $$
DECLARE
    stores integer[] := (zava.entry_now()).store_ids;
BEGIN
    RETURN CASE WHEN pg_catalog.cardinality(stores) OPERATOR(pg_catalog.=) 1 THEN stores[1] END;
END $$;

CREATE OR REPLACE FUNCTION zava.is_known() RETURNS boolean LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE
AS $$ BEGIN
    RETURN (zava.entry_now()).login IS NOT NULL;
END $$;

CREATE OR REPLACE FUNCTION zava.store_flags() RETURNS boolean[] LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE
AS $$
DECLARE
    flags boolean[];
    store integer;
BEGIN
    FOREACH store IN ARRAY coalesce((zava.entry_now()).store_ids, '{}') LOOP
        flags[store] := true;
    END LOOP;
    RETURN flags;
END $$;

CREATE OR REPLACE FUNCTION zava.maintains() RETURNS boolean LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE
AS $$ BEGIN
    RETURN CASE WHEN (zava.entry_now()).login IS NOT NULL THEN false ELSE pg_catalog.pg_has_role('zava_owner', 'MEMBER') END;
END $$;

-- name: drop_triggers
-- Citus supports no triggers on distributed and reference tables; administrators call functions instead.
DO $$
DECLARE
    found record;
BEGIN
    FOR found IN
        SELECT tgname, tgrelid::regclass AS relation FROM pg_trigger
         WHERE NOT tgisinternal AND tgparentid = 0 AND tgrelid IN (
               'zava.access'::regclass, 'zava.stores'::regclass, 'zava.customers'::regclass, 'retail.orders'::regclass,
               'retail.products'::regclass, 'retail.order_items'::regclass)
           AND tgfoid::regproc::text LIKE 'zava.%'
    LOOP
        EXECUTE format('DROP TRIGGER %I ON %s', found.tgname, found.relation);
    END LOOP;
END $$;

-- name: drop_foreign_keys
-- Citus would convert the tables on both sides of a foreign key; they are added again when all tables are distributed.
CREATE TEMP TABLE zava_foreign_keys ON COMMIT DROP AS
SELECT regexp_replace(conrelid::regclass::text, '^retail\.(orders|order_items|inventory)$', 'zava.\1') AS relation, conrelid::regclass::text AS before, conname,
       replace(pg_get_constraintdef(oid), 'retail.orders', 'zava.orders') AS definition FROM pg_constraint
 WHERE contype = 'f' AND conparentid = 0 AND connamespace IN ('retail'::regnamespace, 'zava'::regnamespace)
   AND conrelid <> 'zava.new_embeddings'::regclass;
DO $$
DECLARE
    key record;
BEGIN
    ALTER TABLE zava.new_embeddings DROP CONSTRAINT IF EXISTS new_embeddings_product_id_fkey;
    FOR key IN SELECT * FROM pg_temp.zava_foreign_keys LOOP
        EXECUTE format('ALTER TABLE %s DROP CONSTRAINT %I', key.before, key.conname);
    END LOOP;
END $$;

-- name: list_foreign_keys
-- The statements that add them again, those to reference tables first.
SELECT format('ALTER TABLE %s ADD CONSTRAINT %I %s', relation, conname, definition) FROM pg_temp.zava_foreign_keys
 ORDER BY relation = 'zava.order_items', relation, conname;

-- name: sequences
-- Citus supports no identity columns of the type integer: a sequence is the default instead.
DO $$
DECLARE
    id record;
    last bigint;
BEGIN
    FOR id IN
        SELECT a.attrelid::regclass AS relation, a.attname AS name FROM zava.id_columns() AS i
          JOIN pg_attribute a ON a.attrelid = i.relation AND a.attname = i.column_name WHERE a.attidentity <> ''
    LOOP
        EXECUTE format('ALTER TABLE %s ALTER COLUMN %I DROP IDENTITY', id.relation, id.name);
        EXECUTE format('CREATE SEQUENCE %s_%s_seq AS integer', id.relation, id.name);
        EXECUTE format('ALTER SEQUENCE %1$s_%2$s_seq OWNER TO zava_owner; ALTER SEQUENCE %1$s_%2$s_seq OWNED BY %1$s.%2$I', id.relation, id.name);
        EXECUTE format('ALTER TABLE %1$s ALTER COLUMN %2$I SET DEFAULT nextval(''%1$s_%2$s_seq'')', id.relation, id.name);
    END LOOP;
    PERFORM zava.continue_ids();
END $$;

-- name: separate_customers
-- The customers become a reference table, which head office reads, and a distributed table of the stores' own customers:
-- a distributed table cannot have rows without a store.
DROP VIEW retail.customers;
DROP VIEW retail.stores;
ALTER TABLE zava.customers_by_store DETACH PARTITION zava.customers;
ALTER TABLE zava.customers DROP CONSTRAINT customers_of_all_stores, DROP COLUMN visible_in;
ALTER TABLE zava.customers_by_store ALTER customer_id DROP DEFAULT, ALTER visible_in SET NOT NULL;
-- Behind views: Citus crashes where it makes a subquery of a table in an outer join and the table's policy names a column.
ALTER TABLE retail.orders SET SCHEMA zava;
ALTER TABLE retail.order_items SET SCHEMA zava;
ALTER TABLE retail.inventory SET SCHEMA zava;
DO $$
DECLARE
    key record;
BEGIN
    FOR key IN
        SELECT k.conname, k.conrelid::regclass AS relation FROM pg_constraint k JOIN pg_inherits i ON i.inhrelid = k.conrelid
         WHERE i.inhparent = 'zava.customers_by_store'::regclass AND k.contype = 'p'
    LOOP
        EXECUTE format('ALTER TABLE %s DROP CONSTRAINT %I', key.relation, key.conname);
    END LOOP;
    ALTER TABLE zava.customers_by_store ADD PRIMARY KEY (customer_id, visible_in);
END $$;

-- name: access
-- A query of an identity without stores reads no shard at all, and some such queries crash Citus 13.
ALTER TABLE zava.access ADD CONSTRAINT access_some_stores CHECK (all_stores OR store_ids <> '{}');

-- name: policies
-- Citus copies policies to shards without AS RESTRICTIVE: "isolation" would show rows there, so it becomes a part of the one
-- permissive policy. Its test stands first and costs nothing, so that PostgreSQL evaluates it before a query's conditions. On the
-- coordinator, which has no shard, it shows all rows of none and names no column; the views choose the shards there.
CREATE FUNCTION zava.on_coordinator() RETURNS boolean LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE
AS $$ BEGIN
    RETURN (SELECT g.groupid OPERATOR(pg_catalog.=) 0 FROM pg_catalog.pg_dist_local_group g)
       AND NOT EXISTS (SELECT FROM pg_catalog.pg_dist_placement p JOIN pg_catalog.pg_dist_shard s USING (shardid) JOIN pg_catalog.pg_dist_partition t USING (logicalrelid)
                        WHERE p.groupid OPERATOR(pg_catalog.=) 0 AND t.partmethod OPERATOR(pg_catalog.=) 'h');
END $$;
COMMENT ON FUNCTION zava.on_coordinator() IS 'Whether this is the coordinator and has no shard of a table by store.';
ALTER FUNCTION zava.on_coordinator() OWNER TO zava_owner;
DO $$
DECLARE
    own constant text := 'CASE WHEN NOT zava.is_known() THEN false WHEN zava.sees_all_stores() THEN %2$s WHEN zava.on_coordinator() THEN true
        ELSE (zava.store_flags())[%1$I] IS NOT NULL AND CASE WHEN zava.only_store() IS NOT NULL THEN %1$I = zava.only_store()
             ELSE %1$I = ANY (zava.visible_stores()) END END';
    t regclass;
BEGIN
    FOREACH t IN ARRAY ARRAY['zava.orders', 'zava.order_items', 'zava.inventory', 'zava.customers_by_store']::regclass[] LOOP
        EXECUTE format('DROP POLICY IF EXISTS isolation ON %1$s; DROP POLICY IF EXISTS own_stores ON %1$s; DROP POLICY IF EXISTS own_customers ON %1$s', t);
        IF t = 'zava.customers_by_store'::regclass THEN
            EXECUTE format('CREATE POLICY own_customers ON %s FOR SELECT USING (%s)', t, format(own, 'visible_in', 'false'));
        ELSE
            EXECUTE format('CREATE POLICY own_stores ON %s FOR SELECT USING (%s)', t, format(own, 'store_id', 'true'));
        END IF;
    END LOOP;
    DROP POLICY IF EXISTS own_customers ON zava.customers;
    DROP POLICY IF EXISTS isolation ON zava.customers;
    CREATE POLICY own_customers ON zava.customers FOR SELECT USING (zava.sees_all_stores());
END $$;

-- name: helpers
-- Functions of administrators that differ on a cluster.
CREATE FUNCTION zava.store_user_id(store integer) RETURNS uuid
    LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$ BEGIN
    RETURN (SELECT s.rls_user_id FROM {stores} s WHERE s.store_id = store_user_id.store AND zava.maintains());
END $$;
COMMENT ON FUNCTION zava.store_user_id(integer) IS 'The user id of a store''s manager, for administrators.';

CREATE OR REPLACE FUNCTION zava.place_customers(ids integer[]) RETURNS void
    LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    DELETE FROM zava.customers_by_store WHERE ids IS NULL OR customer_id = ANY (ids);
    INSERT INTO zava.customers_by_store
        (customer_id, first_name, last_name, email, phone, primary_store_id, created_at, visible_in)
    SELECT c.customer_id, c.first_name, c.last_name, c.email, c.phone, c.primary_store_id, c.created_at, o.store_id
      FROM (SELECT DISTINCT customer_id, store_id FROM zava.orders WHERE ids IS NULL OR customer_id = ANY (ids)) AS o
      JOIN zava.customers c USING (customer_id);
    INSERT INTO zava.customers_by_store
        (customer_id, first_name, last_name, email, phone, primary_store_id, created_at, visible_in)
    SELECT c.customer_id, c.first_name, c.last_name, c.email, c.phone, c.primary_store_id, c.created_at, c.primary_store_id
      FROM zava.customers c WHERE c.primary_store_id IS NOT NULL AND (ids IS NULL OR c.customer_id = ANY (ids))
        ON CONFLICT DO NOTHING;
END $$;

CREATE FUNCTION zava.grant_on_nodes(admitted name DEFAULT NULL) RETURNS void
    LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    login name;
BEGIN
    FOR login IN SELECT a.login FROM zava.access a JOIN pg_roles r ON r.rolname = a.login WHERE admitted IS NULL OR a.login = admitted LOOP
        EXECUTE format('GRANT SELECT (store_id, store_name, is_online) ON zava.stores TO %I', login);
        EXECUTE format('GRANT SELECT (order_id, customer_id, store_id, order_date) ON zava.orders, retail.orders TO %I', login);
        EXECUTE format('GRANT SELECT (order_item_id, order_id, store_id, product_id, quantity, unit_price, discount_percent, discount_amount, total_amount)
            ON zava.order_items, retail.order_items TO %I', login);
        EXECUTE format('GRANT SELECT (store_id, product_id, stock_level) ON zava.inventory, retail.inventory TO %I', login);
        EXECUTE format('GRANT EXECUTE ON FUNCTION zava.on_coordinator() TO %I', login);
        EXECUTE format('GRANT SELECT (customer_id, first_name, last_name, email, phone, primary_store_id, created_at) ON zava.customers TO %I', login);
    END LOOP;
END $$;
COMMENT ON FUNCTION zava.grant_on_nodes(name) IS 'Grants what identities read of the tables below the views, which Citus reads with the identity''s own rights.';
REVOKE ALL ON FUNCTION zava.store_user_id(integer), zava.grant_on_nodes(name) FROM PUBLIC;
ALTER FUNCTION zava.store_user_id(integer) OWNER TO zava_owner;
ALTER FUNCTION zava.grant_on_nodes(name) OWNER TO zava_owner;

CREATE OR REPLACE FUNCTION zava.admit(login name, rls_user_id uuid, display_name text, all_stores boolean, store_ids integer[])
    RETURNS void LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp SET citus.multi_shard_modify_mode = 'sequential'
AS $$
BEGIN
    IF (SELECT max(s) - min(s) FROM unnest(admit.store_ids) AS s) > 100000 THEN
        RAISE EXCEPTION USING ERRCODE = 'invalid_parameter_value',
            MESSAGE = 'the store ids of one identity lie more than 100,000 apart', HINT = 'Renumber the stores, or admit two identities.';
    ELSIF NOT admit.all_stores AND admit.store_ids = '{}' THEN
        RAISE EXCEPTION USING ERRCODE = 'invalid_parameter_value',
            MESSAGE = 'an identity on a Citus cluster has at least one store', HINT = 'Name its stores, or remove the identity.';
    END IF;
    INSERT INTO zava.access AS a VALUES (admit.login, admit.rls_user_id, admit.display_name, admit.all_stores, admit.store_ids)
        ON CONFLICT ON CONSTRAINT access_pkey DO UPDATE
        SET rls_user_id = excluded.rls_user_id, display_name = excluded.display_name,
            all_stores = excluded.all_stores, store_ids = excluded.store_ids;
    EXECUTE format('GRANT CONNECT ON DATABASE %I TO %I', current_database(), login);
    PERFORM zava.grant_reading(login);
    PERFORM zava.grant_on_nodes(login);
    PERFORM zava.set_login_defaults(login);
    -- A node accepts as many connections of a login as one server does: a query uses two at a time.
    EXECUTE format('ALTER ROLE %I SET citus.max_adaptive_executor_pool_size = 2', login);
END $$;

CREATE OR REPLACE FUNCTION zava.add_partitions(store integer) RETURNS void
    LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp SET client_min_messages = warning
AS $$
DECLARE
    parent text;
    name text;
BEGIN
    FOREACH parent IN ARRAY '{zava.orders,zava.order_items,zava.inventory,zava.customers_by_store}'::text[] LOOP
        name := replace(parent, '_by_store', '') || '_' || store;
        IF to_regclass(name) IS NULL THEN
            EXECUTE format('CREATE TABLE %s (LIKE %s INCLUDING DEFAULTS INCLUDING CONSTRAINTS INCLUDING STORAGE)', name, parent);
            PERFORM zava.close_table(name::regclass);
            EXECUTE format('ALTER TABLE %s ATTACH PARTITION %s FOR VALUES IN (%s)', parent, name, store);
        END IF;
    END LOOP;
END $$;

CREATE OR REPLACE FUNCTION zava.refill_partition(parent regclass, store integer, added regclass, columns text, added_rows bigint) RETURNS boolean
    LANGUAGE sql SET search_path = pg_catalog, pg_temp
AS $$ SELECT false $$;

CREATE OR REPLACE FUNCTION zava.write_store() RETURNS trigger
    LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp SET citus.multi_shard_modify_mode = 'sequential'
AS $$
BEGIN
    IF TG_OP = 'DELETE' THEN
        DELETE FROM zava.stores WHERE store_id = OLD.store_id;
        RETURN OLD;
    END IF;
    NEW.rls_user_id := coalesce(NEW.rls_user_id, gen_random_uuid());
    NEW.is_online := coalesce(NEW.is_online, false);
    IF TG_OP = 'INSERT' THEN
        NEW.store_id := coalesce(NEW.store_id, nextval(pg_get_serial_sequence('zava.stores', 'store_id')));
        INSERT INTO zava.stores (store_id, store_name, rls_user_id, is_online)
        VALUES (NEW.store_id, NEW.store_name, NEW.rls_user_id, NEW.is_online);
        PERFORM zava.add_partitions(NEW.store_id);
    ELSE
        UPDATE zava.stores SET store_name = NEW.store_name, rls_user_id = NEW.rls_user_id, is_online = NEW.is_online
         WHERE store_id = OLD.store_id;
    END IF;
    RETURN NEW;
END $$;

-- name: views
-- Views read with the rights of the identity, because Citus sends their text to the nodes. The manager of several stores
-- meets a customer of two of them once.
CREATE VIEW retail.stores WITH (security_invoker = true) AS
    SELECT s.store_id, s.store_name, CASE WHEN zava.maintains() THEN zava.store_user_id(s.store_id) END AS rls_user_id, s.is_online
      FROM zava.stores s WHERE CASE WHEN zava.is_known() THEN true ELSE zava.maintains() END;
ALTER VIEW retail.stores OWNER TO zava_owner;
CREATE TRIGGER write_store INSTEAD OF INSERT OR UPDATE OR DELETE ON retail.stores FOR EACH ROW EXECUTE FUNCTION zava.write_store();
CREATE VIEW retail.orders WITH (security_invoker = true) AS
    SELECT o.order_id, o.customer_id, o.store_id, o.order_date FROM zava.orders o
     WHERE CASE WHEN NOT zava.is_known() THEN zava.maintains() WHEN zava.sees_all_stores() THEN true
                WHEN zava.only_store() IS NOT NULL THEN o.store_id = zava.only_store() ELSE o.store_id = ANY (zava.visible_stores()) END;
CREATE VIEW retail.order_items WITH (security_invoker = true) AS
    SELECT i.order_item_id, i.order_id, i.store_id, i.product_id, i.quantity, i.unit_price, i.discount_percent, i.discount_amount, i.total_amount FROM zava.order_items i
     WHERE CASE WHEN NOT zava.is_known() THEN zava.maintains() WHEN zava.sees_all_stores() THEN true
                WHEN zava.only_store() IS NOT NULL THEN i.store_id = zava.only_store() ELSE i.store_id = ANY (zava.visible_stores()) END;
CREATE VIEW retail.inventory WITH (security_invoker = true) AS
    SELECT v.store_id, v.product_id, v.stock_level FROM zava.inventory v
     WHERE CASE WHEN NOT zava.is_known() THEN zava.maintains() WHEN zava.sees_all_stores() THEN true
                WHEN zava.only_store() IS NOT NULL THEN v.store_id = zava.only_store() ELSE v.store_id = ANY (zava.visible_stores()) END;
ALTER VIEW retail.orders OWNER TO zava_owner;
ALTER VIEW retail.order_items OWNER TO zava_owner;
ALTER VIEW retail.inventory OWNER TO zava_owner;
CREATE VIEW retail.customers WITH (security_invoker = true) AS
    SELECT c.customer_id, c.first_name, c.last_name, c.email, c.phone, c.primary_store_id, c.created_at
      FROM zava.customers c WHERE CASE WHEN zava.is_known() THEN zava.sees_all_stores() ELSE true END
    UNION ALL
    SELECT o.customer_id, o.first_name, o.last_name, o.email, o.phone, o.primary_store_id, o.created_at
      FROM zava.customers_by_store o
     WHERE CASE WHEN zava.is_known() AND zava.only_store() IS NOT NULL THEN o.visible_in = zava.only_store() ELSE false END
    UNION ALL
    SELECT DISTINCT m.customer_id, m.first_name, m.last_name, m.email, m.phone, m.primary_store_id, m.created_at
      FROM zava.customers_by_store m
     WHERE CASE WHEN zava.is_known() AND NOT zava.sees_all_stores() AND zava.only_store() IS NULL THEN m.visible_in = ANY (zava.visible_stores()) ELSE false END;
ALTER VIEW retail.customers OWNER TO zava_owner;

-- name: comments
-- What the views' tables and columns mean.
DO $$
DECLARE
    statement text;
BEGIN
    FOR statement IN
        SELECT format('COMMENT ON %s IS %L', CASE d.objsubid WHEN 0 THEN format('VIEW retail.%I', c.relname)
                                             ELSE format('COLUMN retail.%I.%I', c.relname, a.attname) END, d.description)
          FROM pg_description d JOIN pg_class c ON c.oid = d.objoid LEFT JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = d.objsubid
         WHERE d.classoid = 'pg_class'::regclass AND c.oid IN ('zava.stores'::regclass, 'zava.customers'::regclass, 'zava.orders'::regclass, 'zava.order_items'::regclass, 'zava.inventory'::regclass)
    LOOP
        EXECUTE statement;
    END LOOP;
END $$;
