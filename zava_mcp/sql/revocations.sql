-- Statements that revoke from PUBLIC and from identities what they can read without a policy of zava-mcp.
-- A grant of a role that is not the owner ends with the grant option that the owner gave it.
SELECT DISTINCT format('REVOKE %s%s %s FROM %s CASCADE', CASE WHEN held.by_owner THEN '' ELSE 'GRANT OPTION FOR ' END,
              CASE u.kind WHEN 'ROUTINE' THEN 'EXECUTE ON ROUTINE' ELSE 'SELECT ON' END, u.name, coalesce(quote_ident(r.rolname), 'PUBLIC')) AS statement,
       format('the %s %s', u.what, u.name) AS object
  FROM (
-- include: unprotected.sql
  ) AS u
 CROSS JOIN LATERAL (
       SELECT x.grantee, x.grantor, x.is_grantable FROM aclexplode(u.acl) AS x
        WHERE x.privilege_type = CASE u.kind WHEN 'ROUTINE' THEN 'EXECUTE' ELSE 'SELECT' END
       UNION
       SELECT x.grantee, x.grantor, x.is_grantable FROM pg_attribute t, aclexplode(t.attacl) AS x
        WHERE u.kind = 'TABLE' AND t.attrelid = u.oid AND x.privilege_type = 'SELECT') AS g
 CROSS JOIN LATERAL (
       SELECT g.grantee, true AS by_owner WHERE g.grantor = u.owner AND (g.grantee = 0 OR shobj_description(g.grantee, 'pg_authid') = 'An identity of zava-mcp.')
       UNION ALL
       SELECT g.grantee, false WHERE g.grantor = u.owner AND g.is_grantable AND g.grantee <> u.owner AND EXISTS (
              SELECT FROM (SELECT * FROM aclexplode(u.acl)
                           UNION ALL SELECT x.* FROM pg_attribute t, aclexplode(t.attacl) AS x WHERE u.kind = 'TABLE' AND t.attrelid = u.oid) AS y
               WHERE y.grantor <> u.owner AND (y.grantee = 0 OR shobj_description(y.grantee, 'pg_authid') = 'An identity of zava-mcp.'))) AS held
  LEFT JOIN pg_roles r ON r.oid = held.grantee
 WHERE (EXISTS (SELECT FROM pg_roles i WHERE shobj_description(i.oid, 'pg_authid') = 'An identity of zava-mcp.'
                   AND has_schema_privilege(i.oid, u.schema, 'USAGE'))
        OR
-- include: named_elsewhere.sql
       )
 ORDER BY 1
