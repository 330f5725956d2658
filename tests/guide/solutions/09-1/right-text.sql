SELECT to_char(order_date, 'Q') AS quarter, count(DISTINCT order_id) AS orders,
       sum(total_amount) AS revenue, sum(total_amount) / count(DISTINCT order_id) AS revenue_of_an_order
  FROM orders JOIN order_items USING (store_id, order_id)
 WHERE order_date >= '2025-01-01' AND order_date < '2026-01-01'
 GROUP BY quarter ORDER BY quarter
