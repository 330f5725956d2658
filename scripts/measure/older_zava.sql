-- A Zava database as somebody else made it: policies that trust a setting, no comments, few indexes, a shared login
-- that owns everything, other types and more columns than ours, and all that grows around a database in years.

CREATE ROLE store_manager LOGIN PASSWORD 'shared';
CREATE ROLE "Legacy ""App""" LOGIN PASSWORD 'legacy';
CREATE ROLE reporting NOLOGIN;

CREATE SCHEMA retail AUTHORIZATION store_manager;
CREATE SCHEMA reports AUTHORIZATION store_manager;
CREATE EXTENSION IF NOT EXISTS vector SCHEMA public;
SET SESSION AUTHORIZATION store_manager;
SET search_path = retail, public;

CREATE TABLE stores (
    store_id    serial PRIMARY KEY,
    store_name  varchar(80) UNIQUE NOT NULL,
    rls_user_id uuid,
    is_online   boolean DEFAULT false,
    "Square Feet" integer
);
CREATE TABLE customers (
    customer_id serial PRIMARY KEY, first_name text, last_name text, email text UNIQUE, phone text,
    primary_store_id integer REFERENCES stores, created_at timestamptz DEFAULT now(), "loyalty ""level""" text
);
CREATE TABLE categories (category_id smallint PRIMARY KEY, category_name varchar(60) UNIQUE);
CREATE TABLE product_types (type_id serial PRIMARY KEY, category_id smallint REFERENCES categories, type_name text);
CREATE TABLE products (
    product_id bigint PRIMARY KEY, sku varchar(40) UNIQUE, product_name text, category_id smallint REFERENCES categories,
    type_id integer REFERENCES product_types, cost numeric, base_price numeric(10,2), gross_margin_percent numeric(5,2) DEFAULT 33.00,
    product_description text, supplier text
);
CREATE TABLE inventory (
    store_id bigint REFERENCES stores, product_id bigint REFERENCES products, stock_level integer, PRIMARY KEY (store_id, product_id)
);
CREATE TABLE orders (order_id bigserial PRIMARY KEY, customer_id integer REFERENCES customers, store_id integer REFERENCES stores, order_date date);
CREATE TABLE order_items (
    order_item_id bigserial PRIMARY KEY, order_id bigint REFERENCES orders, store_id integer REFERENCES stores, product_id bigint REFERENCES products,
    quantity integer, unit_price numeric(10,2), discount_percent integer DEFAULT 0, discount_amount numeric(10,2) DEFAULT 0, total_amount numeric(10,2)
);
CREATE TABLE product_description_embeddings (
    product_id integer PRIMARY KEY REFERENCES products, description_embedding public.vector(1536), created_at timestamp DEFAULT now()
);
CREATE TABLE "Old ""Orders""" (order_id integer, store_id integer);
CREATE INDEX idx_by_customer_and_store ON orders (customer_id, store_id);

INSERT INTO stores (store_name, rls_user_id, is_online) VALUES
    ('Zava Retail Seattle', 'f47ac10b-58cc-4372-a567-0e02b2c3d479', false),
    ('Zava Retail Bellevue', '6ba7b810-9dad-11d1-80b4-00c04fd430c8', false),
    ('Zava Retail Redmond', 'e7f8a9b0-c1d2-3e4f-5678-90abcdef1234', false),
    ('Zava Retail Redmond''s "Annex"', 'e7f8a9b0-c1d2-3e4f-5678-90abcdef1234', false),
    ('Zava Retail Warehouse', NULL, false),
    ('Zava Retail Online', '2f4e6d8c-1a3b-5c7e-9f0a-b2d4f6e8c0a2', true);
INSERT INTO customers (first_name, last_name, email, primary_store_id)
SELECT 'First' || n, 'Last' || n, n || '@example.com', 1 + n % 6 FROM generate_series(1, 60) AS n;
INSERT INTO categories VALUES (1, 'HAND TOOLS'), (2, 'POWER TOOLS');
INSERT INTO product_types (category_id, type_name) VALUES (1, 'HAMMERS'), (2, 'DRILLS');
INSERT INTO products SELECT n, 'SKU-' || n, 'Product ' || n, 1 + n % 2, 1 + n % 2, n, n / 0.67, 33, CASE WHEN n % 5 > 0 THEN 'It is number ' || n END
  FROM generate_series(1, 20) AS n;
INSERT INTO inventory SELECT s, p, s * p FROM generate_series(1, 6) AS s, generate_series(1, 20) AS p;
INSERT INTO orders (customer_id, store_id, order_date) SELECT 1 + n % 60, 1 + n % 6, date '2024-01-01' + n % 300 FROM generate_series(1, {orders}) AS n;
INSERT INTO order_items (order_id, store_id, product_id, quantity, unit_price, total_amount)
SELECT order_id, store_id, 1 + order_id % 20, 2, 10, 20 FROM orders;
INSERT INTO product_description_embeddings (product_id, description_embedding)
SELECT n, array_fill(n::real, ARRAY[1536])::public.vector FROM generate_series(1, 20) AS n;
INSERT INTO "Old ""Orders""" VALUES (1, 1), (2, 2);

-- Whoever sets the setting is whoever they like.
CREATE FUNCTION reports.asker() RETURNS text LANGUAGE sql STABLE AS $$ SELECT current_setting('app.current_rls_user_id', true) $$;
ALTER TABLE orders ENABLE ROW LEVEL SECURITY;
CREATE POLICY all_users_orders ON orders USING (
    current_setting('app.current_rls_user_id', true) = '00000000-0000-0000-0000-000000000000'
    OR store_id IN (SELECT store_id FROM stores WHERE rls_user_id::text = current_setting('app.current_rls_user_id', true)));
ALTER TABLE order_items ENABLE ROW LEVEL SECURITY;
ALTER TABLE order_items FORCE ROW LEVEL SECURITY;
CREATE POLICY "Managers' ""own"" rows" ON order_items USING (
    store_id IN (SELECT store_id FROM stores WHERE rls_user_id::text = reports.asker()));
CREATE POLICY own_stores ON order_items FOR SELECT USING (true);
ALTER TABLE inventory ENABLE ROW LEVEL SECURITY;
CREATE POLICY only_with_a_setting ON inventory AS RESTRICTIVE USING (current_setting('app.current_rls_user_id', true) <> '');
CREATE POLICY everybody ON inventory USING (true);
CREATE POLICY for_reports ON inventory FOR SELECT TO reporting USING (true);
ALTER TABLE stores ENABLE ROW LEVEL SECURITY;
ALTER TABLE stores FORCE ROW LEVEL SECURITY;
CREATE POLICY by_setting ON stores USING (rls_user_id::text = current_setting('app.current_rls_user_id', true));

-- What is open to too many.
GRANT USAGE ON SCHEMA retail, reports TO PUBLIC;
GRANT SELECT ON stores, products TO PUBLIC;
GRANT SELECT (email) ON customers TO PUBLIC;
GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA retail TO "Legacy ""App""";
GRANT USAGE ON ALL SEQUENCES IN SCHEMA retail TO "Legacy ""App""";
GRANT SELECT ON orders TO reporting;
CREATE VIEW reports."sales by store" AS SELECT store_id, count(*) AS orders FROM orders GROUP BY store_id;
CREATE VIEW reports.sales_of_all AS SELECT sum(orders) FROM reports."sales by store";
GRANT SELECT ON ALL TABLES IN SCHEMA reports TO PUBLIC;
CREATE MATERIALIZED VIEW retail.order_days AS SELECT store_id, max(order_date) AS last_day FROM orders GROUP BY store_id;
GRANT SELECT ON order_days TO reporting;
CREATE FUNCTION reports.all_orders() RETURNS bigint LANGUAGE sql SECURITY DEFINER AS $$ SELECT count(*) FROM retail.orders $$;
ALTER DEFAULT PRIVILEGES IN SCHEMA retail GRANT SELECT ON TABLES TO PUBLIC;
RESET SESSION AUTHORIZATION;
RESET search_path;
