SELECT extract(quarter FROM order_date) AS quarter, count(*) AS orders,
       sum(total_amount) AS revenue, avg(total_amount) AS revenue_of_an_order
  FROM orders JOIN order_items USING (store_id, order_id)
 WHERE order_date BETWEEN '2025-01-01' AND '2026-01-01'
 GROUP BY quarter ORDER BY quarter
