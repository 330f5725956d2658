-- Ten questions that managers and head office ask, to compare what they cost under the policies and without them.
-- Every one of the shop's tables has an alias: scripts/measure/isolation.py puts the filter written out in its place.

-- name: top_products
-- The ten products with the most revenue.
SELECT p.product_name, sum(i.total_amount) AS revenue
  FROM retail.orders o JOIN retail.order_items i USING (order_id) JOIN retail.products p USING (product_id)
 GROUP BY p.product_name ORDER BY revenue DESC, p.product_name LIMIT 10

-- name: revenue_by_month
-- Revenue and orders of each month of the last two years.
SELECT date_trunc('month', o.order_date)::date AS month, count(DISTINCT o.order_id) AS orders, sum(i.total_amount) AS revenue
  FROM retail.orders o JOIN retail.order_items i USING (order_id)
 WHERE o.order_date >= current_date - 730
 GROUP BY month ORDER BY month

-- name: last_quarter_by_category
-- What each department sold in the last ninety days.
SELECT c.category_name, sum(i.quantity) AS units, sum(i.total_amount) AS revenue
  FROM retail.orders o JOIN retail.order_items i USING (order_id)
  JOIN retail.products p USING (product_id) JOIN retail.categories c USING (category_id)
 WHERE o.order_date >= current_date - 90
 GROUP BY c.category_name ORDER BY revenue DESC, c.category_name

-- name: stores_compared
-- What each store sold.
SELECT s.store_name, count(DISTINCT i.order_id) AS orders, sum(i.total_amount) AS revenue
  FROM retail.order_items i JOIN retail.stores s USING (store_id)
 GROUP BY s.store_name ORDER BY s.store_name

-- name: last_week
-- The orders of seven days with their items.
SELECT o.order_id, i.product_id, i.quantity, i.total_amount
  FROM retail.orders o JOIN retail.order_items i USING (order_id)
 WHERE o.order_date >= current_date - 7 ORDER BY o.order_id, i.product_id, i.order_item_id

-- name: customers_counted
-- How many customers there are.
SELECT count(*) FROM retail.customers c

-- name: best_customers
-- The ten customers who spent most in a year.
SELECT c.customer_id, c.last_name, sum(i.total_amount) AS spent
  FROM retail.customers c JOIN retail.orders o USING (customer_id) JOIN retail.order_items i USING (order_id)
 WHERE o.order_date >= current_date - 365
 GROUP BY c.customer_id, c.last_name ORDER BY spent DESC, c.customer_id LIMIT 10

-- name: running_total
-- Each week's orders of a year, and their running total.
SELECT week, orders, sum(orders) OVER (ORDER BY week) AS so_far
  FROM (SELECT date_trunc('week', o.order_date)::date AS week, count(*) AS orders
          FROM retail.orders o WHERE o.order_date >= current_date - 365 GROUP BY week) AS weekly
 ORDER BY week

-- name: out_of_stock
-- What is out of stock, and where.
SELECT p.product_name, s.store_name
  FROM retail.inventory v JOIN retail.products p USING (product_id) JOIN retail.stores s USING (store_id)
 WHERE v.stock_level = 0 ORDER BY p.product_name, s.store_name

-- name: alike_in_stock
-- The twenty products most like the first one, with their stock.
SELECT p.product_name, sum(v.stock_level) AS stock
  FROM (SELECT e.product_id FROM retail.product_description_embeddings e
         ORDER BY e.description_embedding <=> (SELECT f.description_embedding
                  FROM retail.product_description_embeddings f WHERE f.product_id = 1) LIMIT 20) AS near
  JOIN retail.products p USING (product_id) JOIN retail.inventory v USING (product_id)
 GROUP BY p.product_name ORDER BY p.product_name
