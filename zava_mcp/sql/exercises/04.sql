-- name: shipments
-- Shipments to stores with their lines, and which login sees which stores.
CREATE TABLE entries (
    login    name PRIMARY KEY,
    stores   integer[] NOT NULL DEFAULT '{}',
    sees_all boolean NOT NULL DEFAULT false
);
CREATE TABLE shipments (
    shipment_id integer PRIMARY KEY,
    store_id    integer NOT NULL,
    sent        date NOT NULL,
    UNIQUE (shipment_id, store_id)
);
CREATE TABLE lines (
    shipment_id integer NOT NULL,
    store_id    integer NOT NULL,
    product     text NOT NULL,
    quantity    integer NOT NULL,
    PRIMARY KEY (shipment_id, product),
    FOREIGN KEY (shipment_id, store_id) REFERENCES shipments (shipment_id, store_id)
);
GRANT SELECT ON shipments, lines TO {ann}, {ben}, {hq}, {eve};

-- name: rows
-- Rows of three stores.
INSERT INTO shipments VALUES (10, 1, '2026-01-05'), (11, 1, '2026-01-06'), (20, 2, '2026-01-05'), (30, 3, '2026-01-07');
INSERT INTO lines VALUES (10, 1, 'hinge', 5), (11, 1, 'sink', 1), (20, 2, 'nail', 900), (30, 3, 'lamp', 4), (30, 3, 'tap', 2);

-- name: entries
-- ann sees one store, ben two, and hq all.
INSERT INTO entries VALUES ('{ann}', '{1}', false), ('{ben}', '{2,3}', false), ('{hq}', '{}', true);

-- name: other_entries
-- Other entries, with which an answer that names logins or stores shows other rows.
INSERT INTO entries VALUES ('{ann}', '{3}', false), ('{ben}', '{}', true), ('{hq}', '{}', false), ('{eve}', '{1,2}', false);

-- name: hidden_shipment
-- A condition that fails if it is evaluated on a shipment to store 3.
SELECT count(*) FROM shipments WHERE shipment_id = 30
   AND (sent IS NULL OR (SELECT ('leak' || count(*))::int > 0 FROM generate_series(1, 0)))

-- name: hidden_store
-- The same, by the column of the policy.
SELECT count(*) FROM shipments
 WHERE CASE WHEN store_id = ANY ('{3}') THEN (SELECT ('leak' || count(*))::int > 0 FROM generate_series(1, 0)) ELSE false END

-- name: hidden_line
-- The same of a line.
SELECT count(*) FROM lines WHERE shipment_id = 30 AND product = 'tap'
   AND (quantity IS NULL OR (SELECT ('leak' || count(*))::int > 0 FROM generate_series(1, 0)))

-- name: visitors
-- Visitors of a store on a day, with the policy that shows a login those of its store.
CREATE TABLE visitors (
    store_id integer NOT NULL,
    day      date NOT NULL,
    visitors integer NOT NULL CHECK (visitors >= 0),
    PRIMARY KEY (store_id, day)
);
CREATE FUNCTION own_store() RETURNS integer
    LANGUAGE plpgsql IMMUTABLE SECURITY DEFINER SET search_path = public, pg_temp
AS $$ BEGIN RETURN (SELECT stores[1] FROM entries WHERE login = session_user); END $$;
ALTER TABLE visitors ENABLE ROW LEVEL SECURITY;
CREATE POLICY own_store ON visitors FOR SELECT USING (store_id = own_store());
GRANT SELECT ON visitors TO {ann}, {ben}, {eve};

-- name: visitor_rows
-- Two stores on two days, and another store.
INSERT INTO entries VALUES ('{ann}', '{1}'), ('{ben}', '{2}');
INSERT INTO visitors VALUES (1, '2026-01-05', 310), (1, '2026-01-06', 295), (2, '2026-01-05', 120), (2, '2026-01-06', 133),
                            (7, '2026-01-05', 64);

-- name: table_form
-- How the table is partitioned, and its columns.
SELECT coalesce((SELECT pg_get_partkeydef(partrelid) FROM pg_partitioned_table WHERE partrelid = 'visitors'::regclass), ''),
       (SELECT string_agg(concat_ws(' ', attname, atttypid::regtype, CASE WHEN attnotnull THEN 'not null' END), ', ' ORDER BY attnum)
          FROM pg_attribute WHERE attrelid = 'visitors'::regclass AND attnum > 0 AND NOT attisdropped),
       EXISTS (SELECT FROM pg_index WHERE indrelid = 'visitors'::regclass AND indisprimary),
       (SELECT relrowsecurity FROM pg_class WHERE oid = 'visitors'::regclass)

-- name: partitions
-- The partitions, and the rows that each one takes.
SELECT relid::regclass::text, c.relname::text, pg_get_expr(c.relpartbound, c.oid)
  FROM pg_partition_tree('visitors') JOIN pg_class c ON c.oid = relid WHERE level > 0 AND isleaf

-- name: readable_without_policy
-- Other tables than those of the first exercise that a login may read although no policy applies to them.
SELECT c.oid::regclass::text FROM pg_class c
 WHERE c.relkind IN ('r', 'p', 'v', 'm') AND c.relnamespace = 'public'::regnamespace AND NOT c.relrowsecurity
   AND c.relname NOT IN ('shipments', 'lines') AND has_table_privilege('{reader}', c.oid, 'SELECT')

-- name: count
-- The number of rows of a table.
SELECT count(*) FROM {table}
