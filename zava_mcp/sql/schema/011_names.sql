-- The search path of identities is the schema retail, in which only zava_owner may create objects. The server adds public
-- for its own connections if no other role may create objects there.

-- The admitted logins. If this administrator may not alter a login, only the server sets its search path.
DO $$
DECLARE
    admitted name;
BEGIN
    FOR admitted IN SELECT a.login FROM zava.access a JOIN pg_roles r ON r.rolname = a.login
    LOOP
        BEGIN
            EXECUTE format('ALTER ROLE %I SET search_path = retail', admitted);
        EXCEPTION WHEN insufficient_privilege THEN NULL;
        END;
    END LOOP;
END $$;
