-- name: orders_of_2025
-- The orders and the revenue of each store in 2025, the largest revenue first.
SELECT store_name, count(DISTINCT order_id), sum(total_amount)
  FROM retail.orders JOIN retail.order_items USING (store_id, order_id) JOIN retail.stores USING (store_id)
 WHERE order_date >= '2025-01-01' AND order_date < '2026-01-01'
 GROUP BY store_name ORDER BY 3 DESC

-- name: counts
-- The number of stores whose orders an identity sees, and of stores, orders and customers that it sees.
SELECT (SELECT count(DISTINCT store_id) FROM retail.orders), (SELECT count(*) FROM retail.stores),
       (SELECT count(*) FROM retail.orders), (SELECT count(*) FROM retail.customers)
