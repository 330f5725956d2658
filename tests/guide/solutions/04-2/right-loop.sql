CREATE TABLE split (LIKE visitors INCLUDING ALL) PARTITION BY LIST (store_id);
DO $$
DECLARE
    store integer;
BEGIN
    FOR store IN SELECT DISTINCT store_id FROM visitors LOOP
        EXECUTE format('CREATE TABLE visitors_%s PARTITION OF split FOR VALUES IN (%s)', store, store);
    END LOOP;
END $$;
CREATE TABLE visitors_others PARTITION OF split DEFAULT;
INSERT INTO split SELECT * FROM visitors;
DROP TABLE visitors;
ALTER TABLE split RENAME TO visitors;
ALTER TABLE visitors ENABLE ROW LEVEL SECURITY;
CREATE POLICY own_store ON visitors FOR SELECT USING (store_id = own_store());
GRANT SELECT ON visitors TO {ann}, {ben}, {eve};
