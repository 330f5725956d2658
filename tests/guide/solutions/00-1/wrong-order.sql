SELECT store_name, count(DISTINCT order_id), sum(total_amount)
  FROM retail.orders JOIN retail.order_items USING (store_id, order_id) JOIN retail.stores USING (store_id)
 WHERE order_date >= '2025-01-01' AND order_date < '2026-01-01' GROUP BY store_name ORDER BY 3
