-- The statements of `zava-mcp saved`, run as administrator.

-- name: saved_query_reader
-- A login whose rights a saved query is checked with.
SELECT a.login::text FROM zava.access a JOIN pg_roles r ON r.rolname = a.login ORDER BY a.all_stores DESC, a.login LIMIT 1;

-- name: save_query
-- Adds a saved query, or replaces the one with its name; a row tells which, none that it is the same already.
INSERT INTO zava.saved_queries AS s (name, description, parameters, statement, source)
VALUES (%(name)s, %(description)s, %(parameters)s::jsonb, %(statement)s, %(source)s)
    ON CONFLICT (name) DO UPDATE
   SET description = excluded.description, parameters = excluded.parameters, statement = excluded.statement, source = excluded.source,
       saved_at = now()
 WHERE (s.description, s.parameters, s.statement, s.source)
       IS DISTINCT FROM (excluded.description, excluded.parameters, excluded.statement, excluded.source)
RETURNING s.xmax = 0;

-- name: remove_saved_query
-- Removes a saved query.
DELETE FROM zava.saved_queries WHERE name = %(name)s;
