-- name: best_sellers
-- The products of a category that sold most units in a year; the check puts both values in, which are its own.
SELECT product_name, sum(quantity) AS units
  FROM retail.orders JOIN retail.order_items USING (store_id, order_id) JOIN retail.products USING (product_id)
  JOIN retail.categories USING (category_id)
 WHERE category_name = '{category}' AND order_date >= '{year}-01-01' AND order_date <= '{year}-12-31'
 GROUP BY product_name ORDER BY units DESC, product_name
