-- All that an adoption can change in the catalogue, as one text.
SELECT string_agg(line, E'\n' ORDER BY line) FROM (
    SELECT format('%s %s %s %s %s %s %s', oid::regclass, relkind, relowner::regrole, relacl, relrowsecurity, relforcerowsecurity,
                  CASE WHEN relkind = 'r' THEN relfilenode END) AS line
      FROM pg_class WHERE relnamespace::regnamespace::text IN ('retail', 'zava', 'reports')
    UNION ALL SELECT format('%s %s %s %s %s', attrelid::regclass, attname, atttypid::regtype, attacl, atthasmissing) FROM pg_attribute a
      JOIN pg_class c ON c.oid = attrelid WHERE relnamespace::regnamespace::text IN ('retail', 'zava') AND attnum > 0
    UNION ALL SELECT format('%s %s %s %s %s', polrelid::regclass, polname, polroles::regrole[], pg_get_expr(polqual, polrelid), polcmd) FROM pg_policy
    UNION ALL SELECT format('%s %s %s %s', objoid, classoid::regclass, objsubid, description) FROM pg_description WHERE objoid >= 16384
    UNION ALL SELECT format('%s %s %s', oid::regprocedure, proowner::regrole, proacl) FROM pg_proc WHERE oid >= 16384
    UNION ALL SELECT format('%s %s %s', nspname, nspowner::regrole, nspacl) FROM pg_namespace
    UNION ALL SELECT format('%s %s %s %s', rolname, rolsuper, rolbypassrls, rolconfig) FROM pg_roles
    UNION ALL SELECT format('%s in %s', member::regrole, roleid::regrole) FROM pg_auth_members
    UNION ALL SELECT format('%s %s', datname, datacl) FROM pg_database WHERE datname = current_database()
    UNION ALL SELECT format('%s %s', defaclnamespace, defaclacl) FROM pg_default_acl) AS lines
