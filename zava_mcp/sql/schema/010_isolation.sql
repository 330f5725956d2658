-- No expression of a query is evaluated on a row outside the identity's policy, and other stores' rows are not read.
--
-- PostgreSQL may evaluate a condition of the query before a policy if the condition is leakproof and costs less. CASE,
-- IS NULL and scalar subqueries cost nothing. Therefore each table with a store_id has a restrictive policy that costs
-- nothing either (an array subscript) and is evaluated first; no setting changes that order. In addition, each store's rows
-- are in a partition, which the planner excludes before it reads a row or a statistic of it.

-- == What policies read about the session ==

-- The stores of the session's login as flags: store 3 at subscript 3, NULL for others. The planner assumes that testing a
-- subscript for NULL costs nothing and holds for nearly every row. Store ids far apart would make a long array, so
-- zava.admit refuses them.
CREATE FUNCTION zava.store_flags() RETURNS boolean[] LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE
AS $$
DECLARE
    stores integer[] := CASE WHEN (zava.entry()).login OPERATOR(pg_catalog.=) session_user THEN (zava.entry()).store_ids
                             ELSE (zava.entry_now()).store_ids END;
    flags boolean[];
    store integer;
BEGIN
    FOREACH store IN ARRAY coalesce(stores, '{}') LOOP
        flags[store] := true;
    END LOOP;
    RETURN flags;
END $$;
COMMENT ON FUNCTION zava.store_flags() IS 'The stores of the session''s login as an array of flags by store_id; NULL if it has none.';

-- Whether the session may maintain the stores' rows: it has their owner's rights and is not an identity.
CREATE FUNCTION zava.maintains() RETURNS boolean LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE
AS $$ BEGIN
    RETURN CASE WHEN (zava.entry()).login OPERATOR(pg_catalog.=) session_user THEN false
                WHEN (zava.entry_now()).login IS NOT NULL THEN false
                ELSE pg_catalog.pg_has_role('zava_owner', 'MEMBER') END;
END $$;
COMMENT ON FUNCTION zava.maintains() IS 'Whether the session has the rights of zava_owner and is no identity.';

-- As 009, with the functions above.
CREATE OR REPLACE FUNCTION zava.access_changed() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    LOCK TABLE zava.about IN SHARE ROW EXCLUSIVE MODE;
    ALTER FUNCTION zava.sees_all_stores() COST 100;
    ALTER FUNCTION zava.visible_stores() COST 100;
    ALTER FUNCTION zava.only_store() COST 100;
    ALTER FUNCTION zava.is_known() COST 100;
    ALTER FUNCTION zava.store_flags() COST 100;
    ALTER FUNCTION zava.maintains() COST 100;
    RETURN NULL;
END $$;

-- For tables without partitions (an adopted database): the customers who ordered in a store of the session's login, as the
-- keys of an object, whose subscript costs the planner nothing. IMMUTABLE, so that it is computed while the query is
-- planned, independently of the rows: its duration reveals nothing about a row.
CREATE FUNCTION zava.own_customers() RETURNS jsonb LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE
AS $$ BEGIN
    RETURN coalesce((SELECT pg_catalog.jsonb_object_agg(own.customer_id, true)
                       FROM (SELECT DISTINCT o.customer_id FROM retail.orders o WHERE o.customer_id IS NOT NULL) AS own), '{}');
END $$;
COMMENT ON FUNCTION zava.own_customers() IS 'The customers with an order in a store of the session''s login, as keys of an object.';

-- include: seed_statistics.sql

-- == A partition for each store ==

-- Restricts a table to its owner: partitions are read only through their parents, whose policies apply.
CREATE FUNCTION zava.close_table(closed regclass) RETURNS void
    LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    EXECUTE format('ALTER TABLE %s OWNER TO zava_owner', closed);
    EXECUTE format('ALTER TABLE %s ENABLE ROW LEVEL SECURITY', closed);
    EXECUTE format('ALTER TABLE %s FORCE ROW LEVEL SECURITY', closed);
    IF NOT EXISTS (SELECT FROM pg_policy WHERE polrelid = closed AND polname = 'owner_maintains') THEN
        EXECUTE format('CREATE POLICY owner_maintains ON %s TO zava_owner USING (true) WITH CHECK (true)', closed);
    END IF;
END $$;
COMMENT ON FUNCTION zava.close_table(regclass) IS 'Gives a table to zava_owner and hides its rows from everybody else.';

-- Creates the missing partitions of one store: zava.orders_3 of retail.orders, and so on.
CREATE FUNCTION zava.add_partitions(store integer) RETURNS void
    LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp SET client_min_messages = warning
AS $$
DECLARE
    parent regclass;
    name text;
BEGIN
    FOR parent IN
        SELECT c.oid FROM pg_class c
         WHERE c.relkind = 'p' AND (c.oid = to_regclass('zava.customers_by_store')
               OR c.relnamespace = 'retail'::regnamespace AND c.relname IN ('orders', 'order_items', 'inventory'))
         ORDER BY c.relname DESC -- orders before their items, which refer to them
    LOOP
        SELECT format('zava.%I', replace(relname, '_by_store', '') || '_' || store) INTO name FROM pg_class WHERE oid = parent;
        IF to_regclass(name) IS NULL THEN
            -- Attached in a second step, which lets others go on reading the parent.
            EXECUTE format('CREATE TABLE %s (LIKE %s INCLUDING DEFAULTS INCLUDING CONSTRAINTS INCLUDING STORAGE)', name, parent);
            PERFORM zava.close_table(name::regclass);
            EXECUTE format('ALTER TABLE %s ATTACH PARTITION %s FOR VALUES IN (%s)', parent, name, store);
        ELSE
            PERFORM zava.close_table(name::regclass);
        END IF;
        IF parent = to_regclass('zava.customers_by_store') AND NOT EXISTS (
            SELECT FROM pg_index WHERE indrelid = to_regclass(name) AND indisprimary) THEN
            EXECUTE format('ALTER TABLE %s ADD PRIMARY KEY (customer_id)', name);
        END IF;
    END LOOP;
END $$;
COMMENT ON FUNCTION zava.add_partitions(integer) IS 'Makes the partitions of a store where they are missing.';

CREATE FUNCTION zava.store_added() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    PERFORM zava.add_partitions(NEW.store_id);
    RETURN NULL;
END $$;
COMMENT ON FUNCTION zava.store_added() IS 'Makes the partitions of a new store.';

-- == Customers: all of them, and each store's own ==

-- Copies of customers in the partitions of the stores that see them, by primary store or by an order there, maintained by
-- the triggers below. visible_in is NULL in the original rows, which head office and administrators read.
CREATE FUNCTION zava.place_customers(ids integer[]) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    DELETE FROM zava.customers_by_store WHERE visible_in IS NOT NULL AND (ids IS NULL OR customer_id = ANY (ids));
    INSERT INTO zava.customers_by_store
        (customer_id, first_name, last_name, email, phone, primary_store_id, created_at, visible_in)
    SELECT c.customer_id, c.first_name, c.last_name, c.email, c.phone, c.primary_store_id, c.created_at, seen.store_id
      FROM (SELECT customer_id, primary_store_id AS store_id FROM zava.customers
             WHERE primary_store_id IS NOT NULL AND (ids IS NULL OR customer_id = ANY (ids))
            UNION
            SELECT customer_id, store_id FROM retail.orders WHERE ids IS NULL OR customer_id = ANY (ids)) AS seen
      JOIN zava.customers c USING (customer_id);
END $$;
COMMENT ON FUNCTION zava.place_customers(integer[]) IS 'Puts customers anew into the partitions of the stores that see them; all customers for NULL.';

-- The triggers below must read what was committed when they run, not when their transaction began: with an older snapshot,
-- they would miss an order of a concurrent transaction, and its store would keep the old copy.
CREATE FUNCTION zava.refuse_older_snapshot() RETURNS void
    LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    IF current_setting('transaction_isolation') <> 'read committed' THEN
        RAISE EXCEPTION USING ERRCODE = 'feature_not_supported',
            MESSAGE = 'customers are changed, and orders removed, in transactions at the isolation level READ COMMITTED alone',
            HINT = 'BEGIN ISOLATION LEVEL READ COMMITTED; then try again.';
    END IF;
END $$;
COMMENT ON FUNCTION zava.refuse_older_snapshot() IS 'Raises an error in a transaction that does not see what others commit meanwhile.';

CREATE FUNCTION zava.customer_changed() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    IF TG_OP = 'UPDATE' THEN
        PERFORM zava.refuse_older_snapshot();
    END IF;
    IF TG_OP = 'TRUNCATE' THEN
        PERFORM zava.place_customers(NULL);
    ELSIF TG_OP = 'DELETE' THEN
        PERFORM zava.place_customers(ARRAY[OLD.customer_id]);
    ELSIF TG_OP = 'UPDATE' AND OLD.customer_id <> NEW.customer_id THEN
        PERFORM zava.place_customers(ARRAY[OLD.customer_id, NEW.customer_id]);
    ELSE
        PERFORM zava.place_customers(ARRAY[NEW.customer_id]);
    END IF;
    RETURN NULL;
END $$;
COMMENT ON FUNCTION zava.customer_changed() IS 'Keeps the stores'' copies of a customer right when the customer changes.';

CREATE FUNCTION zava.order_changed() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    IF TG_OP = 'TRUNCATE' THEN
        PERFORM zava.place_customers(NULL);
        RETURN NULL;
    END IF;
    -- A key of a partitioned table includes the store, but queries join orders and items by order_id alone.
    IF TG_OP <> 'DELETE' AND EXISTS (SELECT FROM retail.orders o WHERE o.order_id = NEW.order_id AND o.store_id <> NEW.store_id) THEN
        RAISE EXCEPTION USING ERRCODE = 'unique_violation',
            MESSAGE = format('the order %s is there already, in another store', NEW.order_id), HINT = 'Number the orders through all stores.';
    END IF;
    IF TG_OP = 'DELETE' OR TG_OP = 'UPDATE' AND (OLD.customer_id, OLD.store_id) IS DISTINCT FROM (NEW.customer_id, NEW.store_id) THEN
        PERFORM zava.refuse_older_snapshot();
        -- Nobody may add an order of this customer meanwhile: its foreign key waits for this lock.
        PERFORM FROM zava.customers WHERE customer_id = OLD.customer_id FOR UPDATE;
        DELETE FROM zava.customers_by_store
         WHERE visible_in = OLD.store_id AND customer_id = OLD.customer_id AND primary_store_id IS DISTINCT FROM OLD.store_id
           AND NOT EXISTS (SELECT FROM retail.orders o WHERE o.store_id = OLD.store_id AND o.customer_id = OLD.customer_id);
    END IF;
    IF TG_OP <> 'DELETE' THEN
        -- Nobody may change this customer meanwhile, and miss the store of this order.
        PERFORM FROM zava.customers WHERE customer_id = NEW.customer_id FOR SHARE;
        INSERT INTO zava.customers_by_store
            (customer_id, first_name, last_name, email, phone, primary_store_id, created_at, visible_in)
        SELECT c.customer_id, c.first_name, c.last_name, c.email, c.phone, c.primary_store_id, c.created_at, NEW.store_id
          FROM zava.customers c WHERE c.customer_id = NEW.customer_id
            ON CONFLICT DO NOTHING;
    END IF;
    RETURN NULL;
END $$;
COMMENT ON FUNCTION zava.order_changed() IS 'Keeps order ids unique over all stores; shows a customer to the store of an order, and no longer when the last one there is gone.';

-- == Writing to the views as an administrator ==

CREATE FUNCTION zava.write_store() RETURNS trigger
    LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    IF TG_OP = 'DELETE' THEN
        DELETE FROM zava.stores WHERE store_id = OLD.store_id;
        RETURN OLD;
    END IF;
    NEW.rls_user_id := coalesce(NEW.rls_user_id, gen_random_uuid());
    NEW.is_online := coalesce(NEW.is_online, false);
    IF TG_OP = 'INSERT' THEN
        INSERT INTO zava.stores (store_id, store_name, rls_user_id, is_online)
        VALUES (NEW.store_id, NEW.store_name, NEW.rls_user_id, NEW.is_online);
    ELSE
        UPDATE zava.stores SET store_id = NEW.store_id, store_name = NEW.store_name,
                               rls_user_id = NEW.rls_user_id, is_online = NEW.is_online
         WHERE store_id = OLD.store_id;
    END IF;
    RETURN NEW;
END $$;
COMMENT ON FUNCTION zava.write_store() IS 'Writes a row of the view retail.stores to zava.stores.';

-- == Migrating tables of an older database ==

-- The reasons why one table cannot be partitioned: dependent objects that would be lost or that this function does not know.
CREATE FUNCTION zava.partition_blockers(old regclass) RETURNS SETOF text
    LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp
AS $$
    SELECT format('the column %I is not an integer that is never null', a.attname) FROM pg_attribute a
     WHERE a.attrelid = old AND a.attname = 'store_id' AND NOT (a.atttypid = 'integer'::regtype AND a.attnotnull)
    UNION ALL
    SELECT format('the column %I is an identity column', a.attname) FROM pg_attribute a WHERE a.attrelid = old AND a.attidentity <> ''
    UNION ALL
    SELECT format('the column %I is a generated one', a.attname) FROM pg_attribute a WHERE a.attrelid = old AND a.attgenerated <> ''
    UNION ALL
    SELECT format('the foreign key %I of %s refers to it', k.conname, k.conrelid::regclass) FROM pg_constraint k
     WHERE k.confrelid = old AND k.contype = 'f' AND (old, k.conrelid) <> ('retail.orders'::regclass, 'retail.order_items'::regclass)
    UNION ALL
    SELECT format('the constraint %I spans all stores', k.conname) FROM pg_constraint k
     WHERE k.conrelid = old AND (k.contype = 'x' OR k.contype = 'u' AND NOT EXISTS (
           SELECT FROM pg_attribute a WHERE a.attrelid = old AND a.attname = 'store_id' AND a.attnum = ANY (k.conkey)))
    UNION ALL -- which the new table's rows are checked by, with the rights of whoever partitions
    SELECT format('the constraint %I runs the function %s, which %I can change', k.conname, p.oid::regprocedure, r.rolname)
      FROM pg_constraint k
      JOIN pg_depend d ON d.classid = 'pg_constraint'::regclass AND d.objid = k.oid AND d.refclassid = 'pg_proc'::regclass
      JOIN pg_proc p ON p.oid = d.refobjid JOIN pg_roles r ON r.oid = p.proowner
     WHERE k.conrelid = old AND k.contype = 'c' AND NOT (r.rolsuper OR pg_has_role(r.oid, to_regrole('zava_owner'), 'MEMBER'))
    UNION ALL
    SELECT format('the index %s is unique over all stores', i.indexrelid::regclass) FROM pg_index i
     WHERE i.indrelid = old AND i.indisunique AND NOT EXISTS (SELECT FROM pg_constraint k WHERE k.conindid = i.indexrelid)
    UNION ALL
    SELECT format('the view %s reads it', w.ev_class::regclass)
      FROM pg_depend d JOIN pg_rewrite w ON w.oid = d.objid
     WHERE d.refclassid = 'pg_class'::regclass AND d.refobjid = old AND d.classid = 'pg_rewrite'::regclass AND w.ev_class <> old
    UNION ALL
    SELECT format('it has the rule %I', rulename) FROM pg_rewrite WHERE ev_class = old
    UNION ALL
    SELECT format('it has the trigger %I', tgname) FROM pg_trigger
     WHERE tgrelid = old AND NOT tgisinternal AND tgfoid <> to_regprocedure('zava.order_changed()')
    UNION ALL
    SELECT format('it has the policy %I', polname) FROM pg_policy
     WHERE polrelid = old AND polname NOT IN ('owner_maintains', 'own_stores', 'isolation')
    UNION ALL
    SELECT format('%s inherits from it, or it from %s', inhrelid::regclass, inhparent::regclass) FROM pg_inherits
     WHERE old IN (inhrelid, inhparent)
    UNION ALL
    SELECT format('it is in the publication %I', p.pubname) FROM pg_publication_rel r JOIN pg_publication p ON p.oid = r.prpubid WHERE r.prrelid = old
    UNION ALL
    SELECT format('it belongs to %I', pg_get_userbyid(c.relowner)) FROM pg_class c WHERE c.oid = old AND c.relowner <> 'zava_owner'::regrole
$$;
COMMENT ON FUNCTION zava.partition_blockers(regclass) IS 'Why zava.partition_by_store cannot take a table, a line each.';

-- Rows of a table with an unknown store, for the error message.
CREATE FUNCTION zava.refuse_unknown_stores(old regclass, key name, column_name name) RETURNS void
    LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    found record;
BEGIN
    EXECUTE format($q$SELECT count(*) AS rows, string_agg(name, ', ') FILTER (WHERE place <= 10) AS first
        FROM (SELECT row_number() OVER (ORDER BY %1$I) AS place, format('%1$s %%s (store %%s)', %1$I, coalesce(%3$I::text, 'null')) AS name
                FROM %2$s t WHERE NOT EXISTS (SELECT FROM retail.stores s WHERE s.store_id = t.%3$I) AND %4$s) AS lost$q$,
        key, old, column_name, CASE WHEN column_name = 'primary_store_id' THEN 'primary_store_id IS NOT NULL' ELSE 'true' END) INTO found;
    IF found.rows > 0 THEN
        RAISE EXCEPTION USING ERRCODE = 'foreign_key_violation',
            MESSAGE = format('%s has %s rows of stores that retail.stores does not have: %s%s', old, found.rows, found.first,
                             CASE WHEN found.rows > 10 THEN ', and more' ELSE '' END),
            HINT = 'Add these stores to retail.stores, or correct the rows; then try again.';
    END IF;
END $$;
COMMENT ON FUNCTION zava.refuse_unknown_stores(regclass, name, name) IS 'Raises an error that names the rows of unknown stores.';

-- Puts one table's rows into partitions: same columns, rows, rights, indexes and constraints, but that keys include the store.
CREATE FUNCTION zava.partition_table(old regclass) RETURNS void
    LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp SET client_min_messages = warning
AS $$
DECLARE
    name text := old::text;
    relation name := (SELECT relname FROM pg_class WHERE oid = old);
    restored text[];
    statement text;
    store integer;
BEGIN
    restored := ARRAY(
        SELECT format('ALTER TABLE %s ADD PRIMARY KEY (%s)', name, string_agg(quote_ident(a.attname), ', ' ORDER BY a.attname = 'store_id' AND relation <> 'inventory', u.place))
          FROM pg_constraint k, unnest(k.conkey || CASE WHEN relation = 'inventory' THEN '{}' ELSE ARRAY(
                   SELECT attnum FROM pg_attribute WHERE attrelid = old AND attname = 'store_id' AND NOT attnum = ANY (k.conkey)) END) WITH ORDINALITY AS u (attnum, place)
          JOIN pg_attribute a ON a.attrelid = old AND a.attnum = u.attnum
         WHERE k.conrelid = old AND k.contype = 'p'
        UNION ALL
        SELECT replace(pg_get_indexdef(i.indexrelid), ' ON ONLY ', ' ON ') FROM pg_index i
         WHERE i.indrelid = old AND i.indisvalid AND NOT EXISTS (SELECT FROM pg_constraint k WHERE k.conindid = i.indexrelid AND k.contype <> 'f')
        UNION ALL
        SELECT format('ALTER TABLE %s ADD CONSTRAINT %I %s', name, k.conname, pg_get_constraintdef(k.oid)) FROM pg_constraint k
         WHERE k.conrelid = old AND (k.contype = 'c' OR k.contype = 'f' AND k.confrelid <> 'retail.orders'::regclass)
        UNION ALL
        SELECT format('GRANT %s ON %s TO %s%s', x.privilege_type, name, coalesce(quote_ident(r.rolname), 'PUBLIC'), CASE WHEN x.is_grantable THEN ' WITH GRANT OPTION' ELSE '' END)
          FROM pg_class c CROSS JOIN aclexplode(c.relacl) AS x LEFT JOIN pg_roles r ON r.oid = x.grantee
         WHERE c.oid = old AND x.grantee <> c.relowner
        UNION ALL
        SELECT format('GRANT %s (%I) ON %s TO %s%s', x.privilege_type, a.attname, name, coalesce(quote_ident(r.rolname), 'PUBLIC'), CASE WHEN x.is_grantable THEN ' WITH GRANT OPTION' ELSE '' END)
          FROM pg_attribute a CROSS JOIN aclexplode(a.attacl) AS x LEFT JOIN pg_roles r ON r.oid = x.grantee
         WHERE a.attrelid = old AND NOT a.attisdropped
        UNION ALL
        SELECT format('ALTER SEQUENCE %s OWNED BY %s.%I', d.objid::regclass, name, a.attname)
          FROM pg_depend d JOIN pg_class s ON s.oid = d.objid AND s.relkind = 'S' JOIN pg_attribute a ON a.attrelid = old AND a.attnum = d.refobjsubid
         WHERE d.classid = 'pg_class'::regclass AND d.refclassid = 'pg_class'::regclass AND d.refobjid = old AND d.deptype = 'a'
        UNION ALL
        SELECT format('COMMENT ON TABLE %s IS %L', name, obj_description(old, 'pg_class')) WHERE obj_description(old, 'pg_class') IS NOT NULL);
    PERFORM zava.refuse_unknown_stores(old, (SELECT attname FROM pg_attribute WHERE attrelid = old AND attnum = 1), 'store_id');

    FOR statement IN -- which the partitions of a store would not need to know of
        SELECT format('ALTER SEQUENCE %s OWNED BY NONE', d.objid::regclass) FROM pg_depend d JOIN pg_class s ON s.oid = d.objid AND s.relkind = 'S'
         WHERE d.classid = 'pg_class'::regclass AND d.refclassid = 'pg_class'::regclass AND d.refobjid = old AND d.deptype = 'a'
    LOOP
        EXECUTE statement;
    END LOOP;
    EXECUTE format('ALTER TABLE %s RENAME TO %I', old, relation || '_unpartitioned');
    EXECUTE format('CREATE TABLE %s (LIKE %s INCLUDING DEFAULTS INCLUDING STORAGE INCLUDING COMMENTS) PARTITION BY LIST (store_id)', name, old);
    PERFORM zava.seed_statistics(name::regclass);
    FOR store IN SELECT store_id FROM retail.stores ORDER BY store_id LOOP
        EXECUTE format('CREATE TABLE zava.%I PARTITION OF %s FOR VALUES IN (%s)', relation || '_' || store, name, store);
        EXECUTE format('INSERT INTO zava.%I SELECT * FROM %s WHERE store_id = %s', relation || '_' || store, old, store);
    END LOOP;
    EXECUTE format('DROP TABLE %s CASCADE', old); -- with the foreign key of the items, if these are the orders: they are next
    FOREACH statement IN ARRAY restored LOOP
        EXECUTE statement;
    END LOOP;
    PERFORM zava.close_table(name::regclass);
END $$;
COMMENT ON FUNCTION zava.partition_table(regclass) IS 'Puts the rows of one of the stores'' tables into partitions by store.';

-- Moves stores and customers to the schema zava and creates views with their old names. All tables are partitioned by now.
CREATE FUNCTION zava.put_views_over_tables() RETURNS void
    LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp SET client_min_messages = warning
AS $$
DECLARE
    statement text;
    store integer;
BEGIN
    PERFORM zava.refuse_unknown_stores('retail.customers', 'customer_id', 'primary_store_id');
    FOR statement IN -- identities read the views
        SELECT format('REVOKE ALL ON retail.stores, retail.customers FROM %I', a.login) FROM zava.access a JOIN pg_roles r ON r.rolname = a.login
    LOOP
        EXECUTE statement;
    END LOOP;
    ALTER TABLE retail.stores SET SCHEMA zava;
    ALTER TABLE retail.customers SET SCHEMA zava;

    -- An identity reads every store, and of no store the manager's user id.
    CREATE VIEW retail.stores AS
        SELECT s.store_id, s.store_name, CASE WHEN zava.maintains() THEN s.rls_user_id END AS rls_user_id, s.is_online
          FROM zava.stores s WHERE CASE WHEN zava.is_known() THEN true ELSE zava.maintains() END;
    ALTER TABLE zava.stores ALTER rls_user_id SET DEFAULT gen_random_uuid();
    ALTER VIEW retail.stores OWNER TO zava_owner;
    CREATE TRIGGER write_store INSTEAD OF INSERT OR UPDATE OR DELETE ON retail.stores FOR EACH ROW EXECUTE FUNCTION zava.write_store();
    CREATE TRIGGER store_added AFTER INSERT OR UPDATE OF store_id ON zava.stores FOR EACH ROW EXECUTE FUNCTION zava.store_added();
    ALTER TABLE zava.stores ENABLE ALWAYS TRIGGER store_added;

    ALTER TABLE zava.customers ADD COLUMN visible_in integer, ADD CONSTRAINT customers_of_all_stores CHECK (visible_in IS NULL);
    CREATE TABLE zava.customers_by_store (LIKE zava.customers INCLUDING DEFAULTS) PARTITION BY LIST (visible_in);
    PERFORM zava.seed_statistics('zava.customers_by_store');
    PERFORM zava.close_table('zava.customers_by_store');
    DROP POLICY IF EXISTS own_customers ON zava.customers;
    DROP POLICY IF EXISTS isolation ON zava.customers;
    ALTER TABLE zava.customers_by_store ATTACH PARTITION zava.customers FOR VALUES IN (NULL);
    -- The manager of several stores meets a customer of two of them once.
    CREATE VIEW retail.customers WITH (security_invoker = true) AS
        SELECT c.customer_id, c.first_name, c.last_name, c.email, c.phone, c.primary_store_id, c.created_at
          FROM zava.customers_by_store c
         WHERE CASE WHEN zava.is_known() THEN true ELSE c.visible_in IS NULL END
           AND CASE WHEN zava.sees_all_stores() OR zava.only_store() IS NOT NULL OR NOT zava.is_known() THEN true
                    ELSE NOT EXISTS (SELECT FROM zava.customers_by_store o
                                      WHERE o.customer_id = c.customer_id AND o.visible_in < c.visible_in) END;
    ALTER VIEW retail.customers OWNER TO zava_owner;
    FOR store IN SELECT store_id FROM zava.stores ORDER BY store_id LOOP
        PERFORM zava.add_partitions(store);
    END LOOP;
    PERFORM zava.place_customers(NULL);
    CREATE TRIGGER customer_changed AFTER INSERT OR UPDATE OR DELETE ON zava.customers FOR EACH ROW EXECUTE FUNCTION zava.customer_changed();
    CREATE TRIGGER customers_gone AFTER TRUNCATE ON zava.customers FOR EACH STATEMENT EXECUTE FUNCTION zava.customer_changed();
    CREATE TRIGGER order_changed AFTER INSERT OR UPDATE OF order_id, customer_id, store_id OR DELETE ON retail.orders FOR EACH ROW EXECUTE FUNCTION zava.order_changed();
    CREATE TRIGGER orders_gone AFTER TRUNCATE ON retail.orders FOR EACH STATEMENT EXECUTE FUNCTION zava.order_changed();
    ALTER TABLE zava.customers ENABLE ALWAYS TRIGGER customer_changed, ENABLE ALWAYS TRIGGER customers_gone;
    ALTER TABLE retail.orders ENABLE ALWAYS TRIGGER order_changed, ENABLE ALWAYS TRIGGER orders_gone;

    FOR statement IN -- what the tables and columns mean
        SELECT format('COMMENT ON %s IS %L', CASE d.objsubid WHEN 0 THEN format('VIEW retail.%I', c.relname)
                                             ELSE format('COLUMN retail.%I.%I', c.relname, a.attname) END, d.description)
          FROM pg_description d JOIN pg_class c ON c.oid = d.objoid LEFT JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = d.objsubid
         WHERE d.classoid = 'pg_class'::regclass AND c.oid IN ('zava.stores'::regclass, 'zava.customers'::regclass)
    LOOP
        EXECUTE statement;
    END LOOP;
END $$;
COMMENT ON FUNCTION zava.put_views_over_tables() IS 'Moves stores and customers to the schema zava, beneath views in retail.';

-- The reasons why a database cannot be partitioned by store.
CREATE FUNCTION zava.layout_blockers() RETURNS SETOF text
    LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp
AS $$
    SELECT format('%s: %s', t, why) FROM unnest(ARRAY['retail.orders', 'retail.order_items', 'retail.inventory']::regclass[]) AS t,
           zava.partition_blockers(t) AS why
     WHERE (SELECT relkind FROM pg_class WHERE oid = t) = 'r'
    UNION ALL
    SELECT format('%s: its columns are not those of a database that zava-mcp made', c.oid::regclass)
      FROM (VALUES ('stores', '{store_id integer,store_name text,rls_user_id uuid,is_online boolean}'::text[]),
                   ('customers', '{customer_id integer,first_name text,last_name text,email text,phone text,primary_store_id integer,created_at timestamp without time zone}')) AS w (name, columns)
      JOIN pg_class c ON c.relname = w.name AND c.relnamespace = 'retail'::regnamespace AND c.relkind = 'r'
     WHERE w.columns <> (SELECT array_agg(format('%s %s', a.attname, format_type(a.atttypid, a.atttypmod)) ORDER BY a.attnum)
                           FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped)
        OR EXISTS (SELECT FROM pg_inherits WHERE c.oid IN (inhrelid, inhparent)) OR c.relowner <> 'zava_owner'::regrole
$$;
COMMENT ON FUNCTION zava.layout_blockers() IS 'Why zava.partition_by_store cannot partition this database, a line each.';

-- The policies of tables with a store_id. "isolation" is restrictive, so PostgreSQL evaluates it first, and costs the
-- planner nothing, so that no condition of a query comes before it. "own_stores" is the same condition in a form that
-- indexes and partition pruning support. Without integer ids there is no test that costs nothing; doctor reports it.
CREATE FUNCTION zava.make_store_policies() RETURNS void
    LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp SET client_min_messages = warning
AS $$
DECLARE
    own constant text := 'CASE WHEN NOT zava.is_known() THEN false WHEN zava.sees_all_stores() THEN %2$s
        WHEN zava.only_store() IS NOT NULL THEN %1$I = zava.only_store() ELSE %1$I = ANY (zava.visible_stores()) END';
    first constant text := 'CASE WHEN NOT zava.is_known() THEN true WHEN zava.sees_all_stores() THEN %2$s
        ELSE %1$s END';
    apart constant boolean := to_regclass('zava.customers_by_store') IS NOT NULL;
    customers constant regclass := CASE WHEN apart THEN 'zava.customers_by_store' ELSE 'retail.customers' END;
    t regclass;
BEGIN
    FOREACH t IN ARRAY ARRAY['retail.orders', 'retail.order_items', 'retail.inventory']::regclass[] LOOP
        EXECUTE format('DROP POLICY IF EXISTS own_stores ON %s', t);
        EXECUTE format('CREATE POLICY own_stores ON %s FOR SELECT USING (%s)', t, format(own, 'store_id', 'true'));
        EXECUTE format('DROP POLICY IF EXISTS isolation ON %s', t);
        IF zava.is_integer(t, 'store_id') THEN
            EXECUTE format('CREATE POLICY isolation ON %s AS RESTRICTIVE FOR SELECT USING (%s)', t,
                           format(first, '(zava.store_flags())[store_id] IS NOT NULL', 'true'));
        END IF;
    END LOOP;

    EXECUTE format('DROP POLICY IF EXISTS own_customers ON %s', customers);
    EXECUTE format('DROP POLICY IF EXISTS isolation ON %s', customers);
    IF apart THEN
        EXECUTE format('CREATE POLICY own_customers ON %s FOR SELECT USING (%s)', customers, format(own, 'visible_in', 'visible_in IS NULL'));
        EXECUTE format('CREATE POLICY isolation ON %s AS RESTRICTIVE FOR SELECT USING (%s)', customers,
                       format(first, '(zava.store_flags())[visible_in] IS NOT NULL', 'visible_in IS NULL'));
    ELSIF zava.is_integer(customers, 'customer_id') AND zava.is_integer(customers, 'primary_store_id') THEN
        EXECUTE format('CREATE POLICY own_customers ON %s FOR SELECT USING (zava.is_known())', customers);
        EXECUTE format('CREATE POLICY isolation ON %s AS RESTRICTIVE FOR SELECT USING (%s)', customers, format(first,
            '(zava.store_flags())[primary_store_id] IS NOT NULL OR ((SELECT zava.own_customers()))[customer_id] IS NOT NULL', 'true'));
    ELSE
        EXECUTE format('CREATE POLICY own_customers ON %s FOR SELECT USING (CASE WHEN NOT zava.is_known() THEN false
            WHEN zava.sees_all_stores() THEN true WHEN primary_store_id = ANY (zava.visible_stores()) THEN true
            ELSE EXISTS (SELECT FROM retail.orders o WHERE o.customer_id = customers.customer_id) END)', customers);
    END IF;
END $$;
COMMENT ON FUNCTION zava.make_store_policies() IS 'Makes the policies of orders, order_items, inventory and customers anew.';

CREATE FUNCTION zava.is_integer(relation regclass, column_name name) RETURNS boolean
    LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp
AS $$ SELECT EXISTS (SELECT FROM pg_attribute WHERE attrelid = relation AND attname = column_name AND atttypid = 'integer'::regtype) $$;
COMMENT ON FUNCTION zava.is_integer(regclass, name) IS 'Whether a column is of the type integer.';

CREATE FUNCTION zava.partition_by_store() RETURNS void
    LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp SET client_min_messages = warning
AS $$
DECLARE
    blockers text := (SELECT string_agg(why, '; ') FROM zava.layout_blockers() AS why);
    t regclass;
BEGIN
    IF blockers IS NOT NULL THEN
        RAISE EXCEPTION USING ERRCODE = 'feature_not_supported',
            MESSAGE = 'the tables cannot be partitioned by store: ' || blockers, HINT = 'Remove what is named, then try again.';
    END IF;
    IF to_regclass('zava.customers_by_store') IS NOT NULL THEN
        RETURN;
    END IF;
    FOREACH t IN ARRAY ARRAY['retail.orders', 'retail.order_items', 'retail.inventory']::regclass[] LOOP
        IF (SELECT relkind FROM pg_class WHERE oid = t) = 'r' THEN
            PERFORM zava.partition_table(t);
        END IF;
    END LOOP;
    IF NOT EXISTS (SELECT FROM pg_constraint WHERE conrelid = 'retail.order_items'::regclass AND confrelid = 'retail.orders'::regclass) THEN
        ALTER TABLE retail.order_items ADD CONSTRAINT order_items_in_store_of_order
            FOREIGN KEY (order_id, store_id) REFERENCES retail.orders (order_id, store_id);
    END IF;
    PERFORM zava.put_views_over_tables();
    PERFORM zava.make_store_policies();
    PERFORM zava.grant_reading();
    PERFORM zava.set_bitmap_scans(a.login) FROM zava.access a JOIN pg_roles r ON r.rolname = a.login;
END $$;
COMMENT ON FUNCTION zava.partition_by_store() IS 'Partitions a database''s tables by store, as in a database that zava-mcp made. Rewrites orders, order_items and inventory.';

-- == Privileges of an identity ==

-- Grants the columns that identities may read, to one login or to all logins with an entry.
CREATE FUNCTION zava.grant_reading(admitted name DEFAULT NULL) RETURNS void
    LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    login name;
    readable text;
BEGIN
    FOR login IN SELECT a.login FROM zava.access a JOIN pg_roles r ON r.rolname = a.login WHERE admitted IS NULL OR a.login = admitted LOOP
        EXECUTE format('GRANT USAGE ON SCHEMA retail, zava TO %I', login);
        -- Column by column, which leaves out the system columns: ctid tells how many rows lie before one's own.
        FOR readable IN
            SELECT format('GRANT SELECT (%s) ON %s TO %I', string_agg(quote_ident(a.attname), ', '), a.attrelid::regclass, login)
              FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid
             WHERE a.attnum > 0 AND NOT a.attisdropped
               AND CASE WHEN c.relnamespace = 'retail'::regnamespace AND c.relkind IN ('r', 'p') THEN
                            (c.relname, a.attname) <> ('stores', 'rls_user_id')
                            -- A table that no policy shows is not offered either: it would look empty.
                            AND EXISTS (SELECT FROM pg_policy p WHERE p.polrelid = c.oid AND p.polname <> 'owner_maintains')
                        -- Our views, of which that of stores shows no user id, and what that of customers reads.
                        ELSE to_regclass('zava.customers_by_store') IS NOT NULL AND c.oid IN (to_regclass('retail.stores'),
                            to_regclass('retail.customers'), to_regclass('zava.customers_by_store')) END
             GROUP BY a.attrelid
        LOOP
            EXECUTE readable;
        END LOOP;
        EXECUTE format('GRANT SELECT (schema_version) ON zava.about TO %I', login);
        EXECUTE format('GRANT EXECUTE ON FUNCTION zava.sees_all_stores(), zava.only_store(), zava.visible_stores(),
            zava.is_known(), zava.store_flags(), zava.maintains(), zava.own_customers(), zava.who_am_i(), zava.row_too_large(bigint) TO %I', login);
    END LOOP;
END $$;
COMMENT ON FUNCTION zava.grant_reading(name) IS 'Grants the logins of zava.access, or one of them, what an identity may read.';

-- In tables without partitions, a bitmap scan over two indexes evaluates a subquery in the second condition only if the first
-- has found rows, also of other stores: an error of the subquery would reveal them.
CREATE FUNCTION zava.set_bitmap_scans(login name) RETURNS void
    LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    EXECUTE format('ALTER ROLE %I IN DATABASE %I %s', login, current_database(),
                   CASE WHEN to_regclass('zava.customers_by_store') IS NULL THEN 'SET enable_bitmapscan = off' ELSE 'RESET enable_bitmapscan' END);
EXCEPTION WHEN insufficient_privilege THEN NULL; -- a login that this administrator may not alter: doctor says so
END $$;
COMMENT ON FUNCTION zava.set_bitmap_scans(name) IS 'Switches bitmap scans off for a login of a database that is not partitioned by store.';

-- Lets one login read as one identity. It gets no membership in a role, no ownership, no write privilege, no TEMP or
-- CREATE, and no access to zava.access and stores.rls_user_id, which has other identities' user ids.
CREATE OR REPLACE FUNCTION zava.admit(login name, rls_user_id uuid, display_name text, all_stores boolean, store_ids integer[])
    RETURNS void LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    IF (SELECT max(s) - min(s) FROM unnest(admit.store_ids) AS s) > 100000 THEN
        RAISE EXCEPTION USING ERRCODE = 'invalid_parameter_value',
            MESSAGE = 'the store ids of one identity lie more than 100,000 apart', HINT = 'Renumber the stores, or admit two identities.';
    END IF;
    INSERT INTO zava.access AS a VALUES (admit.login, admit.rls_user_id, admit.display_name, admit.all_stores, admit.store_ids)
        ON CONFLICT ON CONSTRAINT access_pkey DO UPDATE
        SET rls_user_id = excluded.rls_user_id, display_name = excluded.display_name,
            all_stores = excluded.all_stores, store_ids = excluded.store_ids;
    EXECUTE format('GRANT CONNECT ON DATABASE %I TO %I', current_database(), login);
    PERFORM zava.grant_reading(login);
    -- Defence in depth behind the privileges, and a deadline for whatever the login runs.
    EXECUTE format('ALTER ROLE %I SET default_transaction_read_only = on', login);
    EXECUTE format('ALTER ROLE %I SET statement_timeout = %L', login, '60s');
    EXECUTE format('ALTER ROLE %I SET idle_in_transaction_session_timeout = %L', login, '60s');
    EXECUTE format('ALTER ROLE %I SET search_path = retail', login);
    PERFORM zava.limit_login(login); -- in 012
    PERFORM zava.set_bitmap_scans(login);
    -- Everybody can read comments on roles: nothing here of whom it stands for.
    EXECUTE format('COMMENT ON ROLE %I IS %L', login, 'An identity of zava-mcp.');
END $$;
COMMENT ON FUNCTION zava.admit(name, uuid, text, boolean, integer[]) IS 'Gives an existing login its identity and its read-only privileges; for admins.';

-- == This database ==

DO $$
DECLARE
    object text;
BEGIN
    FOR object IN SELECT oid::regprocedure FROM pg_proc WHERE pronamespace = 'zava'::regnamespace AND proowner <> 'zava_owner'::regrole LOOP
        EXECUTE format('REVOKE ALL ON FUNCTION %s FROM PUBLIC', object);
        EXECUTE format('ALTER FUNCTION %s OWNER TO zava_owner', object);
    END LOOP;
    -- A new database has partitions from the start. One of ours that is older gets them now, unless something stands in
    -- the way: doctor names it. An adopted one, which lacks our constraints, keeps its tables as they are.
    IF (SELECT relkind FROM pg_class WHERE oid = 'retail.orders'::regclass) = 'p' THEN
        PERFORM zava.put_views_over_tables();
    ELSIF EXISTS (SELECT FROM zava.about) AND NOT EXISTS (SELECT FROM zava.layout_blockers())
          AND EXISTS (SELECT FROM pg_constraint WHERE conrelid = 'retail.order_items'::regclass AND conname = 'order_items_total_adds_up') THEN
        PERFORM zava.partition_by_store();
    END IF;
    PERFORM zava.make_store_policies();
    PERFORM zava.grant_reading();
END $$;
