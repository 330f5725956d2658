-- From PostgreSQL 16 on, an administrator may alter only logins that this administrator created or was granted with ADMIN
-- OPTION. Other logins, such as those that Azure creates for Entra users, can become identities nevertheless.

-- The defaults of a login's connections. The server sets the same for its own connections.
CREATE OR REPLACE FUNCTION zava.set_login_defaults(login name) RETURNS void
    LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    -- Defence in depth behind the privileges, and a deadline for whatever the login runs.
    EXECUTE format('ALTER ROLE %I SET default_transaction_read_only = on', login);
    EXECUTE format('ALTER ROLE %I SET statement_timeout = %L', login, '60s');
    EXECUTE format('ALTER ROLE %I SET idle_in_transaction_session_timeout = %L', login, '60s');
    EXECUTE format('ALTER ROLE %I SET search_path = retail', login);
    PERFORM zava.limit_login(login);
    -- Everybody can read comments on roles: nothing here of whom it stands for.
    EXECUTE format('COMMENT ON ROLE %I IS %L', login, 'An identity of zava-mcp.');
EXCEPTION WHEN insufficient_privilege THEN
    -- `identities map` says so to the administrator. A login that could do more than read is refused as before.
    IF (SELECT r.rolsuper OR r.rolbypassrls OR r.rolcreaterole OR r.rolreplication
          FROM pg_roles r WHERE r.rolname = set_login_defaults.login) THEN
        RAISE;
    END IF;
END $$;
COMMENT ON FUNCTION zava.set_login_defaults(name) IS 'Sets what a login starts its connections with; zava.admit calls it.';
REVOKE ALL ON FUNCTION zava.set_login_defaults(name) FROM PUBLIC;
ALTER FUNCTION zava.set_login_defaults(name) OWNER TO zava_owner;

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
    PERFORM zava.set_login_defaults(login);
    PERFORM zava.set_bitmap_scans(login);
END $$;
