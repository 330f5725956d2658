-- Tables, views and columns that administrators add are hidden from identities until an administrator shows them.

-- Relations and functions that show rows without a policy of zava-mcp.
CREATE FUNCTION zava.unprotected() RETURNS SETOF oid
    LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp
AS $$ SELECT u.oid FROM (
-- include: unprotected.sql
) AS u WHERE u.kind = 'TABLE' $$;

-- The columns that identities may read: of zava-mcp's tables, the columns that it created and those that every identity
-- with access reads already (an adopted database has more). An administrator's table is readable once row-level security is
-- forced on it and zava.show_table created its policies; a view once it was granted to an identity, and it runs with the
-- rights of the reader.
CREATE FUNCTION zava.readable_columns(OUT relation regclass, OUT column_name name) RETURNS SETOF record
    LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp
AS $$
    WITH made (name, columns) AS (VALUES
-- include: made_columns.sql
    ), logins AS (
        SELECT r.oid FROM zava.access a JOIN pg_roles r ON r.rolname = a.login
    ), shown AS (
        SELECT c.oid, m.columns FROM pg_class c LEFT JOIN made m ON m.name = c.relname AND c.relnamespace IN ('retail'::regnamespace, 'zava'::regnamespace)
         WHERE CASE
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
          FROM shown s JOIN pg_attribute a ON a.attrelid = s.oid AND a.attnum > 0 AND NOT a.attisdropped CROSS JOIN logins l
    )
    SELECT s.oid, a.attname
      FROM shown s JOIN pg_attribute a ON a.attrelid = s.oid AND a.attnum > 0 AND NOT a.attisdropped
     WHERE NOT (a.attname = 'rls_user_id' AND s.oid = to_regclass('retail.stores'))
       AND (a.attname = ANY (s.columns)
            OR NOT EXISTS (SELECT FROM granted g WHERE g.relation = s.oid AND g.attname = a.attname AND NOT g.may
                              AND EXISTS (SELECT FROM granted h WHERE h.relation = s.oid AND h.login = g.login AND h.may)))
$$;

COMMENT ON FUNCTION zava.unprotected() IS 'Relations that show rows to their readers without asking a policy of zava-mcp.';
COMMENT ON FUNCTION zava.readable_columns() IS 'The columns that zava.grant_reading grants to identities.';

-- As in 010, with the columns of readable_columns.
CREATE OR REPLACE FUNCTION zava.grant_reading(admitted name DEFAULT NULL) RETURNS void
    LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    -- Column by column, which leaves out the system columns: ctid tells how many rows lie before one's own.
    readable text[] := ARRAY(SELECT format('GRANT SELECT (%s) ON %s TO %%I', string_agg(quote_ident(column_name), ', '), relation)
                               FROM zava.readable_columns() GROUP BY relation);
    login name;
    statement text;
BEGIN
    FOR login IN SELECT a.login FROM zava.access a JOIN pg_roles r ON r.rolname = a.login WHERE admitted IS NULL OR a.login = admitted LOOP
        EXECUTE format('GRANT USAGE ON SCHEMA retail, zava TO %I', login);
        FOREACH statement IN ARRAY readable LOOP
            EXECUTE format(statement, login);
        END LOOP;
        EXECUTE format('GRANT SELECT (schema_version) ON zava.about TO %I', login);
        EXECUTE format('GRANT EXECUTE ON FUNCTION zava.sees_all_stores(), zava.only_store(), zava.visible_stores(),
            zava.is_known(), zava.store_flags(), zava.maintains(), zava.own_customers(), zava.who_am_i(), zava.row_too_large(bigint) TO %I', login);
    END LOOP;
END $$;

-- Shows a table or view of the schema retail to all identities. Of a table with an integer store_id, each identity sees its
-- own stores' rows. Every other table can only be shown as a whole, which an argument must confirm.
CREATE FUNCTION zava.show_table(relation regclass, every_row boolean DEFAULT false) RETURNS void
    LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp SET client_min_messages = warning
AS $$
DECLARE
    kind "char" := (SELECT relkind FROM pg_class WHERE oid = relation AND relnamespace = 'retail'::regnamespace);
    by_store constant boolean := zava.is_integer(relation, 'store_id') AND NOT every_row;
    columns text := (SELECT string_agg(quote_ident(attname), ', ' ORDER BY attnum) FROM pg_attribute
                      WHERE attrelid = relation AND attnum > 0 AND NOT attisdropped);
    reader text;
BEGIN
    IF coalesce(kind NOT IN ('r', 'p', 'v'), true) THEN
        RAISE EXCEPTION USING ERRCODE = 'wrong_object_type', MESSAGE = format('%s is not a table or view of the schema retail', relation),
            HINT = 'What has no policies cannot be shown: make a table of it in the schema retail.';
    ELSIF kind <> 'v' AND NOT by_store AND NOT every_row THEN
        RAISE EXCEPTION USING ERRCODE = 'undefined_column', MESSAGE = format('%s has no integer column store_id to tell whose its rows are', relation),
            HINT = format('To show all its rows to every identity: SELECT zava.show_table(%L, every_row => true)', relation);
    END IF;
    IF kind = 'v' THEN
        EXECUTE format('ALTER VIEW %s SET (security_invoker = true)', relation);
    ELSE
        EXECUTE format('ALTER TABLE %1$s ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY, OWNER TO zava_owner', relation);
        EXECUTE format('DROP POLICY IF EXISTS owner_maintains ON %1$s; DROP POLICY IF EXISTS own_stores ON %1$s; DROP POLICY IF EXISTS isolation ON %1$s; DROP POLICY IF EXISTS every_identity ON %1$s', relation);
        EXECUTE format('CREATE POLICY owner_maintains ON %s TO zava_owner USING (true) WITH CHECK (true)', relation);
        IF by_store THEN -- as zava.make_store_policies makes them
            EXECUTE format('CREATE POLICY own_stores ON %s FOR SELECT USING (CASE WHEN NOT zava.is_known() THEN false WHEN zava.sees_all_stores() THEN true
                WHEN zava.only_store() IS NOT NULL THEN store_id = zava.only_store() ELSE store_id = ANY (zava.visible_stores()) END)', relation);
            EXECUTE format('CREATE POLICY isolation ON %s AS RESTRICTIVE FOR SELECT USING (CASE WHEN NOT zava.is_known() THEN true WHEN zava.sees_all_stores() THEN true
                ELSE (zava.store_flags())[store_id] IS NOT NULL END)', relation);
        ELSE
            EXECUTE format('CREATE POLICY every_identity ON %s FOR SELECT USING (zava.is_known())', relation);
        END IF;
    END IF;
    FOR reader IN SELECT a.login FROM zava.access a JOIN pg_roles r ON r.rolname = a.login LOOP
        EXECUTE format('GRANT SELECT (%s) ON %s TO %I', columns, relation, reader);
    END LOOP;
END $$;
COMMENT ON FUNCTION zava.show_table(regclass, boolean) IS 'Shows a table or view of the schema retail to identities, a table by its store_id; for administrators.';

-- Shows a column that an administrator added to a table of zava-mcp to all identities that read the table.
CREATE FUNCTION zava.show_column(relation regclass, column_name name) RETURNS void
    LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    reader text;
BEGIN
    IF relation = to_regclass('zava.stores') OR relation = to_regclass('retail.stores') AND column_name = 'rls_user_id' THEN
        RAISE EXCEPTION USING ERRCODE = 'insufficient_privilege', MESSAGE = 'stores.rls_user_id names other identities', HINT = 'Leave it hidden.';
    END IF;
    FOR reader IN
        SELECT a.login FROM zava.access a JOIN pg_roles r ON r.rolname = a.login WHERE has_any_column_privilege(r.oid, relation, 'SELECT')
    LOOP
        EXECUTE format('GRANT SELECT (%I) ON %s TO %I', column_name, relation, reader);
    END LOOP;
END $$;
COMMENT ON FUNCTION zava.show_column(regclass, name) IS 'Shows a column that was added to a table to the identities that read the table; for administrators.';

DO $$
DECLARE
    object text;
BEGIN
    FOR object IN SELECT oid::regprocedure FROM pg_proc WHERE pronamespace = 'zava'::regnamespace AND proowner <> 'zava_owner'::regrole
                     AND prorettype <> 'event_trigger'::regtype LOOP
        EXECUTE format('REVOKE ALL ON FUNCTION %s FROM PUBLIC', object);
        EXECUTE format('ALTER FUNCTION %s OWNER TO zava_owner', object);
    END LOOP;
END $$;
