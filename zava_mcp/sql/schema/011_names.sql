-- Identities look for names in the schema retail alone, in which nobody but zava_owner may create. Our server adds
-- public for its own connections, where nobody else may create there either.

-- The logins that zava.admit has admitted; one that this admin may not alter is given its path by our server alone.
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
