-- Limits of one login on the server that all identities share.

CREATE OR REPLACE FUNCTION zava.limit_login(login name) RETURNS void
    LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    -- Logins that zava-mcp created before had 40; a number that an administrator chose stays.
    IF (SELECT r.rolconnlimit = 40 FROM pg_roles r WHERE r.rolname = limit_login.login) THEN
        EXECUTE format('ALTER ROLE %I CONNECTION LIMIT 20', login);
    END IF;
    -- Of each process. A superuser may set it, and an administrator who was granted SET ON PARAMETER temp_file_limit.
    BEGIN
        EXECUTE format('ALTER ROLE %I SET temp_file_limit = %L', login, '512MB');
    EXCEPTION WHEN insufficient_privilege THEN NULL; -- has_parameter_privilege may be revoked from this administrator
    END;
END $$;
COMMENT ON FUNCTION zava.limit_login(name) IS 'Bounds the connections and the temporary files of a login; zava.admit calls it.';
REVOKE ALL ON FUNCTION zava.limit_login(name) FROM PUBLIC;
ALTER FUNCTION zava.limit_login(name) OWNER TO zava_owner;
