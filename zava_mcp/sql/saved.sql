-- The statements of `zava-mcp saved`, run as administrator.

-- name: saved_query_reader
-- A login whose rights a saved query is checked with.
SELECT a.login::text FROM zava.access a JOIN pg_roles r ON r.rolname = a.login ORDER BY a.all_stores DESC, a.login LIMIT 1;

-- name: saved_query_types
-- The names of the types of parameters.
SELECT coalesce(string_agg(format_type(t.oid, NULL), ', ' ORDER BY t.place), '') FROM unnest(%(types)s::oid[]) WITH ORDINALITY AS t (oid, place);

-- name: saved_query_code
-- Functions that the query in zava.checked_query uses, itself or through views, policies, operators and types, and the roles
-- that can change them. PostgreSQL runs an IMMUTABLE function when it plans a query.
WITH RECURSIVE needed (classid, objid) AS (
    SELECT 'pg_proc'::regclass::oid, 'zava.checked_query'::regproc::oid
    UNION
    SELECT next.* FROM needed n CROSS JOIN LATERAL (
           SELECT d.refclassid, d.refobjid FROM pg_depend d
            WHERE d.classid = n.classid AND d.objid = n.objid
              AND d.refclassid IN ('pg_proc'::regclass, 'pg_operator'::regclass, 'pg_type'::regclass, 'pg_class'::regclass)
           UNION ALL SELECT 'pg_rewrite'::regclass, w.oid FROM pg_rewrite w WHERE n.classid = 'pg_class'::regclass AND w.ev_class = n.objid
           UNION ALL SELECT 'pg_policy'::regclass, p.oid FROM pg_policy p WHERE n.classid = 'pg_class'::regclass AND p.polrelid = n.objid
           UNION ALL -- the constraints of a domain
           SELECT 'pg_constraint'::regclass, k.oid FROM pg_constraint k
            WHERE n.classid = 'pg_type'::regclass AND k.conrelid = 0 AND k.contypid = n.objid
           UNION ALL -- the parts of a composite type
           SELECT 'pg_type'::regclass, a.atttypid FROM pg_type t JOIN pg_attribute a ON a.attrelid = t.typrelid AND a.attnum > 0 AND NOT a.attisdropped
            WHERE n.classid = 'pg_type'::regclass AND t.oid = n.objid AND t.typrelid <> 0) AS next
)
SELECT DISTINCT p.oid::regprocedure::text, r.rolname::text
  FROM needed n JOIN pg_proc p ON n.classid = 'pg_proc'::regclass AND p.oid = n.objid JOIN pg_roles r ON r.oid = p.proowner
 WHERE NOT r.rolsuper AND r.rolname <> current_user AND NOT pg_has_role(r.oid, 'zava_owner', 'MEMBER') ORDER BY 1;

-- name: save_query
-- Adds a saved query, or replaces the one with its name; the row says which. No row means that the same query is saved already.
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
