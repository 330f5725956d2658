SELECT s.store_name, count(DISTINCT o.order_id) AS orders, sum(i.total_amount) AS revenue
  FROM retail.orders o
  JOIN retail.order_items i ON i.order_id = o.order_id AND i.store_id = o.store_id
  JOIN retail.stores s ON s.store_id = o.store_id
 WHERE extract(year FROM o.order_date) = 2025
 GROUP BY s.store_name
 ORDER BY revenue DESC;
