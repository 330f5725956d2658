-- What changes about a database over the years: who was taken out of it, whose logins were there before, and which of
-- these files it has.

-- A login that somebody else made (an Entra user's, say) stays when its identity goes.
ALTER TABLE zava.access ADD COLUMN mapped boolean NOT NULL DEFAULT false;

-- Whom an admin took out: set-up does not let them in again.
CREATE TABLE zava.removed (
    rls_user_id  uuid PRIMARY KEY,
    display_name text NOT NULL,
    removed_at   timestamptz NOT NULL DEFAULT now()
);
COMMENT ON TABLE zava.removed IS 'Identities that an admin removed, and when.';

-- Files of the schema only go forward, each once. About older ones it is not known when.
CREATE TABLE zava.migrations (
    file       text PRIMARY KEY,
    applied_at timestamptz
);
COMMENT ON TABLE zava.migrations IS 'The files that made this schema, and when each was applied.';

-- The owner maintains every row; nobody else sees any: no identity has a privilege or a policy here.
DO $$
DECLARE
    t regclass;
BEGIN
    FOREACH t IN ARRAY ARRAY['zava.removed', 'zava.migrations']::regclass[]
    LOOP
        EXECUTE format('ALTER TABLE %s ENABLE ROW LEVEL SECURITY', t);
        EXECUTE format('ALTER TABLE %s FORCE ROW LEVEL SECURITY', t);
        EXECUTE format('CREATE POLICY owner_maintains ON %s TO zava_owner USING (true) WITH CHECK (true)', t);
        EXECUTE format('ALTER TABLE %s OWNER TO zava_owner', t);
    END LOOP;
END $$;
