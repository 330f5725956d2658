-- Existing roles with the names of zava-mcp's roles: why they cannot be trusted, and the SQL that cures it. An
-- administrator runs these blocks. Each row has the fault, the statement, and whether the fault is still found afterwards.

-- name: owner
-- Faults of zava_owner, who sees every row: other roles that could become it or change it. This administrator's own
-- membership and those that a superuser granted are deliberate. On PostgreSQL 16 and newer, the creator of a role gets a
-- membership that allows neither INHERIT nor SET ROLE.
WITH owner AS (SELECT * FROM pg_roles WHERE rolname = 'zava_owner'
), held AS (
    SELECT m.member, g.rolname AS grantor, NOT coalesce(g.rolsuper, false) AS doubtful,
           coalesce((to_jsonb(m) ->> 'set_option')::boolean, true) OR coalesce((to_jsonb(m) ->> 'inherit_option')::boolean, true) AS usable
      FROM pg_auth_members m JOIN owner ON m.roleid = owner.oid LEFT JOIN pg_roles g ON g.oid = m.grantor
)
SELECT found, cure, false AS stays FROM (
    SELECT 1, 'zava_owner can log in', 'ALTER ROLE zava_owner NOLOGIN PASSWORD NULL' FROM owner WHERE rolcanlogin
    UNION ALL
    SELECT 2, format('zava_owner is more than an owner of tables (%%s)', what), format('ALTER ROLE zava_owner NO%%s', what)
      FROM owner, LATERAL (VALUES ('SUPERUSER', rolsuper), ('BYPASSRLS', rolbypassrls), ('CREATEROLE', rolcreaterole),
                                  ('CREATEDB', rolcreatedb), ('REPLICATION', rolreplication)) AS may (what, it)
     WHERE it
    UNION ALL
    SELECT 3, format('zava_owner is a member of %%I', g.rolname), format('REVOKE %%I FROM zava_owner', g.rolname) || {granted_by}
      FROM pg_auth_members m JOIN owner ON m.member = owner.oid JOIN pg_roles g ON g.oid = m.roleid
      LEFT JOIN pg_roles b ON b.oid = m.grantor
    UNION ALL
    SELECT 4, format('%%I is a member of zava_owner or may alter it, and would see every row', r.rolname),
           format('REVOKE zava_owner FROM %%I', r.rolname)
           || CASE WHEN current_setting('server_version_num')::integer >= 160000 THEN format(' GRANTED BY %%I CASCADE', h.grantor) ELSE ' CASCADE' END
      FROM held h JOIN pg_roles r ON r.oid = h.member
     WHERE NOT r.rolsuper AND r.rolname NOT IN (session_user, current_user)
       AND NOT EXISTS (SELECT FROM held d WHERE d.member = h.member AND d.usable AND NOT d.doubtful)
    UNION ALL
    SELECT 5, format('objects that zava_owner creates will be open to %%s', coalesce(quote_ident(g.rolname), 'PUBLIC')),
           format('ALTER DEFAULT PRIVILEGES FOR ROLE zava_owner %%sREVOKE ALL ON %%s FROM %%s',
                  CASE WHEN d.defaclnamespace <> 0 THEN format('IN SCHEMA %%s ', d.defaclnamespace::regnamespace) ELSE '' END,
                  CASE d.defaclobjtype WHEN 'r' THEN 'TABLES' WHEN 'S' THEN 'SEQUENCES' WHEN 'f' THEN 'FUNCTIONS' WHEN 'T' THEN 'TYPES' ELSE 'SCHEMAS' END,
                  coalesce(quote_ident(g.rolname), 'PUBLIC'))
      FROM pg_default_acl d JOIN owner ON d.defaclrole = owner.oid
     CROSS JOIN LATERAL aclexplode(d.defaclacl) AS x LEFT JOIN pg_roles g ON g.oid = x.grantee
     WHERE x.grantee <> owner.oid AND (d.defaclobjtype IN ('r', 'S', 'n') OR g.oid IS NOT NULL)
) AS fault (part, found, cure)
 ORDER BY part, found, cure;

-- name: login
-- Faults of a login named like an identity: its other rights, and other roles that could log in as it.
WITH login AS (SELECT * FROM pg_roles WHERE rolname = %(login)s)
SELECT found, cure, stays FROM (
    SELECT 1, format('%%I is more than an identity may be (%%s)', rolname, what), format('ALTER ROLE %%I NO%%s', rolname, what), false
      FROM login, LATERAL (VALUES ('SUPERUSER', rolsuper), ('BYPASSRLS', rolbypassrls), ('CREATEROLE', rolcreaterole),
                                  ('CREATEDB', rolcreatedb), ('REPLICATION', rolreplication)) AS may (what, it)
     WHERE it
    UNION ALL
    SELECT 2, format('%%I is a member of %%I', login.rolname, g.rolname), format('REVOKE %%I FROM %%I', g.rolname, login.rolname) || {granted_by}, false
      FROM login JOIN pg_auth_members m ON m.member = login.oid JOIN pg_roles g ON g.oid = m.roleid
      LEFT JOIN pg_roles b ON b.oid = m.grantor
    UNION ALL
    SELECT 3, format('%%I is a member of %%I or may give it a password', r.rolname, login.rolname),
           format('REVOKE %%I FROM %%I', login.rolname, r.rolname) || {granted_by}, false
      FROM login JOIN pg_auth_members m ON m.roleid = login.oid JOIN pg_roles r ON r.oid = m.member
      LEFT JOIN pg_roles b ON b.oid = m.grantor
     WHERE NOT r.rolsuper AND r.rolname NOT IN (session_user, current_user)
       AND NOT coalesce(pg_has_role(r.oid, to_regrole('zava_owner'), 'USAGE'), false)
    UNION ALL
    SELECT 4, format('%%I owns objects in this database', rolname), format('REASSIGN OWNED BY %%I TO CURRENT_USER', rolname), false
      FROM login WHERE EXISTS (
           SELECT FROM pg_shdepend s WHERE s.refclassid = 'pg_authid'::regclass AND s.refobjid = login.oid AND s.deptype = 'o'
              AND s.dbid = (SELECT oid FROM pg_database WHERE datname = current_database()))
    UNION ALL
    -- From PostgreSQL 16 on, only the creator of a role can alter it.
    SELECT 5, format('%%I may have been created by %%I, who may create roles and would know its password', login.rolname, r.rolname),
           format('ALTER ROLE %%I PASSWORD NULL', login.rolname), true
      FROM login JOIN pg_roles r ON r.rolcreaterole AND NOT r.rolsuper AND r.rolname NOT IN (session_user, current_user)
     WHERE current_setting('server_version_num')::integer < 160000
       AND NOT coalesce(pg_has_role(r.oid, to_regrole('zava_owner'), 'USAGE'), false)
) AS fault (part, found, cure, stays)
 ORDER BY part, found, cure;

-- name: connected
-- The sessions of a role in any database.
SELECT pid FROM pg_stat_activity WHERE usename = %(login)s AND pid <> pg_backend_pid();

-- name: of_others
-- The existing roles that this administrator may not administer. Before PostgreSQL 16, CREATEROLE was enough.
SELECT rolname FROM pg_roles
 WHERE rolname = ANY (%(roles)s) AND current_setting('server_version_num')::integer >= 160000
   AND NOT pg_has_role(oid, 'USAGE WITH ADMIN OPTION')
 ORDER BY rolname <> 'zava_owner', rolname;
