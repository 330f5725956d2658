-- What scripts/measure/timing.py sends. Every probe is about rows of store 2, which the manager of store 1 may not see.
-- The names in braces are columns of `targets`; {slow} takes about 5 ms where PostgreSQL evaluates it, and nothing else.

-- name: customers_added
-- Customers whom store 2 alone sees.
INSERT INTO {customers} (customer_id, first_name, last_name, email, primary_store_id)
SELECT n, 'First', 'Last' || n, n || '@example.com', 2 FROM generate_series(100000, 103999) AS n

-- name: targets
-- Rows of store 2, and whether blocks_emptied will delete them. The block of 300 orders that a row lies in is {first} to {last}.
SELECT i.order_item_id AS item, i.order_id AS "order", i.product_id AS product, 1 + i.product_id AS other_product,
       100000 + place / 100 * 200 + place % 100 + CASE WHEN gone THEN 100 ELSE 0 END AS customer,
       i.order_id / 300 * 300 AS first, i.order_id / 300 * 300 + 299 AS last, gone
  FROM (SELECT i.*, i.order_id / 300 % 2 = 1 AS gone,
               row_number() OVER (PARTITION BY i.order_id / 300 % 2 ORDER BY hashint8(i.order_item_id)) AS place
          FROM retail.order_items i WHERE i.store_id = 2) AS i
 WHERE place <= 1000 ORDER BY place

-- name: blocks_emptied
-- Deletes every other block of 300 orders, but for the orders of store 1, and every other hundred of the customers added.
DELETE FROM retail.order_items WHERE store_id <> 1 AND order_id / 300 % 2 = 1;
DELETE FROM retail.orders WHERE store_id <> 1 AND order_id / 300 % 2 = 1;
DELETE FROM {customers} WHERE customer_id BETWEEN 100000 AND 103999 AND customer_id / 100 % 2 = 1

-- name: isolation_removed
-- The policies as they were before the policy `isolation`.
DROP POLICY isolation ON retail.orders;
DROP POLICY isolation ON retail.order_items;
DROP POLICY isolation ON retail.customers;
DROP POLICY own_customers ON retail.customers;
CREATE POLICY own_customers ON retail.customers FOR SELECT USING (CASE WHEN NOT zava.is_known() THEN false
    WHEN zava.sees_all_stores() THEN true WHEN primary_store_id = ANY (zava.visible_stores()) THEN true
    ELSE EXISTS (SELECT FROM retail.orders o WHERE o.customer_id = customers.customer_id) END)

-- name: none
-- no row, and no row (control)
SELECT count(*) FROM retail.order_items WHERE order_item_id = {item}

-- name: existence_of_an_item
-- item by key
SELECT count(*) FROM retail.order_items WHERE order_item_id = {item}

-- name: existence_of_an_order
-- order by key
SELECT count(*) FROM retail.orders WHERE order_id = {order}

-- name: existence_of_a_customer
-- customer by key
SELECT count(*) FROM retail.customers WHERE customer_id = {customer}

-- name: existence_of_an_item_slowly
-- item by key, slow InitPlan
SELECT count(*) FROM retail.order_items WHERE order_item_id = {item} AND (order_id IS NULL OR {slow})

-- name: existence_of_a_customer_slowly
-- customer by key, slow InitPlan
SELECT count(*) FROM retail.customers WHERE customer_id = {customer} AND (last_name IS NULL OR {slow})

-- name: value_of_an_item
-- item's product
SELECT count(*) FROM retail.order_items WHERE order_item_id = {item} AND product_id = ANY (ARRAY[{product}])

-- name: value_of_an_item_slowly
-- item's product, slow InitPlan
SELECT count(*) FROM retail.order_items
 WHERE order_item_id = {item} AND CASE WHEN product_id = ANY (ARRAY[{product}]) THEN {slow} ELSE false END

-- name: value_of_a_customer_slowly
-- customer's name, slow InitPlan
SELECT count(*) FROM retail.customers
 WHERE customer_id = {customer} AND CASE WHEN last_name = ANY (ARRAY['{name}']) THEN {slow} ELSE false END

-- name: count_of_orders
-- orders in a range of keys
SELECT count(*) FROM retail.orders WHERE order_id BETWEEN {first} AND {last}

-- name: count_of_items
-- orders in a range, joined with their items
SELECT count(*), sum(i.total_amount) FROM retail.orders o JOIN retail.order_items i USING (order_id)
 WHERE o.order_id BETWEEN {first} AND {last}
