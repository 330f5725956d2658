-- Changes of rows that Seattle's manager does not see, run one after the other by a superuser on the coordinator.

-- name: rewritten
-- Other stores' orders, items, stock and customers are others. %(own)s are the manager's customers.
UPDATE zava.order_items SET quantity = quantity + 7, total_amount = (quantity + 7) * unit_price - discount_amount WHERE store_id <> 1;
UPDATE zava.orders SET order_date = order_date - 1000 WHERE store_id <> 1;
UPDATE zava.inventory SET stock_level = 2 * stock_level + 1 WHERE store_id <> 1;
UPDATE zava.customers SET last_name = reverse(last_name), phone = '1', created_at = created_at - interval '1000 days'
 WHERE customer_id <> ALL (%(own)s);
UPDATE zava.customers_by_store SET last_name = reverse(last_name), phone = '1' WHERE visible_in <> 1;

-- name: multiplied
-- Other stores have three times as many orders.
INSERT INTO zava.orders (order_id, customer_id, store_id, order_date)
SELECT -order_id - copy * 1000000000, customer_id, store_id, order_date FROM zava.orders, generate_series(0, 1) AS copy WHERE store_id <> 1;
INSERT INTO zava.order_items (order_item_id, order_id, store_id, product_id, quantity, unit_price, discount_percent, discount_amount, total_amount)
SELECT -order_item_id - copy * 1000000000, -order_id - copy * 1000000000, store_id, product_id, quantity, unit_price, discount_percent, discount_amount, total_amount
  FROM zava.order_items, generate_series(0, 1) AS copy WHERE store_id <> 1;

-- name: deleted
-- Other stores have nothing.
DELETE FROM zava.order_items WHERE store_id <> 1;
DELETE FROM zava.orders WHERE store_id <> 1;
DELETE FROM zava.inventory WHERE store_id <> 1;
DELETE FROM zava.customers_by_store WHERE visible_in <> 1;
