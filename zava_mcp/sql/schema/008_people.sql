-- Records of administration: removed identities, mapped logins, and applied migrations.

-- A login that zava-mcp did not create (such as an Entra user's) is not dropped with its identity.
ALTER TABLE zava.access ADD COLUMN mapped boolean NOT NULL DEFAULT false;

-- Removed identities, which set-up does not add again.
CREATE TABLE zava.removed (
    rls_user_id  uuid PRIMARY KEY,
    display_name text NOT NULL,
    removed_at   timestamptz NOT NULL DEFAULT now()
);
COMMENT ON TABLE zava.removed IS 'Identities that an admin removed, and when.';

-- The applied migrations, each once. The times of older ones are unknown.
CREATE TABLE zava.migrations (
    file       text PRIMARY KEY,
    applied_at timestamptz
);
COMMENT ON TABLE zava.migrations IS 'The files that made this schema, and when each was applied.';

-- The owner maintains all rows. No identity has a privilege or a policy on this table.
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
