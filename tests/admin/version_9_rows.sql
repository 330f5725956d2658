-- Rows and logins for a database of version 9.
INSERT INTO retail.stores SELECT n, 'Store ' || n, ('00000000-0000-4000-8000-00000000000' || n)::uuid, n = 4 FROM generate_series(1, 4) AS n;
INSERT INTO retail.customers SELECT 1000 + n, 'First' || n, 'Last' || n, n || '@example.com', CASE WHEN n % 7 > 0 THEN '555-' || n END,
       CASE WHEN n % 5 > 0 THEN 1 + n % 4 END, timestamp '2024-01-01' + n * interval '1 hour' FROM generate_series(1, 200) AS n;
INSERT INTO retail.categories VALUES (1, 'HAND TOOLS'), (2, 'POWER TOOLS');
INSERT INTO retail.product_types VALUES (1, 1, 'HAMMERS'), (2, 2, 'DRILLS');
INSERT INTO retail.products SELECT n, 'SKU-' || n, 'Product ' || n, 1 + n % 2, 1 + n % 2, n, round(n / 0.67, 2), 33, 'It is number ' || n FROM generate_series(1, 20) AS n;
INSERT INTO retail.inventory SELECT s, p, s * p FROM generate_series(1, 4) AS s, generate_series(1, 20) AS p;
INSERT INTO retail.orders SELECT n, 1000 + 1 + n * 7 % 200, 1 + n * 3 % 4, date '2024-02-01' + n % 300 FROM generate_series(1, 2000) AS n;
INSERT INTO retail.order_items SELECT order_id * 10 + k, order_id, store_id, 1 + (order_id + k) % 20, k, 10, 0, 0, k * 10
  FROM retail.orders, generate_series(1, 2) AS k;
INSERT INTO zava.about (schema_version) VALUES (9);
INSERT INTO zava.migrations SELECT 'schema/' || f || '.sql', now() FROM unnest(ARRAY['001_tables', '002_keys', '003_access', '004_embeddings',
       '005_comments', '006_search', '007_periods', '008_people', '009_entry']) AS f;
CREATE ROLE manager_of_one LOGIN PASSWORD 'x';
CREATE ROLE manager_of_two LOGIN PASSWORD 'x';
CREATE ROLE head_office LOGIN PASSWORD 'x';
SELECT zava.admit('manager_of_one', '00000000-0000-4000-8000-000000000001', 'Store 1', false, '{1}');
SELECT zava.admit('manager_of_two', '00000000-0000-4000-8000-000000000009', 'Region', false, '{2,3}');
SELECT zava.admit('head_office', '00000000-0000-0000-0000-000000000000', 'Head office', true, '{}');
