-- Twins: a small copy of a database, and what makes a second one of it that differs in hidden rows alone.
-- Every statement is run as superuser. %(stores)s are the stores of the identity that is to see no difference. Only
-- the names in the schema retail are used, so it does not matter how the tables lie behind them.

-- name: thin
-- Leaves about %(keep)s of a thousand orders, so that a statement without a filter ends soon, and products without
-- stock: in each store some, and some in all stores.
CREATE TEMP TABLE kept_items ON COMMIT DROP AS
SELECT * FROM retail.order_items WHERE abs(hashint8(order_id) %% 1000) < %(keep)s;
CREATE TEMP TABLE kept_orders ON COMMIT DROP AS
SELECT * FROM retail.orders WHERE abs(hashint8(order_id) %% 1000) < %(keep)s;
TRUNCATE retail.orders, retail.order_items;
INSERT INTO retail.orders SELECT * FROM kept_orders ORDER BY order_id;
INSERT INTO retail.order_items SELECT * FROM kept_items ORDER BY order_item_id;
DELETE FROM retail.customers
 WHERE abs(hashint8(customer_id) %% 1000) >= %(keep)s AND customer_id NOT IN (SELECT customer_id FROM kept_orders);
DELETE FROM retail.inventory WHERE (product_id + store_id) %% 8 = 0 OR product_id %% 10 = 0;

-- name: hidden
-- The customers that an identity does not see.
CREATE TEMP TABLE hidden ON COMMIT DROP AS
SELECT customer_id FROM retail.customers c
 WHERE coalesce(primary_store_id <> ALL (%(stores)s), true)
   AND NOT EXISTS (SELECT FROM retail.orders o WHERE o.customer_id = c.customer_id AND o.store_id = ANY (%(stores)s));

-- name: deleted
DELETE FROM retail.order_items WHERE store_id <> ALL (%(stores)s);
DELETE FROM retail.orders WHERE store_id <> ALL (%(stores)s);
DELETE FROM retail.inventory WHERE store_id <> ALL (%(stores)s);
DELETE FROM retail.customers WHERE customer_id IN (SELECT customer_id FROM hidden);

-- name: multiplied
-- Three times as many of each, and three times the stock.
INSERT INTO retail.customers (customer_id, first_name, last_name, email, phone, primary_store_id, created_at)
SELECT CASE copy WHEN 1 THEN -customer_id ELSE -5000 - row_number() OVER () END,
       first_name, last_name, 'copy' || copy || '.' || email, phone, primary_store_id, created_at
  FROM retail.customers JOIN hidden USING (customer_id), generate_series(1, 2) AS copy;
INSERT INTO retail.orders (order_id, customer_id, store_id, order_date)
SELECT -order_id - copy * 1000000000, customer_id, store_id, order_date
  FROM retail.orders, generate_series(0, 1) AS copy WHERE store_id <> ALL (%(stores)s);
INSERT INTO retail.order_items
       (order_item_id, order_id, store_id, product_id, quantity, unit_price, discount_percent, discount_amount, total_amount)
SELECT -order_item_id - copy * 1000000000, -order_id - copy * 1000000000, store_id, product_id, quantity, unit_price,
       discount_percent, discount_amount, total_amount
  FROM retail.order_items, generate_series(0, 1) AS copy WHERE store_id <> ALL (%(stores)s);
UPDATE retail.inventory SET stock_level = 3 * stock_level WHERE store_id <> ALL (%(stores)s);

-- name: rewritten
-- The same keys with other products, quantities, prices, dates, customers, names, phone numbers and stock.
UPDATE retail.order_items
   SET product_id = 1 + (product_id + 7) %% (SELECT count(*) FROM retail.products), quantity = quantity + 7,
       unit_price = unit_price + 1, total_amount = (quantity + 7) * (unit_price + 1) - discount_amount
 WHERE store_id <> ALL (%(stores)s);
UPDATE retail.orders o
   SET order_date = order_date - 1000, customer_id = other.customer_id
  FROM (SELECT order_id, lag(customer_id, 1, customer_id) OVER (ORDER BY order_id) AS customer_id
          FROM retail.orders WHERE store_id <> ALL (%(stores)s)) AS other
 WHERE o.order_id = other.order_id AND o.store_id <> ALL (%(stores)s);
UPDATE retail.inventory SET stock_level = 2 * stock_level + 1 WHERE store_id <> ALL (%(stores)s);
UPDATE retail.customers
   SET first_name = reverse(first_name), last_name = reverse(last_name), email = 'x' || email,
       phone = CASE WHEN phone IS NULL THEN '1' END, created_at = created_at - interval '1000 days',
       primary_store_id = (SELECT max(store_id) FROM retail.stores WHERE store_id <> ALL (%(stores)s))
 WHERE customer_id IN (SELECT customer_id FROM hidden);

-- name: tables
-- What is to be vacuumed.
SELECT c.oid::regclass::text FROM pg_class c
 WHERE c.relnamespace IN ('retail'::regnamespace, 'zava'::regnamespace) AND c.relkind IN ('r', 'p')
   AND NOT c.relispartition;

-- name: columns
-- What a login may read of the tables that generated statements are about: table, column, kind of its type.
SELECT c.relname::text, a.attname::text,
       CASE WHEN t.typname LIKE 'int_' THEN 'integer' ELSE t.typname::text END
  FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid JOIN pg_type t ON t.oid = a.atttypid
 WHERE c.relnamespace = to_regnamespace(%(schema)s) AND c.relname = ANY (%(tables)s)
   AND a.attnum > 0 AND NOT a.attisdropped AND has_column_privilege(%(login)s, c.oid, a.attnum, 'SELECT')
 ORDER BY array_position(%(tables)s, c.relname::text), a.attnum;

-- name: closed
-- Gives a copy the privileges of the database that it was made of.
UPDATE pg_database AS d SET datacl = t.datacl
  FROM pg_database AS t WHERE t.datname = %(template)s AND d.datname = %(copy)s;
