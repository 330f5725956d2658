-- The doctor's checks of the rows that an identity sees. They have the form of those in checks.sql.

-- name: orders_have_items
-- Orders without items count as orders, but not in any revenue.
SELECT 'warn', format('%s no items, the first is %s', CASE count(*) WHEN 1 THEN '1 order has' ELSE count(*) || ' orders have' END, min(o.order_id)),
       'DELETE FROM retail.orders o WHERE NOT EXISTS (SELECT FROM retail.order_items i WHERE i.order_id = o.order_id) /* or load their items */'
  FROM retail.orders o WHERE NOT EXISTS (SELECT FROM retail.order_items i WHERE i.order_id = o.order_id AND i.store_id = o.store_id)
HAVING count(*) > 0;

-- name: order_ids_are_unique
-- An order id of two stores, whose orders a join on order_id alone mixes. The trigger of zava-mcp sees committed orders only,
-- so two concurrent transactions can both insert it. A unique index on order_id, as an adopted database has, prevents that.
SELECT 'warn', format('%s in several stores, the first is %s', CASE count(*) WHEN 1 THEN '1 order id is' ELSE count(*) || ' order ids are' END, min(order_id)),
       'WITH again AS (SELECT o.order_id, o.store_id, nextval(pg_get_serial_sequence(''retail.orders'', ''order_id'')) AS new_id FROM retail.orders o'
       ' WHERE EXISTS (SELECT FROM retail.orders p WHERE p.order_id = o.order_id AND p.store_id < o.store_id)),'
       ' renumbered AS (UPDATE retail.orders o SET order_id = a.new_id FROM again a WHERE (o.order_id, o.store_id) = (a.order_id, a.store_id))'
       ' UPDATE retail.order_items i SET order_id = a.new_id FROM again a WHERE (i.order_id, i.store_id) = (a.order_id, a.store_id)'
       ' /* the order of the lowest store keeps its id */'
  FROM (SELECT order_id FROM retail.orders
         WHERE NOT EXISTS (SELECT FROM pg_index i JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = i.indkey[0]
                            WHERE i.indrelid = 'retail.orders'::regclass AND i.indisunique AND i.indnkeyatts = 1 AND i.indpred IS NULL AND a.attname = 'order_id')
         GROUP BY order_id HAVING count(*) > 1) AS repeated
HAVING count(*) > 0;

-- name: totals_add_up
-- Revenue is the sum of total_amount. The constraints of zava-mcp keep totals right; an adopted database may lack them.
SELECT 'warn', format('%s not quantity * unit_price - discount_amount, the first is %s', CASE count(*) WHEN 1 THEN 'the total of 1 item is' ELSE format('the totals of %s items are', count(*)) END, min(order_item_id)),
       'UPDATE retail.order_items SET total_amount = quantity * unit_price - discount_amount WHERE total_amount <> quantity * unit_price - discount_amount'
  FROM retail.order_items WHERE total_amount <> quantity * unit_price - discount_amount
HAVING count(*) > 0;

-- name: rows_have_parents
-- Rows that refer to an order, a product or a customer that does not exist; foreign keys prevent them where there are some.
SELECT 'warn', format('%s to %s that do not exist', CASE count WHEN 1 THEN format('1 %s refers', rtrim(child, 's')) ELSE format('%s %s refer', count, child) END, parent),
       format('DELETE FROM retail.%1$s c WHERE NOT EXISTS (SELECT FROM retail.%2$s p WHERE p.%3$I = c.%3$I) /* or add the %2$s */', CASE child WHEN 'items' THEN 'order_items' ELSE child END, parent, rtrim(parent, 's') || '_id')
  FROM (SELECT 'items' AS child, 'orders' AS parent, count(*) FROM retail.order_items i
         WHERE NOT EXISTS (SELECT FROM pg_constraint WHERE conrelid = 'retail.order_items'::regclass AND confrelid = 'retail.orders'::regclass AND convalidated)
           AND NOT EXISTS (SELECT FROM retail.orders o WHERE o.order_id = i.order_id AND o.store_id = i.store_id)
        UNION ALL
        SELECT 'items', 'products', count(*) FROM retail.order_items i
         WHERE NOT EXISTS (SELECT FROM pg_constraint WHERE conrelid = 'retail.order_items'::regclass AND confrelid = 'retail.products'::regclass AND convalidated)
           AND NOT EXISTS (SELECT FROM retail.products p WHERE p.product_id = i.product_id)
        UNION ALL
        SELECT 'orders', 'customers', count(*) FROM retail.orders o
         WHERE NOT EXISTS (SELECT FROM pg_constraint WHERE conrelid = 'retail.orders'::regclass AND contype = 'f' AND convalidated
                              AND confrelid = coalesce(to_regclass('zava.customers'), to_regclass('retail.customers')))
           AND NOT EXISTS (SELECT FROM retail.customers c WHERE c.customer_id = o.customer_id)) AS orphans
 WHERE count > 0;

-- name: margins_are_of_prices
-- A margin that is not (base_price - cost) / base_price is either an administrator's choice or the default of an older version.
SELECT 'warn', format('%s from cost and price by more than a point, the first is %s', CASE count(*) WHEN 1 THEN 'the margin of 1 product differs' ELSE format('the margins of %s products differ', count(*)) END, min(sku)),
       'UPDATE retail.products SET gross_margin_percent = NULL WHERE abs(gross_margin_percent - zava.margin(cost, base_price)) > 1 /* or keep them */'
  FROM retail.products
 WHERE abs(gross_margin_percent - CASE WHEN base_price > 0 THEN greatest(-999.99, round(100 * (base_price - cost) / base_price, 2)) ELSE 0 END) > 1
HAVING count(*) > 0;
