-- Whether something names the object u, so that it is reached without a right to its schema: a view, an operator, a cast,
-- a function or a domain.
EXISTS (SELECT FROM pg_depend d
         WHERE d.refclassid = CASE u.kind WHEN 'TABLE' THEN 'pg_class' ELSE 'pg_proc' END::regclass AND d.refobjid = u.oid AND d.deptype = 'n'
           AND d.classid IN ('pg_rewrite'::regclass, 'pg_operator'::regclass, 'pg_cast'::regclass, 'pg_proc'::regclass, 'pg_constraint'::regclass))
