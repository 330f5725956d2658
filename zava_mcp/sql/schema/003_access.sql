-- Who sees what. Identity is the login a connection authenticated as (session_user): the one name
-- that no SQL text can change. Everything here reads it through one table, zava.access.

CREATE SCHEMA zava;

-- Every table and function belongs to a role nobody can log in as.
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

-- What a database holds and which version of this schema it has; written by set-up, read by everyone.
CREATE TABLE zava.about (
    only_row       boolean PRIMARY KEY DEFAULT true CHECK (only_row),
    schema_version integer NOT NULL,
    sample_seed    integer,
    sample_as_of   date,
    sample_scale   double precision
);
COMMENT ON TABLE zava.about IS 'Version of the schema and, where it holds sample data, how that was made.';

-- The answers about the asking login. They are IMMUTABLE although they read a table, because their
-- value cannot change while a connection lives, and only so does the planner fold them into the
-- policies as constants: an index on store_id works, plans run in parallel, row estimates are right,
-- and head office pays for no filter at all. SECURITY DEFINER, because no login may read zava.access.
-- 009 replaces them by ones that do not read the table each time.

CREATE FUNCTION zava.sees_all_stores() RETURNS boolean
    LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$ BEGIN RETURN coalesce((SELECT a.all_stores FROM zava.access a WHERE a.login = session_user), false); END $$;
COMMENT ON FUNCTION zava.sees_all_stores() IS 'Whether the asking login sees every store.';

-- NULL unless the login has exactly one store: then policies compare with = and plans stay the simplest.
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

-- The asking login's own entry; nobody else's can be asked for.
CREATE FUNCTION zava.who_am_i(OUT rls_user_id uuid, OUT display_name text, OUT all_stores boolean, OUT store_ids integer[])
    LANGUAGE plpgsql STABLE PARALLEL SAFE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$ BEGIN
    SELECT a.rls_user_id, a.display_name, a.all_stores, a.store_ids
      INTO rls_user_id, display_name, all_stores, store_ids
      FROM zava.access a WHERE a.login = session_user;
END $$;
COMMENT ON FUNCTION zava.who_am_i() IS 'The asking login''s identity: id, name and the stores it sees; all NULL if it is unknown.';

-- Refuses a row inside the database, before it crosses the wire. Called by the wrapper of every query.
CREATE FUNCTION zava.row_too_large(bytes bigint) RETURNS boolean
    LANGUAGE plpgsql STABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp
AS $$ BEGIN
    RAISE EXCEPTION USING
        ERRCODE = 'program_limit_exceeded',
        MESSAGE = format('a row of the result has %s bytes, more than fits into an answer', bytes),
        HINT = 'Select fewer or shorter columns: left(text, 200), length(text), or an aggregate.';
END $$;
COMMENT ON FUNCTION zava.row_too_large(bigint) IS 'Raises the error for a row that is too large for an answer.';

-- Policies. FORCE binds the owner too; the owner's own way in is written out as a policy of its own.
DO $$
DECLARE
    of_store constant text := 'CASE WHEN zava.sees_all_stores() THEN true
        WHEN zava.only_store() IS NOT NULL THEN %1$I = zava.only_store()
        ELSE %1$I = ANY (zava.visible_stores()) END';
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

    -- Orders, their items and the stock: the rows of the stores this login may see.
    FOREACH t IN ARRAY ARRAY['retail.orders', 'retail.order_items', 'retail.inventory']::regclass[]
    LOOP
        EXECUTE format('CREATE POLICY own_stores ON %s FOR SELECT USING (%s)', t, format(of_store, 'store_id'));
    END LOOP;

    -- Customers: those whose primary store this login may see, or who ordered there
    -- (the orders that the inner query finds are themselves only this login's).
    EXECUTE format('CREATE POLICY own_customers ON retail.customers FOR SELECT USING (
        CASE WHEN zava.sees_all_stores() THEN true
        ELSE (%s) OR EXISTS (SELECT FROM retail.orders o WHERE o.customer_id = customers.customer_id) END)',
        format(of_store, 'primary_store_id'));

    -- The catalogue and the list of stores: every known identity. No identity, no rows.
    FOREACH t IN ARRAY ARRAY['retail.stores', 'retail.categories', 'retail.product_types', 'retail.products', 'zava.about']::regclass[]
    LOOP
        EXECUTE format('CREATE POLICY every_identity ON %s FOR SELECT USING (zava.is_known())', t);
    END LOOP;
END $$;

-- Lets one login read as one identity. What is not granted: membership in any role, ownership,
-- writing, TEMP or CREATE anywhere, zava.access, and stores.rls_user_id, which names other identities.
CREATE FUNCTION zava.admit(login name, rls_user_id uuid, display_name text, all_stores boolean, store_ids integer[])
    RETURNS void LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    readable text;
BEGIN
    INSERT INTO zava.access AS a VALUES (admit.login, admit.rls_user_id, admit.display_name, admit.all_stores, admit.store_ids)
        ON CONFLICT ON CONSTRAINT access_pkey DO UPDATE
        SET rls_user_id = excluded.rls_user_id, display_name = excluded.display_name,
            all_stores = excluded.all_stores, store_ids = excluded.store_ids;
    EXECUTE format('GRANT CONNECT ON DATABASE %I TO %I', current_database(), login);
    EXECUTE format('GRANT USAGE ON SCHEMA retail, zava TO %I', login);
    -- Column by column, which leaves out the system columns: ctid tells how many rows lie before one's own.
    FOR readable IN
        SELECT format('GRANT SELECT (%s) ON %s TO %I', string_agg(quote_ident(a.attname), ', '), a.attrelid::regclass, login)
          FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid
         WHERE c.relnamespace = 'retail'::regnamespace AND c.relkind IN ('r', 'p')
           AND a.attnum > 0 AND NOT a.attisdropped
           AND (c.relname, a.attname) <> ('stores', 'rls_user_id')
           -- A table that no policy shows is not offered either: it would look empty.
           AND EXISTS (SELECT FROM pg_policy p WHERE p.polrelid = c.oid AND p.polname <> 'owner_maintains')
         GROUP BY a.attrelid
    LOOP
        EXECUTE readable;
    END LOOP;
    EXECUTE format('GRANT SELECT (schema_version) ON zava.about TO %I', login);
    EXECUTE format('GRANT EXECUTE ON FUNCTION zava.sees_all_stores(), zava.only_store(), zava.visible_stores(),
        zava.is_known(), zava.who_am_i(), zava.row_too_large(bigint) TO %I', login);
    -- Second locks behind the privileges, and the manners of a guest: no statement without an end.
    EXECUTE format('ALTER ROLE %I SET default_transaction_read_only = on', login);
    EXECUTE format('ALTER ROLE %I SET statement_timeout = %L', login, '60s');
    EXECUTE format('ALTER ROLE %I SET idle_in_transaction_session_timeout = %L', login, '60s');
    EXECUTE format('ALTER ROLE %I SET search_path = retail, public', login);
    PERFORM zava.limit_login(login); -- in 012
    -- Everybody can read comments on roles: nothing here of whom it stands for.
    EXECUTE format('COMMENT ON ROLE %I IS %L', login, 'An identity of zava-mcp.');
END $$;
COMMENT ON FUNCTION zava.admit(name, uuid, text, boolean, integer[]) IS 'Gives an existing login its identity and its read-only privileges; for admins.';

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
         WHERE relnamespace IN ('retail'::regnamespace, 'zava'::regnamespace) AND relkind = 'r'
        UNION ALL
        SELECT format('FUNCTION %s', oid::regprocedure) FROM pg_proc WHERE pronamespace = 'zava'::regnamespace
    LOOP
        EXECUTE format('ALTER %s OWNER TO zava_owner', object);
    END LOOP;
END $$;
