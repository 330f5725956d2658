-- A login's rights beyond its policies, read with each call.

-- name: login_rights
-- The rights as one text. Policies do not apply to a superuser and to a role with BYPASSRLS.
WITH RECURSIVE held AS (
    SELECT m.roleid, m::pg_catalog.text AS written FROM pg_catalog.pg_auth_members m
     WHERE m.member OPERATOR(pg_catalog.=) pg_catalog.to_regrole(pg_catalog.quote_ident(session_user))
     UNION
    SELECT m.roleid, m::pg_catalog.text FROM held h JOIN pg_catalog.pg_auth_members m ON m.member OPERATOR(pg_catalog.=) h.roleid
)
SELECT pg_catalog.concat(pg_catalog.row_security_active(coalesce(pg_catalog.to_regclass('zava.orders'), pg_catalog.to_regclass('retail.orders'))::pg_catalog.oid),
       (SELECT pg_catalog.string_agg(h.written, ' ' ORDER BY h.written COLLATE "C") FROM held h),
       (SELECT pg_catalog.string_agg(pg_catalog.concat(' ', r.oid, r.rolsuper, r.rolbypassrls), '' ORDER BY r.oid)
          FROM pg_catalog.pg_roles r JOIN (SELECT DISTINCT h.roleid FROM held h) AS d ON d.roleid OPERATOR(pg_catalog.=) r.oid)),
       coalesce(pg_catalog.to_regclass('zava.orders'), pg_catalog.to_regclass('retail.orders'))::pg_catalog.oid, pg_catalog.to_regrole(pg_catalog.quote_ident(session_user))::pg_catalog.oid;

-- name: login_rights_quick
-- No row as long as the login is subject to the policies and a member of no role; takes a quarter of the time.
SELECT 1 WHERE NOT pg_catalog.row_security_active({orders})
            OR EXISTS (SELECT FROM pg_catalog.pg_auth_members m WHERE m.member OPERATOR(pg_catalog.=) {login});
