-- Defence in depth for databases that zava-mcp created: revokes functions, row counts and rights that no query needs from
-- PUBLIC. Only a superuser can do this, and only in the connected database. Row-level security does not depend on it.
-- Each block changes only what needs a change, so that a second run writes nothing.

-- Functions outside the allow-list, in one statement: a statement for each would take three times as long.
DO $$
DECLARE
    names text;
BEGIN
    SELECT string_agg(f.oid::regprocedure::text, ', ') INTO names
      FROM (
-- include: functions.sql
) AS f
     WHERE f.built_in AND has_function_privilege('public', f.oid, 'EXECUTE');
    IF names IS NOT NULL THEN
        EXECUTE 'REVOKE EXECUTE ON ROUTINE ' || names || ' FROM PUBLIC';
    END IF;
END $$;

-- Row and page counts in pg_class, which cover all stores' rows. The other columns stay readable.
DO $$
DECLARE
    columns text;
    open boolean;
BEGIN
    SELECT string_agg(quote_ident(attname), ', ' ORDER BY attnum) FILTER (WHERE NOT counts),
           bool_or(counts AND has_column_privilege('public', attrelid, attnum, 'SELECT'))
      INTO columns, open
      FROM pg_attribute,
           LATERAL (VALUES (attname IN ('reltuples', 'relpages', 'relallvisible', 'relallfrozen', 'relfilenode', 'relfrozenxid', 'relminmxid'))) AS c (counts)
     WHERE attrelid = 'pg_class'::regclass AND NOT attisdropped;
    IF open THEN
        REVOKE SELECT ON pg_class FROM PUBLIC;
        EXECUTE format('GRANT SELECT (%s) ON pg_class TO PUBLIC', columns);
    END IF;
END $$;

-- The privileges of PUBLIC on this database and on PL/pgSQL, so that only admitted logins can connect.
DO $$ BEGIN
    IF has_database_privilege('public', current_database(), 'CONNECT, TEMPORARY, CREATE') THEN
        EXECUTE format('REVOKE ALL ON DATABASE %I FROM PUBLIC', current_database());
    END IF;
    IF has_language_privilege('public', 'plpgsql', 'USAGE') THEN
        REVOKE USAGE ON LANGUAGE plpgsql FROM PUBLIC;
    END IF;
END $$;

-- The functions that an administrator without superuser rights, as a member of zava_owner, needs.
DO $$
DECLARE
    wanted regprocedure;
BEGIN
    FOREACH wanted IN ARRAY ARRAY[
        -- Serialise set-ups and embedding runs.
        'pg_advisory_xact_lock(bigint)', 'pg_try_advisory_lock(bigint)', 'pg_advisory_unlock(bigint)',
        -- End the connections of a removed identity.
        'pg_terminate_backend(integer, bigint)', 'pg_stat_get_activity(integer)',
        -- Read whether the extension vector can be created (the view pg_available_extensions).
        'pg_available_extensions()',
        -- Default values in the administrator's own tables, and the duration of a load.
        'clock_timestamp()',
        -- Number the rows of loaded files.
        'nextval(regclass)', 'setval(regclass, bigint)']::regprocedure[]
    LOOP
        IF NOT has_function_privilege('zava_owner', wanted, 'EXECUTE') THEN
            EXECUTE format('GRANT EXECUTE ON FUNCTION %s TO zava_owner', wanted);
        END IF;
    END LOOP;
    IF NOT has_table_privilege('zava_owner', 'pg_class', 'SELECT') THEN
        GRANT SELECT ON pg_class TO zava_owner;
    END IF;
    IF NOT has_language_privilege('zava_owner', 'plpgsql', 'USAGE') THEN
        GRANT USAGE ON LANGUAGE plpgsql TO zava_owner;
    END IF;
    -- Files are loaded by way of temporary tables.
    IF NOT (has_database_privilege('zava_owner', current_database(), 'CONNECT') AND has_database_privilege('zava_owner', current_database(), 'TEMPORARY')) THEN
        EXECUTE format('GRANT CONNECT, TEMPORARY ON DATABASE %I TO zava_owner', current_database());
    END IF;
END $$;

-- Servers cache the description of the schema; this notifies them of a change.
DO $outer$
DECLARE
    body CONSTANT text := $$ BEGIN
    IF TG_TAG <> 'ALTER FUNCTION' THEN -- which a change of zava.access makes, and which describes no table
        NOTIFY zava_schema_changed;
    END IF;
END $$;
BEGIN
    IF (SELECT prosrc FROM pg_proc WHERE oid = to_regprocedure('zava.tell_schema_changed()')) IS DISTINCT FROM body THEN
        EXECUTE 'CREATE OR REPLACE FUNCTION zava.tell_schema_changed() RETURNS event_trigger
                 LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS ' || quote_literal(body);
        REVOKE ALL ON FUNCTION zava.tell_schema_changed() FROM PUBLIC;
    END IF;
    IF NOT EXISTS (SELECT FROM pg_event_trigger WHERE evtname = 'zava_schema_changed' AND evtevent = 'ddl_command_end'
                    AND evtfoid = 'zava.tell_schema_changed()'::regprocedure AND evtenabled = 'O') THEN
        DROP EVENT TRIGGER IF EXISTS zava_schema_changed;
        CREATE EVENT TRIGGER zava_schema_changed ON ddl_command_end EXECUTE FUNCTION zava.tell_schema_changed();
    END IF;
END $outer$;

-- Hides new objects from identities at once, even if default privileges or a grant would show them: an event trigger
-- revokes what identities could read without a policy of zava-mcp. The function has a superuser's rights and therefore
-- calls only PostgreSQL's own functions.
DO $outer$
DECLARE
    body CONSTANT text := $body$
DECLARE
    revoked record;
BEGIN
    IF TG_TAG = 'ALTER FUNCTION' AND NOT EXISTS (SELECT FROM pg_event_trigger_ddl_commands() WHERE schema_name IS DISTINCT FROM 'zava') THEN
        RETURN; -- a change of zava.access
    END IF;
    FOR revoked IN
-- include: revocations.sql
    LOOP
        BEGIN
            EXECUTE revoked.statement;
            RAISE WARNING USING MESSAGE = format('identities cannot read %s: %s', revoked.object, revoked.statement),
                HINT = 'SELECT zava.show_table(...) shows a table of the schema retail to identities, each its own stores'' rows.';
        EXCEPTION WHEN lock_not_available THEN -- somebody else's transaction is no reason to hold all others up
            RAISE WARNING USING MESSAGE = format('identities may be able to read %s, which another transaction changes', revoked.object),
                HINT = 'Their questions are refused until this was run: ' || revoked.statement;
        END;
    END LOOP;
END $body$;
BEGIN
    IF (SELECT prosrc FROM pg_proc WHERE oid = to_regprocedure('zava.hide_from_identities()')) IS DISTINCT FROM body
       OR (SELECT proowner <> current_user::regrole FROM pg_proc WHERE oid = to_regprocedure('zava.hide_from_identities()') AND NOT EXISTS (
               SELECT FROM pg_roles WHERE oid = proowner AND rolsuper)) THEN
        DROP EVENT TRIGGER IF EXISTS zava_hide_from_identities;
        DROP FUNCTION IF EXISTS zava.hide_from_identities();
        EXECUTE 'CREATE FUNCTION zava.hide_from_identities() RETURNS event_trigger
                 LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET lock_timeout = ''1s'' AS ' || quote_literal(body);
        REVOKE ALL ON FUNCTION zava.hide_from_identities() FROM PUBLIC;
    END IF;
    IF NOT EXISTS (SELECT FROM pg_event_trigger WHERE evtname = 'zava_hide_from_identities' AND evtevent = 'ddl_command_end'
                    AND evtfoid = 'zava.hide_from_identities()'::regprocedure AND evtenabled = 'O') THEN
        DROP EVENT TRIGGER IF EXISTS zava_hide_from_identities;
        CREATE EVENT TRIGGER zava_hide_from_identities ON ddl_command_end
            WHEN TAG IN ('CREATE TABLE', 'CREATE TABLE AS', 'SELECT INTO', 'CREATE VIEW', 'CREATE MATERIALIZED VIEW', 'CREATE FOREIGN TABLE',
                         'IMPORT FOREIGN SCHEMA', 'CREATE SEQUENCE', 'CREATE FUNCTION', 'CREATE PROCEDURE', 'CREATE OPERATOR', 'CREATE CAST', 'CREATE AGGREGATE', 'CREATE DOMAIN', 'ALTER DOMAIN',
                         'CREATE SCHEMA', 'CREATE POLICY', 'CREATE RULE', 'GRANT', 'ALTER TABLE', 'ALTER VIEW', 'ALTER MATERIALIZED VIEW',
                         'ALTER FOREIGN TABLE', 'ALTER SEQUENCE', 'ALTER FUNCTION', 'ALTER PROCEDURE', 'ALTER ROUTINE', 'ALTER POLICY',
                         'ALTER SCHEMA', 'ALTER EXTENSION')
            EXECUTE FUNCTION zava.hide_from_identities();
    END IF;
END $outer$;
