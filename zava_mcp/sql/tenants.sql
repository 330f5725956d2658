-- Makes a database's stores of the rows of an existing table of tenants. Run as administrator.

-- name: source
-- A table of tenants: its name, kind, whether its policies hide rows from this administrator, and the kinds of its keys.
SELECT c.oid::regclass::text, c.relkind::text,
       row_security_active(c.oid) AND NOT EXISTS (SELECT FROM pg_policy p WHERE p.polrelid = c.oid AND p.polname = 'others_maintain'),
       has_table_privilege(c.oid, 'SELECT')
  FROM pg_class c WHERE c.oid = to_regclass(%(relation)s);

-- name: columns
-- The columns of a table.
SELECT attname::text, attnotnull FROM pg_attribute WHERE attrelid = to_regclass(%(relation)s) AND attnum > 0 AND NOT attisdropped ORDER BY attnum;

-- name: untrusted_type
-- A column's type, below its domains, if it belongs to a role that is not an administrator. Its owner could write its cast to text.
WITH RECURSIVE type (oid) AS (
    SELECT atttypid FROM pg_attribute WHERE attrelid = to_regclass(%(relation)s) AND attname = %(column)s AND attnum > 0 AND NOT attisdropped
    UNION SELECT t.typbasetype FROM pg_type t JOIN type USING (oid) WHERE t.typtype = 'd')
SELECT t.oid::regtype::text, r.rolname::text FROM pg_type t JOIN type USING (oid) JOIN pg_roles r ON r.oid = t.typowner
 WHERE t.typtype <> 'd' AND NOT r.rolsuper AND r.rolname <> current_user;

-- name: recorded
-- The table of tenants that this database was made from; no row if the database is new or has stores of its own.
SELECT source::text, key_column::text, name_column::text, direct FROM zava.tenants_source;

-- name: record
-- Records it. Integer keys are store ids as they are.
INSERT INTO zava.tenants_source (source, key_column, name_column, key_family, direct)
SELECT to_regclass(%(relation)s), %(key)s, %(name)s, zava.key_family(to_regclass(%(relation)s), %(key)s), zava.is_integer(to_regclass(%(relation)s), %(key)s)
RETURNING key_family, direct;

-- name: family
-- number, uuid or text; NULL for a type that cannot be a key.
SELECT zava.key_family(to_regclass(%(relation)s), %(key)s);

-- name: known
-- The tenants of existing identities: key and store id.
SELECT key, store_id FROM zava.store_keys;

-- name: add
-- Adds a tenant as a store.
WITH store AS (
    INSERT INTO zava.stores (store_id, store_name, rls_user_id) VALUES (%(store_id)s, %(name)s, %(user_id)s) RETURNING store_id
)
INSERT INTO zava.store_keys SELECT %(key)s, store_id FROM store;

-- name: strangers
-- Schemas with the names of zava-mcp's that it did not create.
SELECT nspname::text FROM pg_namespace
 WHERE nspname IN ('retail', 'zava') AND NOT EXISTS (
       SELECT FROM pg_class WHERE relname = 'about' AND relnamespace = to_regnamespace('zava') AND relowner = to_regrole('zava_owner'));
