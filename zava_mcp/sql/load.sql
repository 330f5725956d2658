-- Loads the rows of a file as an administrator. Rows are copied into a temporary table, resolved by their natural keys,
-- checked as a set, and written as a set. For each table there are the blocks <table>_staged, _resolved, _checked,
-- _changed (rows to update) and _added (rows to insert). An empty cell leaves the value of an existing row as it is.

-- name: lock_stores
LOCK TABLE {stores} IN SHARE ROW EXCLUSIVE MODE;

-- name: lock_categories
LOCK TABLE retail.categories IN SHARE ROW EXCLUSIVE MODE;

-- name: lock_product_types
LOCK TABLE retail.product_types, retail.categories IN SHARE ROW EXCLUSIVE MODE;

-- name: lock_products
LOCK TABLE retail.products, retail.product_types, retail.categories IN SHARE ROW EXCLUSIVE MODE;

-- name: lock_inventory
LOCK TABLE retail.inventory IN SHARE ROW EXCLUSIVE MODE;

-- name: lock_customers
-- Nobody else may write customers or orders until the stores' copies of customers are consistent again.
LOCK TABLE {customers}, retail.orders IN SHARE ROW EXCLUSIVE MODE;

-- name: lock_orders
LOCK TABLE {customers}, retail.orders, zava.order_numbers IN SHARE ROW EXCLUSIVE MODE;

-- name: lock_order_items
LOCK TABLE retail.order_items IN SHARE ROW EXCLUSIVE MODE;

-- name: clean
-- Temporary tables of another file in the same transaction.
DROP TABLE IF EXISTS pg_temp.{tables};

-- name: rejected
-- The rows that are not written, and why.
CREATE TEMP TABLE rejected (line bigint NOT NULL, field text NOT NULL, reason text NOT NULL) ON COMMIT DROP;

-- name: store_names
-- The names of stores: whole, and without words at their beginning where that is one store's alone.
CREATE TEMP TABLE store_names ON COMMIT DROP AS
SELECT name, min(store_id) AS store_id
  FROM (SELECT DISTINCT ON (lower(array_to_string(words[n:], ' ')), store_id) lower(array_to_string(words[n:], ' ')) AS name, store_id, n = 1 AS whole
          FROM (SELECT store_id, regexp_split_to_array(btrim(store_name), '\s+') AS words FROM retail.stores) AS s, generate_series(1, cardinality(words)) AS n
         ORDER BY 1, 2, n) AS named
 GROUP BY name HAVING count(*) = 1 OR count(*) FILTER (WHERE whole) = 1;
UPDATE store_names n SET store_id = s.store_id FROM retail.stores s WHERE lower(regexp_replace(btrim(s.store_name), '\s+', ' ', 'g')) = n.name;

-- name: stores_staged
CREATE TEMP TABLE staged (line bigint, store_name text, is_online boolean, user_id uuid) ON COMMIT DROP;

-- name: stores_resolved
CREATE TEMP TABLE resolved ON COMMIT DROP AS
SELECT s.*, t.store_id, s.store_name AS key FROM staged s LEFT JOIN retail.stores t ON lower(t.store_name) = lower(s.store_name);

-- name: stores_changed
UPDATE retail.stores t SET is_online = coalesce(r.is_online, t.is_online), rls_user_id = coalesce(r.user_id, t.rls_user_id)
  FROM resolved r
 WHERE t.store_id = r.store_id AND (coalesce(r.is_online, t.is_online), coalesce(r.user_id, t.rls_user_id)) IS DISTINCT FROM (t.is_online, t.rls_user_id);

-- name: stores_added
INSERT INTO retail.stores (store_name, is_online, rls_user_id)
SELECT store_name, coalesce(is_online, false), coalesce(user_id, gen_random_uuid()) FROM resolved WHERE store_id IS NULL ORDER BY line;

-- name: categories_staged
CREATE TEMP TABLE staged (line bigint, category text) ON COMMIT DROP;

-- name: categories_resolved
CREATE TEMP TABLE resolved ON COMMIT DROP AS
SELECT s.*, c.category_id, s.category AS key FROM staged s LEFT JOIN retail.categories c ON lower(c.category_name) = lower(s.category);

-- name: categories_added
INSERT INTO retail.categories (category_name) SELECT category FROM resolved WHERE category_id IS NULL ORDER BY line;

-- name: product_types_staged
CREATE TEMP TABLE staged (line bigint, category text, type text) ON COMMIT DROP;

-- name: product_types_resolved
CREATE TEMP TABLE resolved ON COMMIT DROP AS
SELECT s.*, c.category_id, t.type_id, s.category || ' / ' || s.type AS key
  FROM staged s LEFT JOIN retail.categories c ON lower(c.category_name) = lower(s.category)
  LEFT JOIN retail.product_types t ON t.category_id = c.category_id AND lower(t.type_name) = lower(s.type);

-- name: product_types_checked
INSERT INTO rejected SELECT line, 'category', format('no category is named %L; load the categories first', category) FROM resolved WHERE category_id IS NULL;

-- name: product_types_added
INSERT INTO retail.product_types (category_id, type_name) SELECT category_id, type FROM resolved WHERE type_id IS NULL ORDER BY line;

-- name: products_staged
CREATE TEMP TABLE staged (line bigint, sku text, product_name text, category text, type text, cost numeric, base_price numeric,
                          gross_margin_percent numeric, product_description text) ON COMMIT DROP;

-- name: products_resolved
-- A type without a category is the one of that name; a new product without a type has one that is named as its category.
CREATE TEMP TABLE resolved ON COMMIT DROP AS
SELECT s.line, s.sku AS key, s.sku, s.product_name, s.cost, s.base_price, s.gross_margin_percent, s.product_description, p.product_id,
       coalesce(s.category, n.category_name, c.category_name) AS category,
       coalesce(s.type, CASE WHEN s.category IS NULL OR lower(s.category) = lower(c.category_name) THEN t.type_name END, s.category) AS type
  FROM staged s
  LEFT JOIN retail.products p ON p.sku = s.sku
  LEFT JOIN retail.categories c ON c.category_id = p.category_id
  LEFT JOIN retail.product_types t ON t.type_id = p.type_id
  LEFT JOIN (SELECT lower(type_name) AS name, min(category_name) AS category_name FROM retail.product_types JOIN retail.categories USING (category_id)
              GROUP BY 1 HAVING count(*) = 1) AS n ON s.category IS NULL AND n.name = lower(s.type);

-- name: products_checked
INSERT INTO rejected
SELECT line, 'category', CASE WHEN type IS NULL THEN 'a new product needs a category' ELSE format('no single category has the type %L', type) END
  FROM resolved WHERE category IS NULL
UNION ALL
SELECT line, field, 'a new product needs this value'
  FROM resolved, LATERAL (VALUES ('product_name', product_name IS NULL), ('cost', cost IS NULL), ('base_price', base_price IS NULL)) AS v (field, missing)
 WHERE product_id IS NULL AND missing
UNION ALL
SELECT line, field, format('%s is below zero', value)
  FROM resolved, LATERAL (VALUES ('cost', cost), ('base_price', base_price)) AS v (field, value) WHERE value < 0
UNION ALL
SELECT line, 'gross_margin_percent', format('%s is more than 100', gross_margin_percent) FROM resolved WHERE gross_margin_percent > 100;

-- name: products_categories
-- The categories that the products name and the database does not have.
INSERT INTO retail.categories (category_name)
SELECT (array_agg(category ORDER BY line))[1] FROM resolved r
 WHERE NOT EXISTS (SELECT FROM retail.categories c WHERE lower(c.category_name) = lower(r.category)) GROUP BY lower(category) ORDER BY min(line);

-- name: products_types
-- The same for types.
INSERT INTO retail.product_types (category_id, type_name)
SELECT c.category_id, (array_agg(r.type ORDER BY r.line))[1] FROM resolved r JOIN retail.categories c ON lower(c.category_name) = lower(r.category)
 WHERE NOT EXISTS (SELECT FROM retail.product_types t WHERE t.category_id = c.category_id AND lower(t.type_name) = lower(r.type))
 GROUP BY c.category_id, lower(r.type) ORDER BY min(r.line);

-- name: products_changed
UPDATE retail.products p
   SET product_name = w.product_name, category_id = w.category_id, type_id = w.type_id, cost = w.cost, base_price = w.base_price,
       gross_margin_percent = w.gross_margin_percent, product_description = w.product_description
  FROM (SELECT o.product_id, coalesce(r.product_name, o.product_name) AS product_name, c.category_id, t.type_id, coalesce(r.cost, o.cost) AS cost,
               coalesce(r.base_price, o.base_price) AS base_price, coalesce(r.gross_margin_percent, o.gross_margin_percent) AS gross_margin_percent,
               coalesce(r.product_description, o.product_description) AS product_description
          FROM resolved r JOIN retail.products o USING (product_id) JOIN retail.categories c ON lower(c.category_name) = lower(r.category)
          JOIN retail.product_types t ON t.category_id = c.category_id AND lower(t.type_name) = lower(r.type)) AS w
 WHERE p.product_id = w.product_id
   AND (p.product_name, p.category_id, p.type_id, p.cost, p.base_price, p.gross_margin_percent, p.product_description) IS DISTINCT FROM
       (w.product_name, w.category_id, w.type_id, w.cost, w.base_price, w.gross_margin_percent, w.product_description);

-- name: products_added
INSERT INTO retail.products (sku, product_name, category_id, type_id, cost, base_price, gross_margin_percent, product_description)
SELECT r.sku, r.product_name, c.category_id, t.type_id, r.cost, r.base_price, coalesce(r.gross_margin_percent, zava.margin(r.cost, r.base_price)),
       coalesce(r.product_description, '')
  FROM resolved r JOIN retail.categories c ON lower(c.category_name) = lower(r.category)
  JOIN retail.product_types t ON t.category_id = c.category_id AND lower(t.type_name) = lower(r.type)
 WHERE r.product_id IS NULL ORDER BY r.line;

-- name: inventory_staged
CREATE TEMP TABLE staged (line bigint, store text, sku text, stock_level bigint) ON COMMIT DROP;

-- name: inventory_resolved
CREATE TEMP TABLE resolved ON COMMIT DROP AS
SELECT s.*, k.store_id, p.product_id, i.stock_level AS stock, s.store || ' / ' || s.sku AS key, k.store_id || ' ' || p.product_id AS id
  FROM staged s
  LEFT JOIN store_names k ON k.name = lower(regexp_replace(s.store, '\s+', ' ', 'g'))
  LEFT JOIN retail.products p ON p.sku = s.sku
  LEFT JOIN retail.inventory i ON i.store_id = k.store_id AND i.product_id = p.product_id;

-- name: inventory_checked
INSERT INTO rejected
SELECT line, 'store', format('no store is named %L', store) FROM resolved WHERE store_id IS NULL
UNION ALL
SELECT line, 'sku', format('no product has the sku %L', sku) FROM resolved WHERE product_id IS NULL
UNION ALL
SELECT line, 'stock_level', format('%s is below zero', stock_level) FROM resolved WHERE stock_level < 0;

-- name: inventory_changed
UPDATE retail.inventory i SET stock_level = r.stock_level FROM resolved r
 WHERE i.store_id = r.store_id AND i.product_id = r.product_id AND i.stock_level <> r.stock_level;

-- name: inventory_added
INSERT INTO retail.inventory (store_id, product_id, stock_level) SELECT store_id, product_id, stock_level FROM resolved WHERE stock IS NULL ORDER BY line;

-- name: customers_staged
CREATE TEMP TABLE staged (line bigint, email text, first_name text, last_name text, phone text, store text, created_at timestamp) ON COMMIT DROP;

-- name: customers_resolved
CREATE TEMP TABLE resolved ON COMMIT DROP AS
SELECT s.*, s.email AS key, c.customer_id, k.store_id
  FROM staged s
  LEFT JOIN (SELECT DISTINCT ON (lower(email)) lower(email) AS email, customer_id FROM retail.customers ORDER BY lower(email), customer_id) AS c ON c.email = lower(s.email)
  LEFT JOIN store_names k ON k.name = lower(regexp_replace(s.store, '\s+', ' ', 'g'));

-- name: customers_checked
INSERT INTO rejected
SELECT line, 'store', format('no store is named %L', store) FROM resolved WHERE store IS NOT NULL AND store_id IS NULL
UNION ALL
SELECT line, field, 'a new customer needs this value'
  FROM resolved, LATERAL (VALUES ('first_name', first_name IS NULL), ('last_name', last_name IS NULL)) AS v (field, missing) WHERE customer_id IS NULL AND missing;

-- name: customers_changed
WITH changed AS (
    UPDATE retail.customers c
       SET first_name = coalesce(r.first_name, c.first_name), last_name = coalesce(r.last_name, c.last_name), phone = coalesce(r.phone, c.phone),
           primary_store_id = coalesce(r.store_id, c.primary_store_id), created_at = coalesce(r.created_at, c.created_at)
      FROM resolved r
     WHERE c.customer_id = r.customer_id
       AND (coalesce(r.first_name, c.first_name), coalesce(r.last_name, c.last_name), coalesce(r.phone, c.phone), coalesce(r.store_id, c.primary_store_id),
            coalesce(r.created_at, c.created_at)) IS DISTINCT FROM (c.first_name, c.last_name, c.phone, c.primary_store_id, c.created_at)
    RETURNING c.customer_id)
INSERT INTO placed SELECT customer_id FROM changed;

-- name: customers_added
WITH added AS (
    INSERT INTO retail.customers (first_name, last_name, email, phone, primary_store_id, created_at)
    SELECT first_name, last_name, email, phone, store_id, coalesce(created_at, localtimestamp) FROM resolved WHERE customer_id IS NULL ORDER BY line
    RETURNING customer_id)
INSERT INTO placed SELECT customer_id FROM added;

-- name: placed
-- The customers whose copies in the stores' partitions are made anew at the end.
CREATE TEMP TABLE placed (customer_id bigint) ON COMMIT DROP;

-- name: triggers_off
-- The triggers place a customer for each row. The tables are locked, so that no other session relies on them meanwhile.
ALTER TABLE zava.customers DISABLE TRIGGER customer_changed;
ALTER TABLE retail.orders DISABLE TRIGGER order_changed;

-- name: triggers_on
ALTER TABLE zava.customers ENABLE ALWAYS TRIGGER customer_changed;
ALTER TABLE retail.orders ENABLE ALWAYS TRIGGER order_changed;

-- name: place
-- The same as the triggers, for all rows at once.
SELECT zava.place_customers(array_agg(DISTINCT customer_id::integer)) FROM placed HAVING count(*) > 0;

-- name: orders_staged
CREATE TEMP TABLE staged (line bigint, order_number text, customer text, store text, order_date date) ON COMMIT DROP;

-- name: orders_resolved
CREATE TEMP TABLE resolved ON COMMIT DROP AS
SELECT s.*, s.order_number AS key, n.order_id AS numbered, o.order_id AS existing, o.store_id AS old_store, o.customer_id AS old_customer,
       s.id AS order_id, c.customer_id, k.store_id
  FROM (SELECT *, CASE WHEN length(order_number) < 10 AND translate(order_number, '0123456789', '') = '' THEN order_number::bigint END AS id FROM staged) AS s
  LEFT JOIN zava.order_numbers n ON n.order_number = s.order_number
  LEFT JOIN retail.orders o ON o.order_id = coalesce(s.id, n.order_id)
  LEFT JOIN (SELECT DISTINCT ON (lower(email)) lower(email) AS email, customer_id FROM retail.customers ORDER BY lower(email), customer_id) AS c ON c.email = lower(s.customer)
  LEFT JOIN store_names k ON k.name = lower(regexp_replace(s.store, '\s+', ' ', 'g'));

-- name: orders_checked
INSERT INTO rejected
SELECT line, 'store', format('no store is named %L', store) FROM resolved WHERE store_id IS NULL
UNION ALL
SELECT line, 'customer', format('no customer has the email %L', customer) FROM resolved WHERE customer_id IS NULL
UNION ALL
SELECT line, 'store', format('the order %s is in the store %s already; to move it, remove it there first', order_number, old_store) FROM resolved WHERE old_store <> store_id
UNION ALL
SELECT line, 'order_number', format('the order id %s belongs to the order number %s', r.order_id, n.order_number)
  FROM resolved r JOIN zava.order_numbers n ON n.order_id = r.order_id WHERE r.numbered IS NULL;

-- name: orders_changed
WITH changed AS (
    UPDATE retail.orders o SET customer_id = r.customer_id, order_date = r.order_date FROM resolved r
     WHERE o.order_id = r.existing AND o.store_id = r.store_id AND (o.customer_id, o.order_date) IS DISTINCT FROM (r.customer_id, r.order_date)
    RETURNING r.old_customer, r.customer_id)
INSERT INTO placed SELECT unnest(ARRAY[old_customer, customer_id]) FROM changed;

-- name: orders_numbered
-- Ids for order numbers with other characters than digits.
INSERT INTO zava.order_numbers
SELECT order_number, nextval(pg_get_serial_sequence('retail.orders', 'order_id')) FROM resolved WHERE order_id IS NULL AND numbered IS NULL ORDER BY line;
UPDATE resolved r SET order_id = n.order_id FROM zava.order_numbers n WHERE r.order_id IS NULL AND n.order_number = r.order_number;

-- name: orders_new
-- Deletes staged rows that exist already.
DELETE FROM resolved WHERE existing IS NOT NULL;

-- name: orders_placed
-- Shows the customers of new orders to the orders' stores.
INSERT INTO zava.customers_by_store (customer_id, first_name, last_name, email, phone, primary_store_id, created_at, visible_in)
SELECT c.customer_id, c.first_name, c.last_name, c.email, c.phone, c.primary_store_id, c.created_at, n.store_id
  FROM (SELECT DISTINCT customer_id, store_id FROM resolved) AS n JOIN zava.customers c USING (customer_id)
    ON CONFLICT DO NOTHING;

-- name: flat_staged
CREATE TEMP TABLE flat (line bigint, order_number text, customer text, store text, order_date date, item_number bigint, sku text, quantity bigint,
                        unit_price numeric, discount_percent bigint, discount_amount numeric, total_amount numeric) ON COMMIT DROP;

-- name: flat_orders
-- The orders of rows that have an order and an item each: the first row of an order stands for it.
INSERT INTO rejected
SELECT f.line, 'order_number', format('the order %s has another customer, store or date in line %s', f.order_number, w.line)
  FROM flat f JOIN (SELECT DISTINCT ON (order_number) * FROM flat ORDER BY order_number, line) AS w USING (order_number)
 WHERE (f.customer, f.store, f.order_date) IS DISTINCT FROM (w.customer, w.store, w.order_date);
INSERT INTO rejected
SELECT f.line, 'order_number', format('the order %s is rejected with line %s', f.order_number, w.line)
  FROM flat f JOIN (SELECT order_number, min(line) AS line FROM flat JOIN rejected USING (line) GROUP BY 1) AS w USING (order_number)
 WHERE f.line NOT IN (SELECT line FROM rejected);
DELETE FROM flat WHERE line IN (SELECT line FROM rejected);
INSERT INTO staged SELECT DISTINCT ON (order_number) line, order_number, customer, store, order_date FROM flat ORDER BY order_number, line;

-- name: flat_order_items
INSERT INTO rejected
SELECT f.line, 'order_number', format('the order %s is rejected with line %s', f.order_number, w.line)
  FROM flat f JOIN (SELECT order_number, min(line) AS line FROM flat JOIN rejected USING (line) GROUP BY 1) AS w USING (order_number)
 WHERE f.line <> w.line;
INSERT INTO staged (line, order_number, item_number, sku, quantity, unit_price, discount_percent, discount_amount, total_amount)
SELECT f.line, f.order_number, f.item_number, f.sku, f.quantity, f.unit_price, f.discount_percent, f.discount_amount, f.total_amount
  FROM flat f WHERE f.line NOT IN (SELECT line FROM rejected);

-- name: order_items_staged
CREATE TEMP TABLE staged (line bigint, order_number text, item_number bigint, sku text, quantity bigint, unit_price numeric, discount_percent bigint,
                          discount_amount numeric, total_amount numeric) ON COMMIT DROP;

-- name: order_items_resolved
-- An item is known by its order, its product and, where a file numbers items, its place among the items of that product.
CREATE TEMP TABLE resolved ON COMMIT DROP AS
SELECT line, item_number, order_id, store_id, product_id, quantity, unit_price, discount_percent, discount_amount,
       quantity * unit_price - discount_amount AS total_amount, total_amount <> quantity * unit_price - discount_amount AS wrong, {place} AS place
  FROM (SELECT s.line, s.item_number, o.order_id, o.store_id, p.product_id, s.quantity, s.unit_price, coalesce(s.discount_percent, 0) AS discount_percent,
               CASE WHEN s.discount_amount IS NOT NULL THEN s.discount_amount
                    WHEN s.discount_percent <> 0 THEN round(s.quantity * s.unit_price * s.discount_percent / 100, 2) ELSE 0 END AS discount_amount, s.total_amount
          FROM (SELECT *, CASE WHEN length(order_number) < 10 AND translate(order_number, '0123456789', '') = '' THEN order_number::bigint END AS id FROM staged) AS s
          LEFT JOIN zava.order_numbers n ON s.id IS NULL AND n.order_number = s.order_number
          LEFT JOIN retail.orders o ON o.order_id = coalesce(s.id, n.order_id)
          LEFT JOIN retail.products p ON p.sku = s.sku) AS found;

-- name: order_items_doubtful
-- Whether a row is to be rejected: one pass over the rows is enough if none is.
SELECT EXISTS (SELECT FROM resolved
                WHERE order_id IS NULL OR product_id IS NULL OR quantity <= 0 OR unit_price < 0 OR discount_amount < 0
                   OR discount_percent NOT BETWEEN 0 AND 100 OR wrong);

-- name: order_items_checked
INSERT INTO rejected
SELECT s.line, 'order_number', format('no order has the number %s; load the orders first', s.order_number) FROM resolved r JOIN staged s USING (line) WHERE order_id IS NULL
UNION ALL
SELECT s.line, 'sku', format('no product has the sku %L', s.sku) FROM resolved r JOIN staged s USING (line) WHERE product_id IS NULL
UNION ALL
SELECT line, 'quantity', format('%s is not above zero', quantity) FROM resolved WHERE quantity <= 0
UNION ALL
SELECT line, field, format('%s is below zero', value)
  FROM resolved, LATERAL (VALUES ('unit_price', unit_price), ('discount_amount', discount_amount)) AS v (field, value) WHERE value < 0 AND quantity > 0
UNION ALL
SELECT line, 'discount_percent', format('%s is not from 0 to 100', discount_percent) FROM resolved WHERE discount_percent NOT BETWEEN 0 AND 100
UNION ALL
SELECT s.line, 'total_amount', format('%s is not %s * %s - %s = %s', s.total_amount, r.quantity, r.unit_price, r.discount_amount, r.total_amount)
  FROM resolved r JOIN staged s USING (line) WHERE wrong;

-- name: order_items_repeated
INSERT INTO rejected
SELECT r.line, '{repeated}', format('repeats the %s %s in the order %s of line %s{advice}', '{repeated}', s.{repeated}, s.order_number, d.first)
  FROM resolved r JOIN staged s USING (line)
  JOIN (SELECT order_id, {key} AS key, min(line) AS first FROM resolved GROUP BY 1, 2 HAVING count(*) > 1) AS d
    ON d.order_id = r.order_id AND d.key = r.{key} AND r.line > d.first;

-- name: order_items_known
-- The items that the orders have already.
CREATE TEMP TABLE known ON COMMIT DROP AS
SELECT i.order_item_id, i.order_id, i.product_id, i.quantity, i.unit_price, i.discount_percent, i.discount_amount,
       row_number() OVER (PARTITION BY i.order_id, i.product_id ORDER BY i.order_item_id) AS place
  FROM retail.order_items i WHERE i.order_id IN (SELECT order_id FROM resolved);

-- name: order_items_changed
UPDATE retail.order_items i
   SET quantity = r.quantity, unit_price = r.unit_price, discount_percent = r.discount_percent, discount_amount = r.discount_amount, total_amount = r.total_amount
  FROM resolved r JOIN known k USING (order_id, product_id, place)
 WHERE i.order_item_id = k.order_item_id AND i.store_id = r.store_id
   AND (k.quantity, k.unit_price, k.discount_percent, k.discount_amount) IS DISTINCT FROM (r.quantity, r.unit_price, r.discount_percent, r.discount_amount);

-- name: order_items_new
-- Deletes staged rows that exist already.
DELETE FROM resolved r USING known k WHERE (r.order_id, r.product_id, r.place) = (k.order_id, k.product_id, k.place);

-- name: rows_by_store
SELECT store_id, count(*) FROM resolved GROUP BY 1 ORDER BY 1;

-- name: refilled
-- Whether the rows of a store were put into a new partition, which takes a fraction of the time for many rows.
SELECT zava.refill_partition(%(table)s::regclass, %(store)s, 'pg_temp.resolved', %(columns)s, %(rows)s);

-- name: inserted
INSERT INTO {table} ({columns}) SELECT {columns} FROM resolved WHERE store_id = %(store)s;

-- name: duplicates
-- Rows whose natural key a row above has.
INSERT INTO rejected
SELECT r.line, %(field)s, format('repeats %%s of line %%s', r.key, d.first)
  FROM resolved r JOIN (SELECT lower(key) AS key, min(line) AS first FROM resolved GROUP BY 1 HAVING count(*) > 1) AS d
    ON d.key = lower(r.key) AND r.line > d.first;

-- name: without_rejected
DELETE FROM resolved WHERE line IN (SELECT line FROM rejected);

-- name: count_rejected
SELECT count(DISTINCT line) FROM rejected;

-- name: count_resolved
SELECT count(*) FROM resolved;

-- name: list_rejected
SELECT line, string_agg(DISTINCT field, ', ' ORDER BY field), string_agg(DISTINCT reason, '; ' ORDER BY reason) FROM rejected GROUP BY line ORDER BY line;

-- name: find_loaded
SELECT row_count, to_char(loaded_at AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI "UTC"') FROM zava.loaded_files WHERE sha256 = %(sha256)s AND loaded_as = %(loaded_as)s;

-- name: record_loaded
INSERT INTO zava.loaded_files AS f (sha256, loaded_as, file_name, row_count) VALUES (%(sha256)s, %(loaded_as)s, %(name)s, %(rows)s)
    ON CONFLICT ON CONSTRAINT loaded_files_pkey DO UPDATE SET file_name = excluded.file_name, row_count = excluded.row_count, loaded_at = excluded.loaded_at;

-- name: loaded_tables
-- The tables behind the names in the schema retail.
SELECT coalesce(to_regclass('zava.' || CASE name WHEN 'customers' THEN 'customers_by_store' ELSE name END), to_regclass('retail.' || name))::text
  FROM unnest(%s::text[]) AS name;

-- name: unseen_stores
-- Stores that only identities with all stores can see.
SELECT 'warn', format('only identities of all stores see %s', string_agg(s.store_name, ', ' ORDER BY s.store_id)), 'zava-mcp identities add NAME --store STORE'
  FROM retail.stores s WHERE NOT EXISTS (SELECT FROM zava.access a WHERE s.store_id = ANY (a.store_ids)) HAVING count(*) > 0;
