ALTER TABLE visitors RENAME TO old_visitors;
CREATE TABLE visitors (LIKE old_visitors INCLUDING CONSTRAINTS, PRIMARY KEY (store_id, day)) PARTITION BY LIST (store_id);
CREATE TABLE visitors_1 PARTITION OF visitors FOR VALUES IN (1);
CREATE TABLE visitors_2 PARTITION OF visitors FOR VALUES IN (2);
CREATE TABLE visitors_others PARTITION OF visitors DEFAULT;
INSERT INTO visitors SELECT * FROM old_visitors;
DROP TABLE old_visitors;
ALTER TABLE visitors ENABLE ROW LEVEL SECURITY;
CREATE POLICY own_store ON visitors FOR SELECT USING (store_id = own_store());
