-- What a login may do beyond its policies; asked with each call.

-- name: standing
-- As one text that changes with it. A superuser, and a role with BYPASSRLS, meet no policy.
WITH RECURSIVE held AS (
    SELECT m.roleid, m::pg_catalog.text AS written FROM pg_catalog.pg_auth_members m
     WHERE m.member OPERATOR(pg_catalog.=) pg_catalog.to_regrole(pg_catalog.quote_ident(session_user))
     UNION
    SELECT m.roleid, m::pg_catalog.text FROM held h JOIN pg_catalog.pg_auth_members m ON m.member OPERATOR(pg_catalog.=) h.roleid
)
SELECT pg_catalog.concat(pg_catalog.row_security_active(pg_catalog.to_regclass('retail.orders')::pg_catalog.oid),
       (SELECT pg_catalog.string_agg(h.written, ' ' ORDER BY h.written COLLATE "C") FROM held h),
       (SELECT pg_catalog.string_agg(pg_catalog.concat(' ', r.oid, r.rolsuper, r.rolbypassrls), '' ORDER BY r.oid)
          FROM pg_catalog.pg_roles r JOIN (SELECT DISTINCT h.roleid FROM held h) AS d ON d.roleid OPERATOR(pg_catalog.=) r.oid)),
       pg_catalog.to_regclass('retail.orders')::pg_catalog.oid, pg_catalog.to_regrole(pg_catalog.quote_ident(session_user))::pg_catalog.oid;

-- name: standing_quick
-- The same of a login that is below the policies and a member of no role, in a quarter of the time: no row as long as it is.
SELECT 1 WHERE NOT pg_catalog.row_security_active({orders})
            OR EXISTS (SELECT FROM pg_catalog.pg_auth_members m WHERE m.member OPERATOR(pg_catalog.=) {login});
