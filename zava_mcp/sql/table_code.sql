-- Code that runs when rows of tables are written or indexed, and that somebody else than a trusted role can change or has
-- chosen. Included as the last tables of a WITH RECURSIVE that has `tables (oid)` and `trusted (oid)`, the roles.
-- PostgreSQL records no dependency on its own functions: these are found in the stored expressions.
parts (classid, objid, relation, expressions) AS (
    SELECT 'pg_class'::regclass::oid, oid, oid, NULL::text FROM tables
    UNION ALL SELECT 'pg_trigger'::regclass, t.oid, t.tgrelid, t.tgqual::text FROM pg_trigger t JOIN tables c ON c.oid = t.tgrelid
    UNION ALL SELECT 'pg_attrdef'::regclass, d.oid, d.adrelid, d.adbin::text FROM pg_attrdef d JOIN tables c ON c.oid = d.adrelid
    UNION ALL SELECT 'pg_constraint'::regclass, k.oid, c.oid, NULL FROM pg_constraint k JOIN tables c ON c.oid IN (k.conrelid, k.confrelid)
    UNION ALL SELECT 'pg_rewrite'::regclass, w.oid, w.ev_class, NULL FROM pg_rewrite w JOIN tables c ON c.oid = w.ev_class
    UNION ALL SELECT 'pg_policy'::regclass, p.oid, p.polrelid, concat(p.polqual, p.polwithcheck) FROM pg_policy p JOIN tables c ON c.oid = p.polrelid
    UNION ALL SELECT 'pg_class'::regclass, i.indexrelid, i.indrelid, NULL FROM pg_index i JOIN tables c ON c.oid = i.indrelid
    UNION ALL SELECT 'pg_statistic_ext'::regclass, x.oid, x.stxrelid, NULL FROM pg_statistic_ext x JOIN tables c ON c.oid = x.stxrelid
), needed (classid, objid, relation) AS (
    SELECT classid, objid, relation FROM parts
    UNION
    SELECT next.*, n.relation
      FROM needed n CROSS JOIN LATERAL (
           SELECT d.refclassid, d.refobjid FROM pg_depend d
            WHERE d.classid = n.classid AND d.objid = n.objid
              AND d.refclassid IN ('pg_proc'::regclass, 'pg_operator'::regclass, 'pg_type'::regclass, 'pg_constraint'::regclass,
                                   'pg_opclass'::regclass, 'pg_opfamily'::regclass)
           UNION ALL -- the constraints of a domain
           SELECT 'pg_constraint'::regclass, k.oid FROM pg_constraint k
            WHERE n.classid = 'pg_type'::regclass AND k.conrelid = 0 AND k.contypid = n.objid
           UNION ALL -- the parts of a composite type
           SELECT 'pg_type'::regclass, a.atttypid FROM pg_type t JOIN pg_attribute a ON a.attrelid = t.typrelid AND a.attnum > 0 AND NOT a.attisdropped
            WHERE n.classid = 'pg_type'::regclass AND t.oid = n.objid AND t.typrelid <> 0) AS next
), called (relation, oid) AS (
    SELECT relation, objid FROM needed WHERE classid = 'pg_proc'::regclass
    UNION ALL
    SELECT e.relation, f.oid::oid
      FROM (SELECT relation, expressions FROM parts
            UNION ALL SELECT n.relation, k.conbin::text FROM needed n JOIN pg_constraint k ON n.classid = 'pg_constraint'::regclass AND k.oid = n.objid) AS e
     CROSS JOIN LATERAL (SELECT (regexp_matches(e.expressions, ':(?:funcid|opfuncid) (\d+)', 'g'))[1] AS oid) AS f
), key_types (relation, keyed, key_name, column_name, type, base) AS ( -- the columns of foreign keys, and the types below domains
    SELECT c.oid, k.conrelid, k.conname, a.attname, a.atttypid, a.atttypid
      FROM pg_constraint k JOIN tables c ON c.oid IN (k.conrelid, k.confrelid)
     CROSS JOIN LATERAL (SELECT attname, atttypid FROM pg_attribute WHERE attrelid = k.conrelid AND attnum = ANY (k.conkey)
                         UNION ALL SELECT attname, atttypid FROM pg_attribute WHERE attrelid = k.confrelid AND attnum = ANY (k.confkey)) AS a
     WHERE k.contype = 'f'
    UNION ALL
    SELECT y.relation, y.keyed, y.key_name, y.column_name, y.type, t.typbasetype FROM key_types y JOIN pg_type t ON t.oid = y.base WHERE t.typtype = 'd'
), table_code (relation, kind, name, detail, owner) AS (
    SELECT c.relation, 'function', p.oid::regprocedure::text, NULL, r.rolname
      FROM called c JOIN pg_proc p ON p.oid = c.oid JOIN pg_roles r ON r.oid = p.proowner WHERE r.oid NOT IN (SELECT t.oid FROM trusted t)
    UNION ALL -- by its arguments, such a function runs any SQL
    SELECT c.relation, 'call', f.oid::regprocedure::text, f.observes, NULL
      FROM called c CROSS JOIN LATERAL (
           SELECT f.* FROM (
-- include: functions.sql
           ) AS f WHERE f.oid = c.oid
           UNION ALL
           SELECT p.oid, p.proname, true, 'texts as values of any type' FROM pg_proc p WHERE p.oid = c.oid AND p.proname IN ('pg_input_is_valid', 'pg_input_error_info')
      ) AS f
     WHERE f.name !~ '^(clock_timestamp|timeofday|uuidv7|uuid_generate_v.*|txid_current.*|pg_current_xact_id.*|current_query|inet_(client|server)_.*|pg_trigger_depth)$'
    UNION ALL
    SELECT n.relation, 'domain', t.oid::regtype::text, NULL, r.rolname
      FROM needed n JOIN pg_type t ON n.classid = 'pg_type'::regclass AND t.oid = n.objid AND t.typtype = 'd' JOIN pg_roles r ON r.oid = t.typowner
     WHERE r.oid NOT IN (SELECT x.oid FROM trusted x)
    UNION ALL -- the checks and actions of a foreign key cast values with the rights of the owner of either table, or of the writer
    SELECT y.relation, 'cast', t.oid::regtype::text, format('%s, %I: ALTER TABLE %1$s DROP CONSTRAINT %3$I', y.keyed::regclass, y.column_name, y.key_name), r.rolname
      FROM key_types y JOIN pg_type t ON t.oid = y.base AND t.typtype <> 'd' JOIN pg_roles r ON r.oid = t.typowner
     WHERE r.oid NOT IN (SELECT x.oid FROM trusted x)
)
