WITH sold AS (
    SELECT store_id, order_id, date_part('quarter', order_date)::int AS quarter, sum(total_amount) AS revenue
      FROM orders JOIN order_items USING (store_id, order_id)
     WHERE order_date BETWEEN '2025-01-01' AND '2025-12-31'
     GROUP BY store_id, order_id, quarter)
SELECT quarter, count(*), sum(revenue), avg(revenue) FROM sold GROUP BY quarter
