-- Tables of administrators, in any schema, that identities read by store, through a parent table, or as a whole; and
-- databases whose stores are the rows of an existing table of tenants.
--
-- A policy may only test a column of type integer: everything else costs the planner more than nothing, and conditions of a
-- query would be evaluated before it. Where a table has no such column, triggers fill the column zava_store.

-- What `zava-mcp tables expose` recorded, for the triggers, for new identities, and for taking it back.
CREATE TABLE zava.exposed_tables (
    relation     regclass PRIMARY KEY,
    kind         text   NOT NULL CHECK (kind IN ('store', 'through', 'shared', 'view')),
    columns      name[] NOT NULL,
    store_column name, -- that policies test
    key_column   name, -- that zava_store is filled from
    parent       regclass,
    parent_key   name,
    parent_store name,
    former_owner regrole, -- of a table, which belongs to zava_owner while it is exposed
    exposed_at   timestamptz NOT NULL DEFAULT now()
);
COMMENT ON TABLE zava.exposed_tables IS 'Tables and views of administrators that identities read, and by what.';

-- The keys of tenants. Integer keys are store ids as they are.
CREATE TABLE zava.store_keys (
    key      text    PRIMARY KEY,
    store_id integer NOT NULL UNIQUE
);
COMMENT ON TABLE zava.store_keys IS 'The tenants'' keys, and the store ids that stand for them.';

-- A row here makes stores of the rows of an existing table. The tables of the schema retail stay empty and hidden.
CREATE TABLE zava.tenants_source (
    only_row    boolean  PRIMARY KEY DEFAULT true CHECK (only_row),
    source      regclass NOT NULL,
    key_column  name     NOT NULL,
    name_column name     NOT NULL,
    key_family  text     NOT NULL,
    direct      boolean  NOT NULL
);
COMMENT ON TABLE zava.tenants_source IS 'The table of tenants whose rows are this database''s stores; empty where stores are shops.';

DO $$
DECLARE
    t regclass;
BEGIN
    FOREACH t IN ARRAY ARRAY['zava.exposed_tables', 'zava.store_keys', 'zava.tenants_source']::regclass[] LOOP
        PERFORM zava.close_table(t);
    END LOOP;
END $$;

-- Whether the database is one of tenants; for identities too, which may not read the table. It returns nothing else.
CREATE FUNCTION zava.has_tenants() RETURNS boolean
    LANGUAGE plpgsql STABLE PARALLEL SAFE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$ BEGIN RETURN EXISTS (SELECT FROM zava.tenants_source); END $$;
COMMENT ON FUNCTION zava.has_tenants() IS 'Whether the stores of this database are the rows of a table of tenants.';

-- The stores of the session's login. In a database of tenants, no identity may read the others' names.
CREATE FUNCTION zava.own_stores(OUT store_id integer, OUT store_name text) RETURNS SETOF record
    LANGUAGE plpgsql STABLE PARALLEL SAFE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$ BEGIN
    RETURN QUERY SELECT s.store_id::integer, s.store_name::text FROM zava.access a JOIN retail.stores s ON a.all_stores OR s.store_id = ANY (a.store_ids)
                  WHERE a.login = session_user ORDER BY s.store_id;
END $$;
COMMENT ON FUNCTION zava.own_stores() IS 'The stores of the asking login.';

-- As in 010; tenants have no orders, and so no partitions.
CREATE OR REPLACE FUNCTION zava.store_added() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    IF NOT zava.has_tenants() THEN
        PERFORM zava.add_partitions(NEW.store_id);
    END IF;
    RETURN NULL;
END $$;

-- == The column zava_store ==

-- The store that a key stands for; NULL for an unknown one.
CREATE FUNCTION zava.store_of_key(key text) RETURNS integer
    LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp
AS $$ BEGIN
    IF (SELECT NOT direct FROM zava.tenants_source) THEN
        RETURN (SELECT k.store_id FROM zava.store_keys k WHERE k.key = store_of_key.key);
    END IF;
    RETURN CASE WHEN key ~ '^(0|-?[1-9][0-9]{0,8})$' THEN (SELECT s.store_id FROM retail.stores s WHERE s.store_id = store_of_key.key::integer) END;
END $$;
COMMENT ON FUNCTION zava.store_of_key(text) IS 'The store id of a tenant''s key, or of a store id of another type.';

-- Raises an error unless a column's type still is one that a store can be named by: the cast of another type could run any
-- code, with the rights of zava_owner.
CREATE FUNCTION zava.check_key(relation regclass, column_name name) RETURNS void
    LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp
AS $$ BEGIN
    IF NOT EXISTS (SELECT FROM pg_attribute a WHERE a.attrelid = check_key.relation AND a.attname = check_key.column_name AND NOT a.attisdropped
                      AND a.atttypid = ANY ('{smallint,integer,bigint,numeric,uuid,text,varchar,bpchar}'::regtype[]))
       AND zava.key_family(check_key.relation, check_key.column_name) IS NULL THEN
        RAISE EXCEPTION USING ERRCODE = 'datatype_mismatch',
            MESSAGE = format('the column %I of %s is gone, or has a type by which no store is named', check_key.column_name, check_key.relation),
            HINT = 'An administrator hides the exposed table, corrects the column, and exposes the table again.';
    END IF;
END $$;
COMMENT ON FUNCTION zava.check_key(regclass, name) IS 'Raises an error unless a store can be named by the type of a column.';

-- Fills zava_store of each written row, whatever the writer gave it. The name of its trigger comes last, so that it sees what
-- other triggers made of the row. The lock keeps the parent in its store until this transaction ends: another one that
-- moves the parent waits, and then finds this row.
CREATE FUNCTION zava.fill_store() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    e zava.exposed_tables := (SELECT x FROM zava.exposed_tables x WHERE x.relation = coalesce(pg_partition_root(TG_RELID), TG_RELID));
BEGIN
    NEW.zava_store := NULL;
    IF e.kind IN ('store', 'through') THEN
        PERFORM zava.check_key(e.relation, e.key_column);
    END IF;
    IF e.kind = 'through' THEN
        PERFORM zava.check_key(e.parent, e.parent_key);
        EXECUTE format('SELECT p.%I FROM %s AS p WHERE p.%I = ($1).%I FOR SHARE OF p', e.parent_store, e.parent, e.parent_key, e.key_column)
           INTO NEW.zava_store USING NEW;
    ELSIF e.kind = 'store' THEN
        EXECUTE format('SELECT zava.store_of_key(($1).%I::text)', e.key_column) INTO NEW.zava_store USING NEW;
    END IF;
    RETURN NEW;
END $$;
COMMENT ON FUNCTION zava.fill_store() IS 'Fills zava_store of a row from its key or from its parent.';

-- Moves the rows of exposed tables with their parent. In a transaction with an older snapshot, rows that were committed
-- meanwhile would be missed and stay with the old store.
CREATE FUNCTION zava.parent_changed() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    e zava.exposed_tables;
    stayed boolean;
    differs constant text := 'SELECT EXISTS (SELECT FROM %1$s AS c LEFT JOIN %2$s AS p ON p.%3$I = c.%4$I
        WHERE c.%4$I = ($1).%3$I AND c.zava_store IS DISTINCT FROM p.%5$I)';
BEGIN
    IF TG_OP <> 'INSERT' AND current_setting('transaction_isolation') <> 'read committed' THEN
        RAISE EXCEPTION USING ERRCODE = 'feature_not_supported',
            MESSAGE = format('rows of %s move to another store in transactions at the isolation level READ COMMITTED alone', TG_RELID::regclass),
            HINT = 'BEGIN ISOLATION LEVEL READ COMMITTED; then try again.';
    END IF;
    FOR e IN SELECT x.* FROM zava.exposed_tables x JOIN pg_class c ON c.oid = x.relation -- which may have been dropped
              WHERE x.parent = coalesce(pg_partition_root(TG_RELID), TG_RELID) LOOP
        PERFORM zava.check_key(e.relation, e.key_column), zava.check_key(e.parent, e.parent_key);
        IF TG_OP = 'TRUNCATE' THEN
            EXECUTE format('UPDATE %s SET zava_store = NULL WHERE zava_store IS NOT NULL', e.relation);
            EXECUTE format('SELECT EXISTS (SELECT FROM %s WHERE zava_store IS NOT NULL)', e.relation) INTO stayed;
        END IF;
        IF TG_OP IN ('UPDATE', 'DELETE') THEN
            EXECUTE format('UPDATE %s AS c SET zava_store = NULL WHERE c.%I = ($1).%I', e.relation, e.key_column, e.parent_key) USING OLD;
            EXECUTE format(differs, e.relation, e.parent, e.parent_key, e.key_column, e.parent_store) INTO stayed USING OLD;
        END IF;
        IF TG_OP IN ('UPDATE', 'INSERT') AND NOT coalesce(stayed, false) THEN
            EXECUTE format('UPDATE %s AS c SET zava_store = NULL WHERE c.%I = ($1).%I', e.relation, e.key_column, e.parent_key) USING NEW;
            EXECUTE format(differs, e.relation, e.parent, e.parent_key, e.key_column, e.parent_store) INTO stayed USING NEW;
        END IF;
        IF stayed THEN
            RAISE EXCEPTION USING ERRCODE = 'triggered_action_exception',
                MESSAGE = format('rows of %s did not follow their row of %s to another store', e.relation, e.parent),
                HINT = format('A trigger on %s undid the change: it must return NEW, with its columns as they are.', e.relation);
        END IF;
    END LOOP;
    RETURN NULL;
END $$;
COMMENT ON FUNCTION zava.parent_changed() IS 'Moves rows of exposed tables to the store of their parent.';

-- Fills zava_store of rows of tenants that were added after the rows, without a trigger of the table. Then the rows that belong
-- to these rows follow.
CREATE FUNCTION zava.fill_unknown_stores() RETURNS void
    LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    e zava.exposed_tables;
BEGIN
    FOR e IN SELECT x.* FROM zava.exposed_tables x JOIN pg_class c ON c.oid = x.relation WHERE x.kind IN ('store', 'through') AND x.store_column = 'zava_store' ORDER BY x.exposed_at, x.kind LOOP
        PERFORM zava.fill_stores(e.relation);
    END LOOP;
END $$;
COMMENT ON FUNCTION zava.fill_unknown_stores() IS 'Fills zava_store of rows whose tenant was unknown when they were written.';

-- == What may be exposed ==

-- Objects of a schema that its readers could use without a policy of zava-mcp, and the statements that end it.
CREATE FUNCTION zava.open_objects(schema oid, OUT object text, OUT cure text) RETURNS SETOF record
    LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp
AS $$
    SELECT DISTINCT format('the %s %s', u.what, u.name),
           format('REVOKE %s %s FROM %s', CASE u.kind WHEN 'ROUTINE' THEN 'EXECUTE ON ROUTINE' ELSE 'SELECT ON' END, u.name, coalesce(quote_ident(r.rolname), 'PUBLIC'))
      FROM (
-- include: unprotected.sql
    ) AS u CROSS JOIN LATERAL (
           SELECT x.grantee, x.privilege_type FROM aclexplode(u.acl) AS x
           UNION SELECT x.grantee, x.privilege_type FROM pg_attribute t, aclexplode(t.attacl) AS x WHERE u.kind = 'TABLE' AND t.attrelid = u.oid) AS g
      LEFT JOIN pg_roles r ON r.oid = g.grantee
     WHERE u.schema = open_objects.schema AND g.privilege_type = CASE u.kind WHEN 'ROUTINE' THEN 'EXECUTE' ELSE 'SELECT' END
       AND (g.grantee = 0 OR r.rolname IN (SELECT a.login FROM zava.access a))
$$;
COMMENT ON FUNCTION zava.open_objects(oid) IS 'Objects of a schema that PUBLIC or an identity reads without a policy of zava-mcp.';

-- The families of types whose texts can name a store.
CREATE FUNCTION zava.key_family(relation regclass, column_name name) RETURNS text
    LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp
AS $$
    SELECT CASE WHEN base IN ('smallint'::regtype, 'integer'::regtype, 'bigint'::regtype, 'numeric'::regtype) THEN 'number'
                WHEN base = 'uuid'::regtype THEN 'uuid'
                WHEN base IN ('text'::regtype, 'varchar'::regtype, 'bpchar'::regtype) THEN 'text' END
      FROM (WITH RECURSIVE type (oid) AS (
                SELECT atttypid FROM pg_attribute WHERE attrelid = relation AND attname = column_name AND attnum > 0 AND NOT attisdropped
                UNION SELECT t.typbasetype FROM pg_type t JOIN type USING (oid) WHERE t.typtype = 'd')
            SELECT t.oid AS base FROM pg_type t JOIN type USING (oid) WHERE t.typtype <> 'd') AS found
$$;
COMMENT ON FUNCTION zava.key_family(regclass, name) IS 'number, uuid or text; NULL for a type by which no store is named.';

-- Whether policies can test a column itself: it has the type integer, and its values are store ids.
CREATE FUNCTION zava.tests_column(relation regclass, column_name name) RETURNS boolean
    LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp
AS $$
    SELECT zava.is_integer(relation, column_name) AND column_name ~ '^[a-z_][a-z0-9_]*$' AND coalesce((SELECT t.direct FROM zava.tenants_source t), true)
$$;
COMMENT ON FUNCTION zava.tests_column(regclass, name) IS 'Whether policies can test a column without zava_store.';

-- Whether a key alone finds at most one row at any time.
CREATE FUNCTION zava.is_unique(relation regclass, column_name name) RETURNS boolean
    LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp
AS $$
    SELECT EXISTS (SELECT FROM pg_index i JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attname = column_name AND a.attnum = i.indkey[0]
                    WHERE i.indrelid = relation AND i.indisunique AND i.indimmediate AND i.indisvalid AND i.indnkeyatts = 1 AND i.indpred IS NULL)
$$;
COMMENT ON FUNCTION zava.is_unique(regclass, name) IS 'Whether a column has a unique index of its own.';

-- Whether a foreign key that is checked at once keeps a row from being there without its parent.
CREATE FUNCTION zava.has_foreign_key(relation regclass, column_name name, parent regclass) RETURNS boolean
    LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp
AS $$
    SELECT EXISTS (SELECT FROM pg_constraint k JOIN pg_attribute a ON a.attrelid = k.conrelid AND a.attname = column_name AND k.conkey = ARRAY[a.attnum]
                    WHERE k.conrelid = relation AND k.confrelid = parent AND k.contype = 'f' AND k.convalidated AND NOT k.condeferrable
                      AND coalesce((to_jsonb(k) ->> 'conenforced')::boolean, true))
$$;
COMMENT ON FUNCTION zava.has_foreign_key(regclass, name, regclass) IS 'Whether a foreign key of one column keeps rows with their parent.';

-- The reasons why identities may not be given a view. It must run with its readers' rights, over what they read anyway.
CREATE FUNCTION zava.view_blockers(exposed regclass) RETURNS SETOF text
    LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp
AS $$
    WITH it AS (SELECT * FROM pg_class WHERE oid = exposed AND relkind = 'v'), needs AS (
        SELECT d.* FROM it JOIN pg_rewrite w ON w.ev_class = it.oid
          JOIN pg_depend d ON d.classid = 'pg_rewrite'::regclass AND d.objid = w.oid AND NOT (d.refclassid = 'pg_class'::regclass AND d.refobjid = it.oid)
    )
    SELECT format('it reads with the rights of its owner: ALTER VIEW %s SET (security_invoker = true), if its other readers may read its tables', exposed)
      FROM it WHERE NOT coalesce(reloptions::text[] && '{security_invoker=true,security_invoker=on,security_invoker=1,security_invoker=yes}', false)
    UNION ALL
    SELECT DISTINCT format('it reads %s, which is not exposed', n.refobjid::regclass)
      FROM needs n JOIN pg_class c ON n.refclassid = 'pg_class'::regclass AND c.oid = n.refobjid
     WHERE c.relnamespace NOT IN ('pg_catalog'::regnamespace, 'information_schema'::regnamespace)
       AND NOT EXISTS (SELECT FROM zava.readable_columns() AS r WHERE r.relation = c.oid)
    UNION ALL
    SELECT DISTINCT format('it reads the column %I of %s, which is hidden from identities', a.attname, c.oid::regclass)
      FROM needs n JOIN pg_class c ON n.refclassid = 'pg_class'::regclass AND c.oid = n.refobjid JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = n.refobjsubid AND n.refobjsubid <> 0
     WHERE EXISTS (SELECT FROM zava.readable_columns() AS r WHERE r.relation = c.oid)
       AND NOT EXISTS (SELECT FROM zava.readable_columns() AS r WHERE r.relation = c.oid AND r.column_name = a.attname)
    UNION ALL
    SELECT DISTINCT format('it uses %s, which is neither PostgreSQL''s nor a trusted extension''s, and could show rows that no policy protects',
                           pg_describe_object(n.refclassid, n.refobjid, 0))
      FROM needs n LEFT JOIN pg_proc p ON n.refclassid = 'pg_proc'::regclass AND p.oid = n.refobjid
      LEFT JOIN pg_depend d ON d.classid = n.refclassid AND d.objid = n.refobjid AND d.deptype = 'e' AND EXISTS (
           SELECT FROM pg_extension x JOIN pg_roles r ON r.oid = x.extowner JOIN pg_available_extension_versions v ON v.name = x.extname AND v.version = x.extversion
            WHERE x.oid = d.refobjid AND (r.rolsuper OR v.trusted))
     WHERE n.refobjid >= 16384 AND n.refclassid NOT IN ('pg_class'::regclass, 'pg_namespace'::regclass) AND (d.objid IS NULL OR p.prosecdef)
$$;

-- Why an administrator cannot trust the code of a table: whatever runs when its rows are written or its definition is changed
-- has the rights of the administrator, or of zava_owner.
CREATE FUNCTION zava.untrusted_code(exposed regclass) RETURNS SETOF text
    LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp
AS $$
    WITH RECURSIVE tables AS (
        SELECT exposed::oid AS oid UNION SELECT relid FROM pg_partition_tree(exposed)
    ), trusted AS (
        SELECT r.oid FROM pg_roles r WHERE r.rolsuper OR r.rolname = current_user OR pg_has_role(r.oid, 'zava_owner', 'MEMBER')
    ),
-- include: table_code.sql
    SELECT DISTINCT CASE c.kind
           WHEN 'function' THEN format('it runs the function %s, which %I can change, with the rights of zava_owner or of an administrator: read the function, then ALTER FUNCTION %1$s OWNER TO %3$I',
                                       c.name, c.owner, current_user)
           WHEN 'call' THEN format('it calls %s with the rights of zava_owner or of an administrator (%s): drop the constraint, default or trigger', c.name, c.detail)
           WHEN 'domain' THEN format('%I can add constraints to its domain %s: read these, then ALTER DOMAIN %2$s OWNER TO %3$I', c.owner, c.name, current_user)
           ELSE format('a foreign key has the type %s, whose casts %I can change: %s', c.name, c.owner, c.detail) END
      FROM table_code c
    UNION ALL
    SELECT format('its partition %s belongs to %I: ALTER TABLE %1$s OWNER TO %3$I', c.oid::regclass, u.rolname, r.rolname)
      FROM tables f JOIN pg_class c USING (oid) JOIN pg_roles u ON u.oid = c.relowner JOIN pg_class it ON it.oid = exposed JOIN pg_roles r ON r.oid = it.relowner
     WHERE c.relowner <> it.relowner AND u.oid NOT IN (SELECT t.oid FROM trusted t)
$$;
COMMENT ON FUNCTION zava.untrusted_code(regclass) IS 'The code of a table that others than administrators can change, a line each.';

-- The reasons why identities may not be given a table or view to read.
CREATE FUNCTION zava.expose_blockers(exposed regclass) RETURNS SETOF text
    LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp
AS $$
    WITH it AS (
        SELECT c.*, n.nspname, n.nspacl, r.rolname AS owner FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace JOIN pg_roles r ON r.oid = c.relowner
         WHERE c.oid = exposed
    ), family AS (
        SELECT exposed::oid AS oid UNION SELECT relid FROM pg_partition_tree(exposed)
    ), readers AS (
        SELECT r.oid, r.rolname FROM zava.access a JOIN pg_roles r ON r.rolname = a.login
    )
    SELECT CASE relkind WHEN 'f' THEN 'it is a foreign table, whose rows another server returns before a policy is tested: copy them into a table'
                        WHEN 'm' THEN 'it is a materialized view, which has no policies: expose the tables that it reads, or make a table of it'
                        ELSE 'it is neither a table nor a view' END FROM it WHERE relkind NOT IN ('r', 'p', 'v')
    UNION ALL
    SELECT format('it is a partition: expose %s', pg_partition_root(exposed)) FROM it WHERE relispartition
    UNION ALL
    SELECT format('the schema %I is of PostgreSQL or of zava-mcp', nspname) FROM it WHERE nspname ~ '^pg_' OR nspname IN ('information_schema', 'zava')
    UNION ALL
    SELECT 'it is a temporary table' FROM it WHERE relpersistence = 't'
    UNION ALL
    SELECT 'it is a table of zava-mcp' FROM it WHERE nspname = 'retail' AND relname IN ('stores', 'customers', 'categories', 'product_types', 'products',
           'inventory', 'orders', 'order_items', 'product_description_embeddings')
    UNION ALL
    SELECT 'it belongs to an extension' FROM it JOIN pg_depend d ON d.classid = 'pg_class'::regclass AND d.objid = it.oid AND d.deptype = 'e'
    UNION ALL
    SELECT format('it is one of the tables that inherit from each other: %s from %s', inhrelid::regclass, inhparent::regclass) FROM pg_inherits, it
     WHERE it.relkind = 'r' AND NOT it.relispartition AND it.oid IN (inhrelid, inhparent)
    UNION ALL
    SELECT format('its partition %s is a foreign table', c.oid::regclass) FROM family f JOIN pg_class c USING (oid) WHERE c.relkind = 'f' AND c.oid <> exposed
    UNION ALL
    SELECT format('it has policies already (%s), which could show or hide other rows: DROP POLICY, or ALTER TABLE %s DISABLE ROW LEVEL SECURITY',
                  coalesce((SELECT string_agg(polname, ', ') FROM pg_policy WHERE polrelid = exposed), 'none, but row-level security is on'), exposed)
      FROM it WHERE (relrowsecurity OR EXISTS (SELECT FROM pg_policy WHERE polrelid = exposed))
       AND NOT EXISTS (SELECT FROM zava.exposed_tables e WHERE e.relation = exposed)
    UNION ALL
    SELECT format('it has the rule %I, which replaces statements by others: DROP RULE', w.rulename) FROM pg_rewrite w JOIN family f ON w.ev_class = f.oid JOIN it ON it.relkind <> 'v'
    UNION ALL
    SELECT zava.untrusted_code(exposed)
    UNION ALL
    SELECT format('it belongs to %I, whose rights %I does not have: GRANT %1$I TO %2$I', owner, current_user) FROM it WHERE NOT pg_has_role(relowner, 'USAGE')
    UNION ALL
    SELECT format('it belongs to the login %I of an identity', owner) FROM it WHERE owner IN (SELECT rolname FROM readers)
    UNION ALL
    SELECT format('%s may create objects in the schema %I: REVOKE CREATE ON SCHEMA %2$I FROM %1$s', coalesce(quote_ident(r.rolname), 'PUBLIC'), nspname)
      FROM it CROSS JOIN LATERAL aclexplode(nspacl) AS x LEFT JOIN readers r ON r.oid = x.grantee
     WHERE x.privilege_type = 'CREATE' AND (x.grantee = 0 OR r.oid IS NOT NULL)
    UNION ALL
    SELECT DISTINCT format('%s has rights on %s: REVOKE ALL ON %2$s FROM %1$s', coalesce(quote_ident(r.rolname), 'PUBLIC'), c.oid::regclass)
      FROM family f JOIN pg_class c USING (oid) CROSS JOIN LATERAL (
           SELECT x.grantee FROM aclexplode(c.relacl) AS x UNION SELECT x.grantee FROM pg_attribute t, aclexplode(t.attacl) AS x WHERE t.attrelid = c.oid) AS x
      LEFT JOIN readers r ON r.oid = x.grantee
     WHERE (x.grantee = 0 OR r.oid IS NOT NULL) AND NOT EXISTS (SELECT FROM zava.exposed_tables e WHERE e.relation = exposed)
    UNION ALL
    SELECT format('readers of its schema could use %s without a policy: %s, and grant it to the roles that need it', o.object, o.cure)
      FROM it, zava.open_objects(it.relnamespace) AS o
    UNION ALL
    SELECT format('its owner cannot grant the schema %I: GRANT USAGE ON SCHEMA %1$I TO %2$I WITH GRANT OPTION', nspname, current_user)
      FROM it WHERE NOT has_schema_privilege(relnamespace, 'USAGE WITH GRANT OPTION') AND nspname <> 'public'
    UNION ALL
    SELECT format('zava_owner, to which it would belong, may not have tables in the schema %I: GRANT CREATE ON SCHEMA %1$I TO %2$I WITH GRANT OPTION', nspname, current_user)
      FROM it WHERE relkind <> 'v' AND NOT has_schema_privilege(relnamespace, 'CREATE WITH GRANT OPTION') AND NOT has_schema_privilege('zava_owner', relnamespace, 'CREATE')
       AND NOT EXISTS (SELECT FROM pg_roles WHERE rolname = current_user AND rolsuper)
    UNION ALL
    SELECT * FROM zava.view_blockers(exposed)
$$;

COMMENT ON FUNCTION zava.expose_blockers(regclass) IS 'Why a table or view cannot be exposed, a line each.';
COMMENT ON FUNCTION zava.view_blockers(regclass) IS 'Why a view cannot be exposed, a line each.';

-- The reasons why a column cannot say which store a row belongs to.
CREATE FUNCTION zava.key_blockers(exposed regclass, column_name name, parent regclass, parent_key name) RETURNS SETOF text
    LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp
AS $$
    WITH it AS (
        SELECT a.*, format_type(a.atttypid, a.atttypmod) AS type, zava.key_family(exposed, column_name) AS family FROM pg_attribute a
         WHERE a.attrelid = exposed AND a.attname = column_name AND a.attnum > 0 AND NOT a.attisdropped
    ), filled AS (SELECT NOT zava.tests_column(exposed, column_name) OR key_blockers.parent IS NOT NULL AS it)
    SELECT format('it has no column %I; it has %s', column_name, (SELECT string_agg(quote_ident(attname), ', ' ORDER BY attnum) FROM pg_attribute WHERE attrelid = exposed AND attnum > 0 AND NOT attisdropped))
     WHERE NOT EXISTS (SELECT FROM it)
    UNION ALL
    SELECT 'a view has no rows of its own: expose it without a store column' FROM pg_class WHERE oid = exposed AND relkind = 'v'
    UNION ALL
    SELECT format('the column %I is of the type %s, by which no store is named: an integer, numeric, uuid or text column is', column_name, type) FROM it WHERE family IS NULL
    UNION ALL
    SELECT format('the column %I is generated, after triggers have seen the row', column_name) FROM it, filled WHERE attgenerated = 'v' OR attgenerated <> '' AND filled.it
    UNION ALL
    SELECT format('the column %I is %s, but the keys of the tenants are of the kind %s', column_name, type, t.key_family) FROM it, zava.tenants_source t
     WHERE key_blockers.parent IS NULL AND family <> t.key_family
    UNION ALL
    SELECT format('the column %I is %s, but the stores have integer ids', column_name, type) FROM it
     WHERE key_blockers.parent IS NULL AND family = 'uuid' AND NOT EXISTS (SELECT FROM zava.tenants_source)
    UNION ALL
    SELECT 'it has a column zava_store already, which zava-mcp would fill: rename it' FROM filled
     WHERE filled.it AND EXISTS (SELECT FROM pg_attribute WHERE attrelid = exposed AND attname = 'zava_store' AND NOT attisdropped)
       AND NOT EXISTS (SELECT FROM zava.exposed_tables e WHERE e.relation = exposed AND e.store_column = 'zava_store')
    UNION ALL
    SELECT format('the trigger %I runs after the one that fills zava_store, and could change the row again: rename it', t.tgname) FROM pg_trigger t, filled
     WHERE filled.it AND (t.tgrelid = exposed OR t.tgrelid IN (SELECT relid FROM pg_partition_tree(exposed))) AND NOT t.tgisinternal AND t.tgtype & 3 = 3 AND t.tgname > '~zava_store' COLLATE "C"
    UNION ALL
    SELECT format('%s is not exposed by store: expose it first', key_blockers.parent)
     WHERE key_blockers.parent <> 'retail.orders'::regclass
       AND NOT EXISTS (SELECT FROM zava.exposed_tables e WHERE e.relation = key_blockers.parent AND e.kind IN ('store', 'through'))
    UNION ALL
    SELECT 'a table cannot be its own parent' WHERE exposed = key_blockers.parent
    UNION ALL
    SELECT format('the column %I of %s is not unique by itself, so a row could have two parents', key_blockers.parent_key, key_blockers.parent)
     WHERE key_blockers.parent IS NOT NULL AND NOT (key_blockers.parent = 'retail.orders'::regclass AND key_blockers.parent_key = 'order_id')
       AND NOT zava.is_unique(key_blockers.parent, key_blockers.parent_key)
    UNION ALL
    SELECT format('the columns %I and %I, of %s, are of different types', column_name, key_blockers.parent_key, key_blockers.parent) FROM it
     WHERE key_blockers.parent IS NOT NULL AND family IS DISTINCT FROM zava.key_family(key_blockers.parent, key_blockers.parent_key)
    UNION ALL -- a row that is written before its parent is looked for
    SELECT format('its rows are not found quickly by %1$I: CREATE INDEX ON %2$s (%1$I)%3$s', column_name, exposed, CASE WHEN c.relkind = 'r' THEN
                  format(', or ALTER TABLE %s ADD FOREIGN KEY (%I) REFERENCES %s (%I)', exposed, column_name, c.oid::regclass, key_blockers.parent_key) ELSE '' END)
      FROM it JOIN pg_class c ON c.oid = key_blockers.parent
     WHERE NOT (c.relkind = 'r' AND zava.has_foreign_key(exposed, column_name, key_blockers.parent))
       AND NOT EXISTS (SELECT FROM pg_index i WHERE i.indrelid = exposed AND i.indkey[0] = it.attnum AND i.indpred IS NULL AND i.indisvalid)
$$;
COMMENT ON FUNCTION zava.key_blockers(regclass, name, regclass, name) IS 'Why a column cannot say which store a row belongs to, a line each.';

-- == Exposing and hiding ==

-- Gives a table and its partitions to a role. Where that role may not create objects in the schema, it may for this moment.
CREATE FUNCTION zava.give_table(given regclass, receiver regrole) RETURNS void
    LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp SET client_min_messages = warning
AS $$
DECLARE
    part record;
BEGIN
    FOR part IN
        SELECT c.oid::regclass AS name, c.relnamespace::regnamespace AS schema,
               NOT has_schema_privilege(receiver, c.relnamespace, 'CREATE') AND NOT (SELECT rolsuper FROM pg_roles WHERE rolname = current_user) AS lacks
          FROM (SELECT given::oid AS oid UNION SELECT relid FROM pg_partition_tree(given)) AS f JOIN pg_class c USING (oid) WHERE c.relowner <> receiver
    LOOP
        IF part.lacks THEN
            EXECUTE format('GRANT CREATE ON SCHEMA %s TO %s', part.schema, receiver);
        END IF;
        EXECUTE format('ALTER TABLE %s OWNER TO %s', part.name, receiver);
        IF part.lacks THEN
            EXECUTE format('REVOKE CREATE ON SCHEMA %s FROM %s', part.schema, receiver);
        END IF;
    END LOOP;
END $$;
COMMENT ON FUNCTION zava.give_table(regclass, regrole) IS 'Gives a table and its partitions to a role.';

-- An exposed table belongs to zava_owner, so that nobody but an administrator changes its definition: code that its former owner
-- added later (a trigger, a policy, the cast of a type) would run with the rights of zava_owner. The former owner keeps
-- reading and writing. A foreign key would run its casts with the rights of zava_owner too, so nobody keeps REFERENCES.
CREATE FUNCTION zava.take_table(exposed regclass) RETURNS void
    LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp SET client_min_messages = warning
AS $$
DECLARE
    former regrole := (SELECT nullif(x.former_owner, 'zava_owner'::regrole) FROM zava.exposed_tables x WHERE x.relation = exposed);
    family oid[] := ARRAY(SELECT exposed::oid UNION SELECT relid FROM pg_partition_tree(exposed));
    statement text;
BEGIN
    IF NOT has_schema_privilege('zava_owner', (SELECT relnamespace FROM pg_class WHERE oid = exposed), 'USAGE') THEN
        EXECUTE format('GRANT USAGE ON SCHEMA %s TO zava_owner', (SELECT relnamespace::regnamespace FROM pg_class WHERE oid = exposed));
    END IF;
    PERFORM zava.give_table(exposed, 'zava_owner');
    FOR statement IN
        SELECT DISTINCT format('REVOKE TRIGGER, REFERENCES ON %s FROM %s CASCADE', c.oid::regclass, coalesce(quote_ident(r.rolname), 'PUBLIC'))
          FROM pg_class c CROSS JOIN LATERAL (
               SELECT x.grantee, x.privilege_type FROM aclexplode(c.relacl) AS x
               UNION ALL SELECT x.grantee, x.privilege_type FROM pg_attribute t, aclexplode(t.attacl) AS x WHERE t.attrelid = c.oid) AS held
          LEFT JOIN pg_roles r ON r.oid = held.grantee
         WHERE c.oid = ANY (family) AND held.privilege_type IN ('TRIGGER', 'REFERENCES') AND held.grantee <> c.relowner
        UNION ALL
        SELECT format('GRANT SELECT, INSERT, UPDATE, DELETE, TRUNCATE ON %s TO %s', f::regclass, former) FROM unnest(family) AS f WHERE former IN (SELECT oid FROM pg_roles)
        UNION ALL
        SELECT format('GRANT USAGE, SELECT, UPDATE ON SEQUENCE %s TO %s', s.oid::regclass, former) FROM pg_depend d JOIN pg_class s ON s.oid = d.objid AND s.relkind = 'S'
         WHERE d.classid = 'pg_class'::regclass AND d.refclassid = 'pg_class'::regclass AND d.refobjid = ANY (family) AND d.deptype IN ('a', 'i')
           AND former IN (SELECT oid FROM pg_roles)
    LOOP
        EXECUTE statement;
    END LOOP;
END $$;
COMMENT ON FUNCTION zava.take_table(regclass) IS 'Gives an exposed table to zava_owner; its former owner keeps reading and writing.';

-- Makes the policies, triggers and privileges of a recorded table anew, and its stores. Roles that have rights on the table keep seeing every row.
CREATE FUNCTION zava.protect_table(exposed regclass) RETURNS void
    LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp SET client_min_messages = warning
AS $$
DECLARE
    e zava.exposed_tables := (SELECT x FROM zava.exposed_tables x WHERE x.relation = exposed);
    others text;
    part regclass;
BEGIN
    IF e.relation IS NULL THEN
        RAISE EXCEPTION USING ERRCODE = 'undefined_object', MESSAGE = format('%s is not exposed', exposed);
    ELSIF e.kind = 'view' THEN
        PERFORM zava.grant_exposed(exposed);
        RETURN;
    END IF;
    PERFORM zava.take_table(exposed);
    others := (SELECT string_agg(DISTINCT quote_ident(r.rolname), ', ')
                      FROM pg_class c CROSS JOIN LATERAL (
                           SELECT c.relowner AS role UNION SELECT grantee FROM aclexplode(c.relacl)
                           UNION SELECT x.grantee FROM pg_attribute t, aclexplode(t.attacl) AS x WHERE t.attrelid = c.oid) AS held
                      JOIN pg_roles r ON r.oid = held.role
                     WHERE c.oid = exposed AND r.rolname <> 'zava_owner' AND r.rolname NOT IN (SELECT a.login FROM zava.access a));
    EXECUTE format('ALTER TABLE %1$s ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY', exposed);
    PERFORM zava.drop_policies(exposed);
    EXECUTE format('CREATE POLICY owner_maintains ON %s TO zava_owner USING (true) WITH CHECK (true)', exposed);
    -- It also marks the table as exposed, for doctor.
    EXECUTE format('CREATE POLICY others_maintain ON %s TO %s USING (true) WITH CHECK (true)', exposed, coalesce(others, 'zava_owner'));
    IF others IS NOT NULL THEN
        EXECUTE format('GRANT USAGE ON SCHEMA zava TO %s', others);
        EXECUTE format('GRANT EXECUTE ON FUNCTION zava.is_known(), zava.sees_all_stores(), zava.only_store(), zava.visible_stores(), zava.store_flags() TO %s', others);
    END IF;
    IF e.kind = 'shared' THEN
        EXECUTE format('CREATE POLICY every_identity ON %s FOR SELECT USING (zava.is_known())', exposed);
    ELSE -- as zava.make_store_policies makes them
        EXECUTE format('CREATE POLICY own_stores ON %1$s FOR SELECT USING (CASE WHEN NOT zava.is_known() THEN false WHEN zava.sees_all_stores() THEN true
            WHEN zava.only_store() IS NOT NULL THEN %2$I = zava.only_store() ELSE %2$I = ANY (zava.visible_stores()) END)', exposed, e.store_column);
        EXECUTE format('CREATE POLICY isolation ON %s AS RESTRICTIVE FOR SELECT USING (CASE WHEN NOT zava.is_known() THEN true WHEN zava.sees_all_stores() THEN true
            ELSE (zava.store_flags())[%I] IS NOT NULL END)', exposed, e.store_column);
    END IF;
    IF e.store_column = 'zava_store' THEN
        EXECUTE format('CREATE OR REPLACE TRIGGER "~zava_store" BEFORE INSERT OR UPDATE ON %s FOR EACH ROW EXECUTE FUNCTION zava.fill_store(%L)',
                       exposed, coalesce(e.parent::text, '')); -- the argument is for doctor
        FOR part IN SELECT exposed UNION SELECT relid FROM pg_partition_tree(exposed) LOOP
            EXECUTE format('ALTER TABLE %s ENABLE ALWAYS TRIGGER "~zava_store"', part);
        END LOOP;
    END IF;
    IF e.parent IS NOT NULL THEN
        PERFORM zava.watch_parent(exposed);
    END IF;
    IF e.store_column = 'zava_store' THEN
        PERFORM zava.fill_stores(exposed);
    END IF;
    PERFORM zava.grant_exposed(exposed);
END $$;
COMMENT ON FUNCTION zava.protect_table(regclass) IS 'Makes policies, triggers and privileges of an exposed table anew.';

CREATE FUNCTION zava.drop_policies(exposed regclass) RETURNS void
    LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp SET client_min_messages = warning
AS $$
DECLARE
    policy text;
BEGIN
    FOREACH policy IN ARRAY '{owner_maintains,others_maintain,own_stores,isolation,every_identity}'::text[] LOOP
        EXECUTE format('DROP POLICY IF EXISTS %I ON %s', policy, exposed);
    END LOOP;
END $$;
COMMENT ON FUNCTION zava.drop_policies(regclass) IS 'Drops the policies that zava.protect_table made.';

-- Grants the recorded columns of an exposed table, and its schema, to the identities, or to one of them. Column by column, which
-- leaves out the system columns, zava_store and columns that are added later.
CREATE FUNCTION zava.grant_exposed(exposed regclass, admitted name DEFAULT NULL) RETURNS void
    LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    schema name := (SELECT n.nspname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE c.oid = exposed);
    columns text := (SELECT string_agg(quote_ident(column_name), ', ') FROM zava.readable_columns() WHERE relation = exposed);
    readers text := (SELECT string_agg(quote_ident(a.login), ', ') FROM zava.access a JOIN pg_roles r ON r.rolname = a.login
                      WHERE admitted IS NULL OR a.login = admitted);
BEGIN
    IF columns IS NOT NULL AND readers IS NOT NULL THEN
        EXECUTE format('GRANT USAGE ON SCHEMA %I TO %s', schema, readers);
        EXECUTE format('GRANT SELECT (%s) ON %s TO %s', columns, exposed, readers);
    END IF;
END $$;
COMMENT ON FUNCTION zava.grant_exposed(regclass, name) IS 'Grants the columns of an exposed table to identities.';

-- What identities can read without a policy of zava-mcp, and the statements that end it.
CREATE FUNCTION zava.openings(OUT statement text, OUT object text) RETURNS SETOF record
    LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp
AS $$
    SELECT o.statement, o.object FROM (
-- include: revocations.sql
    ) AS o
$$;
COMMENT ON FUNCTION zava.openings() IS 'What identities can read without a policy of zava-mcp.';

-- Shows a table or view to all identities. The caller has read expose_blockers and key_blockers.
CREATE FUNCTION zava.expose_table(exposed regclass, kind text, columns name[], key_column name DEFAULT NULL,
                                  parent regclass DEFAULT NULL, parent_key name DEFAULT NULL) RETURNS void
    LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp SET client_min_messages = warning
AS $$
DECLARE
    tested name := CASE WHEN kind = 'store' AND zava.tests_column(exposed, key_column) THEN key_column
                        WHEN kind IN ('store', 'through') THEN 'zava_store' END;
    blockers text;
    opened text[] := ARRAY(SELECT statement FROM zava.openings());
BEGIN
    IF EXISTS (SELECT FROM pg_class WHERE oid = exposed AND relkind IN ('r', 'p') AND pg_has_role(relowner, 'USAGE')) THEN
        EXECUTE format('LOCK TABLE %s IN ACCESS EXCLUSIVE MODE', exposed); -- until the blockers are known and the table belongs to zava_owner
    END IF;
    DELETE FROM zava.exposed_tables x WHERE NOT EXISTS (SELECT FROM pg_class c WHERE c.oid = x.relation);
    blockers := (SELECT string_agg(b, '; ') FROM (
        SELECT zava.expose_blockers(exposed) UNION ALL
        SELECT zava.key_blockers(exposed, key_column, parent, parent_key) WHERE kind IN ('store', 'through')) AS w (b));
    IF blockers IS NOT NULL THEN
        RAISE EXCEPTION USING ERRCODE = 'feature_not_supported', MESSAGE = format('%s cannot be exposed: %s', exposed, blockers);
    ELSIF (kind IN ('store', 'through')) <> (key_column IS NOT NULL) OR (kind = 'through') <> (parent IS NOT NULL)
          OR (kind = 'view') <> EXISTS (SELECT FROM pg_class WHERE oid = exposed AND relkind = 'v') THEN
        RAISE EXCEPTION USING ERRCODE = 'invalid_parameter_value', MESSAGE = format('%s cannot be exposed as %s', exposed, kind);
    END IF;
    PERFORM zava.hide_table(exposed);
    INSERT INTO zava.exposed_tables VALUES (exposed, kind, columns, tested, key_column, parent, parent_key,
        CASE WHEN parent = 'retail.orders'::regclass THEN 'store_id' ELSE (SELECT e.store_column FROM zava.exposed_tables e WHERE e.relation = expose_table.parent) END,
        CASE WHEN kind <> 'view' THEN (SELECT relowner FROM pg_class WHERE oid = exposed) END);
    IF tested = 'zava_store' THEN
        PERFORM zava.add_store_column(exposed);
    END IF;
    PERFORM zava.protect_table(exposed);
    IF tested = 'zava_store' THEN
        EXECUTE format('CREATE INDEX ON %s (zava_store)', exposed);
    END IF;
    IF kind IN ('store', 'through') THEN
        PERFORM zava.set_bitmap_scans(a.login) FROM zava.access a JOIN pg_roles r ON r.rolname = a.login;
    END IF;
    SELECT string_agg(format('%s (%s)', o.object, o.statement), '; ') INTO blockers FROM zava.openings() AS o WHERE o.statement <> ALL (opened);
    IF blockers IS NOT NULL THEN
        RAISE EXCEPTION USING ERRCODE = 'feature_not_supported',
            MESSAGE = format('%s cannot be exposed, because identities could then read without a policy: %s', exposed, blockers);
    END IF;
END $$;
COMMENT ON FUNCTION zava.expose_table(regclass, text, name[], name, regclass, name) IS 'Shows a table or view of any schema to identities; `zava-mcp tables expose` calls it.';

-- Fills zava_store where it is another than the row's, and then that of the rows that belong to these rows. The table's own
-- triggers do not run, because they would have the administrator's rights.
CREATE FUNCTION zava.fill_stores(exposed regclass) RETURNS void
    LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp SET client_min_messages = warning
AS $$
DECLARE
    e zava.exposed_tables := (SELECT x FROM zava.exposed_tables x WHERE x.relation = exposed);
    enabled text[];
    statement text;
BEGIN
    enabled := ARRAY(SELECT format('ALTER TABLE %s %s TRIGGER %I', exposed, CASE tgenabled WHEN 'A' THEN 'ENABLE ALWAYS' WHEN 'R' THEN 'ENABLE REPLICA' ELSE 'ENABLE' END, tgname)
                       FROM pg_trigger WHERE tgrelid = exposed AND NOT tgisinternal AND tgenabled <> 'D');
    FOREACH statement IN ARRAY enabled LOOP
        EXECUTE regexp_replace(statement, ' ENABLE (ALWAYS |REPLICA )?TRIGGER ', ' DISABLE TRIGGER ');
    END LOOP;
    PERFORM zava.check_key(e.relation, e.key_column);
    IF e.kind = 'through' THEN
        PERFORM zava.check_key(e.parent, e.parent_key);
        EXECUTE format('UPDATE %1$s AS c SET zava_store = p.%2$I FROM %3$s AS p WHERE p.%4$I = c.%5$I AND c.zava_store IS DISTINCT FROM p.%2$I',
                       exposed, e.parent_store, e.parent, e.parent_key, e.key_column);
        EXECUTE format('UPDATE %1$s AS c SET zava_store = NULL WHERE c.zava_store IS NOT NULL AND NOT EXISTS (SELECT FROM %2$s AS p WHERE p.%3$I = c.%4$I)',
                       exposed, e.parent, e.parent_key, e.key_column);
    ELSE
        EXECUTE format('UPDATE %1$s AS c SET zava_store = k.store FROM (SELECT key, zava.store_of_key(key) AS store FROM (
                            SELECT DISTINCT %2$I::text AS key FROM %1$s) AS d) AS k
                         WHERE k.key = c.%2$I::text AND c.zava_store IS DISTINCT FROM k.store', exposed, e.key_column);
        EXECUTE format('UPDATE %s SET zava_store = NULL WHERE zava_store IS NOT NULL AND %I IS NULL', exposed, e.key_column);
    END IF;
    FOREACH statement IN ARRAY enabled LOOP
        EXECUTE statement;
    END LOOP;
    PERFORM zava.fill_stores(x.relation) FROM zava.exposed_tables x JOIN pg_class c ON c.oid = x.relation WHERE x.parent = exposed;
END $$;
COMMENT ON FUNCTION zava.fill_stores(regclass) IS 'Fills zava_store of an exposed table anew.';

-- Adds zava_store, which zava.protect_table fills once the parent's triggers move later changes.
CREATE FUNCTION zava.add_store_column(exposed regclass) RETURNS void
    LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp SET client_min_messages = warning
AS $$
BEGIN
    EXECUTE format('ALTER TABLE %s ADD COLUMN zava_store integer', exposed);
    EXECUTE format('COMMENT ON COLUMN %s.zava_store IS %L', exposed, 'The store of the row. Triggers of zava-mcp fill it; hidden from identities.');
END $$;
COMMENT ON FUNCTION zava.add_store_column(regclass) IS 'Adds the column zava_store to an exposed table.';

-- The triggers on the parent of an exposed table. A row that moves to another partition is deleted and inserted, and a foreign
-- key could be dropped.
CREATE FUNCTION zava.watch_parent(exposed regclass) RETURNS void
    LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp SET client_min_messages = warning
AS $$
DECLARE
    e zava.exposed_tables := (SELECT x FROM zava.exposed_tables x WHERE x.relation = exposed);
BEGIN
    EXECUTE format('CREATE OR REPLACE TRIGGER zava_parent_moved AFTER UPDATE ON %1$s FOR EACH ROW
        WHEN (OLD.%2$I IS DISTINCT FROM NEW.%2$I OR OLD.%3$I IS DISTINCT FROM NEW.%3$I) EXECUTE FUNCTION zava.parent_changed()', e.parent, e.parent_store, e.parent_key);
    EXECUTE format('ALTER TABLE %s ENABLE ALWAYS TRIGGER zava_parent_moved', e.parent);
    EXECUTE format('CREATE OR REPLACE TRIGGER zava_parent_there AFTER INSERT OR DELETE ON %s FOR EACH ROW EXECUTE FUNCTION zava.parent_changed()', e.parent);
    EXECUTE format('CREATE OR REPLACE TRIGGER zava_parents_gone AFTER TRUNCATE ON %s FOR EACH STATEMENT EXECUTE FUNCTION zava.parent_changed()', e.parent);
    EXECUTE format('ALTER TABLE %1$s ENABLE ALWAYS TRIGGER zava_parent_there, ENABLE ALWAYS TRIGGER zava_parents_gone', e.parent);
END $$;
COMMENT ON FUNCTION zava.watch_parent(regclass) IS 'Makes the triggers with which rows follow their parent to another store.';

-- Takes back all that zava.expose_table made; does nothing for a table that is not exposed.
CREATE FUNCTION zava.hide_table(exposed regclass) RETURNS void
    LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp SET client_min_messages = warning
AS $$
DECLARE
    e zava.exposed_tables := (SELECT x FROM zava.exposed_tables x WHERE x.relation = exposed);
    needed text := (SELECT string_agg(x.relation::text, ', ') FROM zava.exposed_tables x JOIN pg_class c ON c.oid = x.relation WHERE x.parent = exposed);
    readers text := (SELECT string_agg(quote_ident(a.login), ', ') FROM zava.access a JOIN pg_roles r ON r.rolname = a.login);
    schema oid := (SELECT relnamespace FROM pg_class WHERE oid = exposed);
BEGIN
    IF e.relation IS NULL THEN
        RETURN;
    ELSIF needed IS NOT NULL THEN
        RAISE EXCEPTION USING ERRCODE = 'dependent_objects_still_exist', MESSAGE = format('rows of %s belong to the store of their row in %s', needed, exposed),
            HINT = format('Hide %s first.', needed);
    END IF;
    DELETE FROM zava.exposed_tables x WHERE x.relation = exposed OR NOT EXISTS (SELECT FROM pg_class c WHERE c.oid = x.relation);
    IF readers IS NOT NULL THEN
        EXECUTE format('REVOKE ALL ON %s FROM %s', exposed, readers);
        IF schema <> 'retail'::regnamespace AND NOT EXISTS (SELECT FROM zava.exposed_tables x JOIN pg_class c ON c.oid = x.relation WHERE c.relnamespace = schema) THEN
            EXECUTE format('REVOKE ALL ON SCHEMA %s FROM %s', schema::regnamespace, readers);
        END IF;
    END IF;
    IF e.kind <> 'view' THEN
        PERFORM zava.drop_policies(exposed);
        EXECUTE format('ALTER TABLE %s DISABLE ROW LEVEL SECURITY, NO FORCE ROW LEVEL SECURITY', exposed);
    END IF;
    IF e.store_column = 'zava_store' THEN
        EXECUTE format('DROP TRIGGER IF EXISTS "~zava_store" ON %s', exposed);
        EXECUTE format('ALTER TABLE %s DROP COLUMN zava_store', exposed);
    END IF;
    IF e.parent IN (SELECT oid FROM pg_class) AND NOT EXISTS (SELECT FROM zava.exposed_tables x WHERE x.parent = e.parent) THEN
        EXECUTE format('DROP TRIGGER IF EXISTS zava_parent_moved ON %1$s; DROP TRIGGER IF EXISTS zava_parent_there ON %1$s; DROP TRIGGER IF EXISTS zava_parents_gone ON %1$s', e.parent);
    END IF;
    IF e.former_owner IN (SELECT oid FROM pg_roles) THEN
        PERFORM zava.give_table(exposed, e.former_owner);
    END IF;
END $$;
COMMENT ON FUNCTION zava.hide_table(regclass) IS 'Hides an exposed table or view from identities and takes back what was made for it.';

-- How many rows no store's manager will see: without a store, or of an unknown one.
CREATE FUNCTION zava.rows_without_store(exposed regclass, OUT rows bigint, OUT without bigint) RETURNS record
    LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    tested name := (SELECT e.store_column FROM zava.exposed_tables e WHERE e.relation = exposed);
BEGIN
    EXECUTE format('SELECT count(*), count(*) FILTER (WHERE t.%1$I IS NULL OR NOT EXISTS (SELECT FROM retail.stores s WHERE s.store_id = t.%1$I)) FROM %2$s AS t', tested, exposed)
       INTO rows, without;
END $$;
COMMENT ON FUNCTION zava.rows_without_store(regclass) IS 'The rows of an exposed table, and those that only head office sees.';

-- == Identities ==

-- As in 014, with exposed tables, and without the tables of the schema retail in a database of tenants.
CREATE OR REPLACE FUNCTION zava.readable_columns(OUT relation regclass, OUT column_name name) RETURNS SETOF record
    LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp
AS $$
    WITH made (name, columns) AS (VALUES
-- include: made_columns.sql
    ), logins AS (
        SELECT r.oid FROM zava.access a JOIN pg_roles r ON r.rolname = a.login
    ), shown AS (
        SELECT c.oid, m.columns, e.columns AS exposed FROM pg_class c LEFT JOIN zava.exposed_tables e ON e.relation = c.oid
          LEFT JOIN made m ON m.name = c.relname AND c.relnamespace IN ('retail'::regnamespace, 'zava'::regnamespace)
         WHERE CASE
               WHEN e.kind = 'view' THEN c.reloptions::text[] && '{security_invoker=true,security_invoker=on,security_invoker=1,security_invoker=yes}'
               WHEN e.kind IS NOT NULL THEN c.relrowsecurity AND c.relforcerowsecurity AND CASE WHEN e.kind = 'shared' THEN
                    EXISTS (SELECT FROM pg_policy p WHERE p.polrelid = c.oid AND p.polname = 'every_identity')
                    ELSE (SELECT count(*) = 2 FROM pg_policy p WHERE p.polrelid = c.oid AND (p.polname, p.polpermissive) IN (('own_stores', true), ('isolation', false))) END
                    AND NOT EXISTS (SELECT FROM zava.unprotected() AS u WHERE u = c.oid)
               WHEN EXISTS (SELECT FROM zava.tenants_source) THEN false
               WHEN to_regclass('zava.customers_by_store') IS NOT NULL
                    AND c.oid IN (to_regclass('retail.stores'), to_regclass('retail.customers'), to_regclass('zava.customers_by_store')) THEN true
               WHEN c.relnamespace <> 'retail'::regnamespace THEN false
               WHEN c.relkind = 'v' THEN c.reloptions::text[] && '{security_invoker=true,security_invoker=on,security_invoker=1,security_invoker=yes}'
                    AND EXISTS (SELECT FROM logins l WHERE has_any_column_privilege(l.oid, c.oid, 'SELECT'))
               WHEN c.relkind NOT IN ('r', 'p') THEN false
               WHEN m.name IS NOT NULL THEN EXISTS (SELECT FROM pg_policy p WHERE p.polrelid = c.oid AND p.polname <> 'owner_maintains')
               ELSE c.relrowsecurity AND c.relforcerowsecurity
                    AND EXISTS (SELECT FROM pg_policy p WHERE p.polrelid = c.oid AND p.polname IN ('own_stores', 'every_identity'))
                    AND NOT EXISTS (SELECT FROM zava.unprotected() AS u WHERE u = c.oid) END
    ), granted AS (
        SELECT s.oid AS relation, a.attname, l.oid AS login, has_column_privilege(l.oid, s.oid, a.attnum, 'SELECT') AS may
          FROM shown s JOIN pg_attribute a ON a.attrelid = s.oid AND a.attnum > 0 AND NOT a.attisdropped CROSS JOIN logins l WHERE s.exposed IS NULL
    )
    SELECT s.oid, a.attname
      FROM shown s JOIN pg_attribute a ON a.attrelid = s.oid AND a.attnum > 0 AND NOT a.attisdropped
     WHERE NOT (a.attname = 'rls_user_id' AND s.oid = to_regclass('retail.stores')) AND CASE
           WHEN s.exposed IS NOT NULL THEN a.attname = ANY (s.exposed) AND a.attname <> 'zava_store'
           ELSE a.attname = ANY (s.columns)
            OR NOT EXISTS (SELECT FROM granted g WHERE g.relation = s.oid AND g.attname = a.attname AND NOT g.may
                              AND EXISTS (SELECT FROM granted h WHERE h.relation = s.oid AND h.login = g.login AND h.may)) END
$$;

-- As in 014, with the schemas of exposed tables.
CREATE OR REPLACE FUNCTION zava.grant_reading(admitted name DEFAULT NULL) RETURNS void
    LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    -- Column by column, which leaves out the system columns: ctid tells how many rows lie before one's own.
    readable text[] := ARRAY(SELECT replace(format('GRANT SELECT (%s) ON %s TO ', string_agg(quote_ident(column_name), ', '), relation), '%', '%%') || '%1$I'
                               FROM zava.readable_columns() GROUP BY relation
                              UNION ALL
                             SELECT DISTINCT replace(format('GRANT USAGE ON SCHEMA %I TO ', n.nspname), '%', '%%') || '%1$I'
                               FROM zava.exposed_tables e JOIN pg_class c ON c.oid = e.relation JOIN pg_namespace n ON n.oid = c.relnamespace
                              WHERE n.nspname NOT IN ('retail', 'public'));
    login name;
    statement text;
BEGIN
    FOR login IN SELECT a.login FROM zava.access a JOIN pg_roles r ON r.rolname = a.login WHERE admitted IS NULL OR a.login = admitted LOOP
        EXECUTE format('GRANT USAGE ON SCHEMA retail, zava TO %I', login);
        FOREACH statement IN ARRAY readable LOOP
            EXECUTE format(statement, login);
        END LOOP;
        EXECUTE format('GRANT SELECT (schema_version) ON zava.about TO %I', login);
        EXECUTE format('GRANT SELECT (name, sells, currency, time_zone, fiscal_year_start, week_start, notes, is_sample) ON zava.company TO %I', login);
        EXECUTE format('GRANT EXECUTE ON FUNCTION zava.sees_all_stores(), zava.only_store(), zava.visible_stores(), zava.has_tenants(), zava.own_stores(),
            zava.is_known(), zava.store_flags(), zava.maintains(), zava.own_customers(), zava.who_am_i(), zava.row_too_large(bigint) TO %I', login);
    END LOOP;
END $$;

-- As in 010; exposed tables are not partitioned by store either.
CREATE OR REPLACE FUNCTION zava.set_bitmap_scans(login name) RETURNS void
    LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    EXECUTE format('ALTER ROLE %I IN DATABASE %I %s', login, current_database(),
                   CASE WHEN to_regclass('zava.customers_by_store') IS NULL OR EXISTS (SELECT FROM zava.exposed_tables e WHERE e.kind IN ('store', 'through'))
                        THEN 'SET enable_bitmapscan = off' ELSE 'RESET enable_bitmapscan' END);
EXCEPTION WHEN insufficient_privilege THEN NULL; -- a login that this administrator may not alter: doctor says so
END $$;

DO $$
DECLARE
    object text;
BEGIN
    FOR object IN SELECT oid::regprocedure FROM pg_proc WHERE pronamespace = 'zava'::regnamespace AND proowner <> 'zava_owner'::regrole
                     AND prorettype <> 'event_trigger'::regtype LOOP
        EXECUTE format('REVOKE ALL ON FUNCTION %s FROM PUBLIC', object);
        EXECUTE format('ALTER FUNCTION %s OWNER TO zava_owner', object);
    END LOOP;
    PERFORM zava.grant_reading();
END $$;
