-- Whether PUBLIC or an identity was granted SELECT on the relation c, or on a column of it.
EXISTS (SELECT FROM (SELECT * FROM aclexplode(c.relacl)
                     UNION ALL
                     SELECT x.* FROM pg_attribute t, aclexplode(t.attacl) AS x WHERE t.attrelid = c.oid) AS held
         WHERE held.privilege_type = 'SELECT'
           AND (held.grantee = 0 OR shobj_description(held.grantee, 'pg_authid') = 'An identity of zava-mcp.'))
