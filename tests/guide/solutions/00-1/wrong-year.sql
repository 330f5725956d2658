SELECT store_name, count(DISTINCT order_id), sum(total_amount)
  FROM retail.order_items JOIN retail.stores USING (store_id) GROUP BY 1 ORDER BY 3 DESC
