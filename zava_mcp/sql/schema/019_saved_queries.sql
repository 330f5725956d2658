-- Queries with parameters that administrators save, and that every identity may read and run as itself.
CREATE TABLE zava.saved_queries (
    name        text        PRIMARY KEY CHECK (name ~ '^[a-z][a-z0-9_]{0,62}$'),
    description text        NOT NULL CHECK (length(description) BETWEEN 1 AND 300 AND description !~ '[\x01-\x1f\x7f]'),
    parameters  jsonb       NOT NULL DEFAULT '[]' CHECK (jsonb_typeof(parameters) = 'array' AND octet_length(parameters::text) <= 8000)
                         CHECK (parameters::text !~ '(^|[^\\])(\\\\)*\\([bfnrt]|u00)'), -- no control characters
    statement   text        NOT NULL CHECK (length(statement) BETWEEN 1 AND 20000),
    source      text        NOT NULL CHECK (length(source) BETWEEN 1 AND 24000),
    saved_at    timestamptz NOT NULL DEFAULT now()
);
COMMENT ON TABLE zava.saved_queries IS 'Queries that administrators save with `zava-mcp saved add`; identities run them as their own login.';
COMMENT ON COLUMN zava.saved_queries.parameters IS 'In the order of $1, $2, ...: name, type, description, and default if there is one.';
COMMENT ON COLUMN zava.saved_queries.statement IS 'The query, with $1, $2, ... for its parameters.';
COMMENT ON COLUMN zava.saved_queries.source IS 'The file that was saved.';

ALTER TABLE zava.saved_queries ENABLE ROW LEVEL SECURITY;
ALTER TABLE zava.saved_queries FORCE ROW LEVEL SECURITY;
CREATE POLICY owner_maintains ON zava.saved_queries TO zava_owner USING (true) WITH CHECK (true);
CREATE POLICY every_identity ON zava.saved_queries FOR SELECT USING (zava.is_known());
-- To PUBLIC, because no identity is named here: reading needs USAGE on the schema too, which only identities have, and the
-- policy. Column by column, which leaves out the system columns.
GRANT SELECT (name, description, parameters, statement, source) ON zava.saved_queries TO PUBLIC;

-- Sessions keep the list of saved queries until they are notified, however it was changed.
CREATE FUNCTION zava.saved_queries_changed() RETURNS trigger
    LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    NOTIFY zava_schema_changed;
    RETURN NULL;
END $$;
COMMENT ON FUNCTION zava.saved_queries_changed() IS 'Notifies sessions that the list of saved queries has changed.';
CREATE TRIGGER saved_queries_changed AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON zava.saved_queries
    FOR EACH STATEMENT EXECUTE FUNCTION zava.saved_queries_changed();

REVOKE ALL ON FUNCTION zava.saved_queries_changed() FROM PUBLIC;
ALTER FUNCTION zava.saved_queries_changed() OWNER TO zava_owner;
ALTER TABLE zava.saved_queries OWNER TO zava_owner;
