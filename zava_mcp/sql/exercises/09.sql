-- Statements of the exercises of chapter 09. An identity runs them.

-- name: quarters_of_2025
-- The orders, the revenue and the revenue of an order of each quarter of 2025.
SELECT extract(quarter FROM order_date) AS quarter, count(DISTINCT order_id) AS orders, sum(total_amount) AS revenue,
       sum(total_amount) / count(DISTINCT order_id) AS revenue_of_an_order
  FROM retail.orders JOIN retail.order_items USING (store_id, order_id)
 WHERE order_date >= '2025-01-01' AND order_date < '2026-01-01'
 GROUP BY 1 ORDER BY 1;
