-- Access to rows. The identity is the login that a connection authenticated as (session_user), which no SQL text can
-- change. All functions and policies map it to stores through one table, zava.access.

CREATE SCHEMA IF NOT EXISTS zava;

-- The owner of every table and function is a role without login.
DO $$
BEGIN
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'zava_owner') THEN
        CREATE ROLE zava_owner NOLOGIN;
    END IF;
    -- A superuser may do everything anyway; a restricted admin needs the membership to go on administrating.
    IF NOT pg_has_role(current_user, 'zava_owner', 'USAGE') THEN
        EXECUTE format('GRANT zava_owner TO %I', current_user);
    END IF;
END $$;
COMMENT ON ROLE zava_owner IS 'Owns the schemas retail and zava; cannot log in.';

-- login -> rls_user_id -> stores. A regional manager has several stores, head office has all of them.
CREATE TABLE zava.access (
    login        name    PRIMARY KEY,
    rls_user_id  uuid    NOT NULL,
    display_name text    NOT NULL,
    all_stores   boolean NOT NULL DEFAULT false,
    store_ids    integer[] NOT NULL DEFAULT '{}',
    CONSTRAINT access_all_or_some CHECK (NOT all_stores OR store_ids = '{}'),
    CONSTRAINT access_no_null_store CHECK (array_position(store_ids, NULL) IS NULL)
);
COMMENT ON TABLE zava.access IS 'One row per login: the identity it stands for and the stores that identity may see.';

-- The database's content and schema version; written by set-up, readable by every login.
CREATE TABLE zava.about (
    only_row       boolean PRIMARY KEY DEFAULT true CHECK (only_row),
    schema_version integer NOT NULL,
    sample_seed    integer,
    sample_as_of   date,
    sample_scale   double precision
);
COMMENT ON TABLE zava.about IS 'Version of the schema and, where it holds sample data, how that was made.';

-- Properties of the session's login. They are IMMUTABLE although they read a table, because their value cannot change while
-- a connection lives, and because the planner then folds them into the policies as constants: an index on store_id is
-- used, plans run in parallel, row estimates are right, and head office pays for no filter. They are SECURITY DEFINER,
-- because no login may read zava.access. 009 replaces them with functions that do not read the table each time.

CREATE FUNCTION zava.sees_all_stores() RETURNS boolean
    LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$ BEGIN RETURN coalesce((SELECT a.all_stores FROM zava.access a WHERE a.login = session_user), false); END $$;
COMMENT ON FUNCTION zava.sees_all_stores() IS 'Whether the asking login sees every store.';

-- NULL unless the login has exactly one store: policies then compare with =, which gives the simplest plans.
CREATE FUNCTION zava.only_store() RETURNS integer
    LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$ BEGIN RETURN (SELECT a.store_ids[1] FROM zava.access a WHERE a.login = session_user AND cardinality(a.store_ids) = 1); END $$;
COMMENT ON FUNCTION zava.only_store() IS 'The one store of the asking login, NULL if it has none or several.';

CREATE FUNCTION zava.visible_stores() RETURNS integer[]
    LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$ BEGIN RETURN coalesce((SELECT a.store_ids FROM zava.access a WHERE a.login = session_user), '{}'); END $$;
COMMENT ON FUNCTION zava.visible_stores() IS 'The stores of the asking login; empty for head office, which is asked for first.';

CREATE FUNCTION zava.is_known() RETURNS boolean
    LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$ BEGIN RETURN EXISTS (SELECT FROM zava.access a WHERE a.login = session_user); END $$;
COMMENT ON FUNCTION zava.is_known() IS 'Whether the asking login is an identity at all.';

-- The entry of the session's own login; other entries cannot be read.
CREATE FUNCTION zava.who_am_i(OUT rls_user_id uuid, OUT display_name text, OUT all_stores boolean, OUT store_ids integer[])
    LANGUAGE plpgsql STABLE PARALLEL SAFE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$ BEGIN
    SELECT a.rls_user_id, a.display_name, a.all_stores, a.store_ids
      INTO rls_user_id, display_name, all_stores, store_ids
      FROM zava.access a WHERE a.login = session_user;
END $$;
COMMENT ON FUNCTION zava.who_am_i() IS 'The asking login''s identity: id, name and the stores it sees; all NULL if it is unknown.';

-- Refuses a row that is too large inside the database. The wrapper of every query calls it.
CREATE FUNCTION zava.row_too_large(bytes bigint) RETURNS boolean
    LANGUAGE plpgsql STABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp
AS $$ BEGIN
    RAISE EXCEPTION USING
        ERRCODE = 'program_limit_exceeded',
        MESSAGE = format('a row of the result has %s bytes, more than fits into an answer', bytes),
        HINT = 'Select fewer or shorter columns: left(text, 200), length(text), or an aggregate.';
END $$;
COMMENT ON FUNCTION zava.row_too_large(bigint) IS 'Raises the error for a row that is too large for an answer.';

-- Policies. FORCE applies them to the owner too, which therefore has a policy of its own. 010 creates the policies of
-- orders, items, stock and customers.
DO $$
DECLARE
    t regclass;
BEGIN
    FOREACH t IN ARRAY ARRAY['retail.stores', 'retail.customers', 'retail.categories', 'retail.product_types',
                             'retail.products', 'retail.inventory', 'retail.orders', 'retail.order_items',
                             'zava.access', 'zava.about']::regclass[]
    LOOP
        EXECUTE format('ALTER TABLE %s ENABLE ROW LEVEL SECURITY', t);
        EXECUTE format('ALTER TABLE %s FORCE ROW LEVEL SECURITY', t);
        -- The owner maintains every row.
        EXECUTE format('CREATE POLICY owner_maintains ON %s TO zava_owner USING (true) WITH CHECK (true)', t);
    END LOOP;

    -- The catalogue and the list of stores: every known identity. No identity, no rows.
    FOREACH t IN ARRAY ARRAY['retail.stores', 'retail.categories', 'retail.product_types', 'retail.products', 'zava.about']::regclass[]
    LOOP
        EXECUTE format('CREATE POLICY every_identity ON %s FOR SELECT USING (zava.is_known())', t);
    END LOOP;
END $$;

DO $$
DECLARE
    object text;
BEGIN
    -- Functions start out executable by everyone; here by nobody until a login is admitted.
    REVOKE ALL ON ALL FUNCTIONS IN SCHEMA zava FROM PUBLIC;
    -- No temporary tables, no new objects: nothing to shadow ours with. In a database of somebody else's,
    -- a restricted admin may not do all of this; whoever takes it over is told what is missing.
    BEGIN
        EXECUTE format('REVOKE TEMPORARY ON DATABASE %I FROM PUBLIC', current_database());
        REVOKE CREATE ON SCHEMA public FROM PUBLIC;
    EXCEPTION WHEN insufficient_privilege OR invalid_schema_name THEN NULL;
    END;

    -- The schemas first: who takes over an object must be allowed to create in its schema, and who
    -- takes over a schema, for that moment, in the database.
    GRANT USAGE, CREATE ON SCHEMA retail, zava TO zava_owner;
    BEGIN
        EXECUTE format('GRANT CREATE ON DATABASE %I TO zava_owner', current_database());
        ALTER SCHEMA retail OWNER TO zava_owner;
        ALTER SCHEMA zava OWNER TO zava_owner;
        EXECUTE format('REVOKE CREATE ON DATABASE %I FROM zava_owner', current_database());
    EXCEPTION WHEN insufficient_privilege THEN NULL;
    END;

    FOR object IN
        SELECT format('TABLE %s', oid::regclass) FROM pg_class
         WHERE relnamespace IN ('retail'::regnamespace, 'zava'::regnamespace) AND relkind IN ('r', 'p')
        UNION ALL
        SELECT format('FUNCTION %s', oid::regprocedure) FROM pg_proc WHERE pronamespace = 'zava'::regnamespace
    LOOP
        EXECUTE format('ALTER %s OWNER TO zava_owner', object);
    END LOOP;
END $$;
