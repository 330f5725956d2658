-- Objects that show rows to their readers without asking a policy of zava-mcp: relations, and functions that run
-- with their owner's rights. The tables of zava-mcp itself have checks of their own; those of extensions and of
-- PostgreSQL are left out. Included where a query asks who can read such an object.
SELECT c.oid, 'TABLE' AS kind, c.oid::regclass::text AS name, c.relnamespace AS schema, c.relowner AS owner, c.relacl AS acl,
       CASE WHEN c.relispartition THEN 'partition'
            ELSE (ARRAY['table', 'table', 'view', 'materialized view', 'foreign table', 'sequence'])[array_position('{r,p,v,m,f,S}'::"char"[], c.relkind)] END AS what
  FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
 WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f', 'S') AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
   AND CASE -- in this order: most relations were granted to nobody, and are looked at no further
       WHEN c.relacl IS NULL AND NOT EXISTS (SELECT FROM pg_attribute t WHERE t.attrelid = c.oid AND t.attacl IS NOT NULL)
            AND NOT pg_has_role(session_user, c.relowner, 'MEMBER') THEN false
       WHEN c.relkind = 'v' THEN
            NOT coalesce(c.reloptions::text[] && '{security_invoker=true,security_invoker=on,security_invoker=1,security_invoker=yes}', false)
            AND NOT (c.oid = to_regclass('retail.stores') AND c.relowner = to_regrole('zava_owner')) -- doctor reads its text
       WHEN c.relkind NOT IN ('r', 'p') THEN true
       WHEN n.nspname = 'retail' AND c.relname IN ('stores', 'customers', 'categories', 'product_types', 'products', 'inventory', 'orders',
                                                   'order_items', 'product_description_embeddings')
            OR c.oid IN (to_regclass('zava.customers_by_store'), to_regclass('zava.about')) THEN false
       WHEN NOT (c.relrowsecurity AND c.relforcerowsecurity) THEN true
       -- a policy that shows rows to identities otherwise than by their stores
       ELSE EXISTS (SELECT FROM pg_policy p
                     WHERE p.polrelid = c.oid AND c.relrowsecurity AND p.polpermissive AND p.polcmd IN ('r', '*')
                       AND p.polroles <> ARRAY[to_regrole('zava_owner')::oid]
                       AND EXISTS (SELECT FROM unnest(p.polroles) AS r (oid)
                                    WHERE r.oid = 0 OR shobj_description(r.oid, 'pg_authid') = 'An identity of zava-mcp.'
                                       OR pg_has_role(session_user, r.oid, 'MEMBER') -- an identity's login, and neither an application's nor an administrator's
                                          AND has_any_column_privilege(session_user, to_regclass('zava.about'), 'SELECT')
                                          AND NOT coalesce(pg_has_role(session_user, to_regrole('zava_owner'), 'MEMBER'), false))
                       AND regexp_replace(pg_get_expr(p.polqual, p.polrelid), '::boolean|[\s()]', '', 'g') !~ (
                           '^(zava\.is_known|zava\.sees_all_stores|(zava\.sees_all_storesOR)?\w+=ANYzava\.visible_stores'
                           '|CASEWHENNOTzava\.is_knownTHENfalseWHENzava\.sees_all_storesTHENtrueWHENzava\.only_storeISNOTNULL'
                           'THEN\w+=zava\.only_storeELSE\w+=ANYzava\.visible_storesEND'
                           -- on a Citus cluster
                           '|CASEWHENNOTzava\.is_knownTHENfalseWHENzava\.sees_all_storesTHEN(true|false)WHENzava\.on_coordinatorTHENtrueELSEzava\.store_flags\[\w+\]ISNOTNULL'
                           'ANDCASEWHENzava\.only_storeISNOTNULLTHEN\w+=zava\.only_storeELSE\w+=ANYzava\.visible_storesENDEND)$'))
       END
   AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'e')
UNION ALL
SELECT p.oid, 'ROUTINE', p.oid::regprocedure::text, p.pronamespace, p.proowner, coalesce(p.proacl, acldefault('f', p.proowner)), 'function'
  FROM pg_proc p
 WHERE p.oid >= 16384
   AND (p.prosecdef OR EXISTS ( -- an aggregate runs its functions with the rights of its owner
        SELECT FROM pg_aggregate a JOIN pg_proc f
                 ON f.oid IN (a.aggtransfn, a.aggfinalfn, a.aggcombinefn, a.aggserialfn, a.aggdeserialfn, a.aggmtransfn, a.aggminvtransfn, a.aggmfinalfn)
         WHERE a.aggfnoid = p.oid AND f.prosecdef))
   AND p.prorettype NOT IN ('trigger'::regtype, 'event_trigger'::regtype)
   AND p.oid <> ALL (ARRAY[to_regprocedure('zava.entry()'), to_regprocedure('zava.entry_now()'), to_regprocedure('zava.who_am_i()'),
                        to_regprocedure('zava.has_tenants()'), to_regprocedure('zava.own_stores()')]::oid[])
   AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_proc'::regclass AND d.objid = p.oid AND d.deptype = 'e')
