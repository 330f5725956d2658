-- The orders and items of each outing, to be included in a WITH that has the customers' "outings" (customer_id, n,
-- store_id, day) and each store's "last_numbers".
errands AS MATERIALIZED (
    SELECT customer_id, n, store_id, day,
           category_ids[1 + width_bucket(pg_temp.dice(%(seed)s, 'department', n), upto)] AS main_category_id,
           category_ids[1 + width_bucket(pg_temp.dice(%(seed)s, 'other department', n), upto)] AS other_category_id
      FROM outings JOIN sample_departments ON month = extract(month FROM day)
), visits AS MATERIALIZED (
    SELECT *, last_order + row_number() OVER (PARTITION BY store_id ORDER BY day, n) AS order_id,
           -- 1 to 5 items in 40/30/15/10/5 percent
           1 + width_bucket(pg_temp.dice(%(seed)s, 'items', n), '{.4,.7,.85,.95}'::float8[]) AS items
      FROM errands JOIN last_numbers USING (store_id)
), lines AS MATERIALIZED (
    SELECT order_id, item, store_id, i,
           product_ids[1 + width_bucket(pg_temp.dice(%(seed)s, 'product', i), upto)] AS product_id
      FROM visits
     CROSS JOIN generate_series(1, items) AS item
     CROSS JOIN LATERAL (SELECT n * 8 + item AS i) AS k
      JOIN sample_shelves
        ON category_id = CASE WHEN pg_temp.dice(%(seed)s, 'stays', i) < .75 THEN main_category_id ELSE other_category_id END
), put_orders AS (
    INSERT INTO retail.orders (order_id, customer_id, store_id, order_date) SELECT order_id, customer_id, store_id, day FROM visits
), put_items AS (
    INSERT INTO retail.order_items (order_item_id, order_id, store_id, product_id, quantity, unit_price, discount_percent, discount_amount, total_amount)
    SELECT last_item + row_number() OVER (PARTITION BY store_id ORDER BY order_id, item), order_id, store_id, product_id,
           quantity, base_price, percent, round(quantity * base_price * percent / 100, 2),
           quantity * base_price - round(quantity * base_price * percent / 100, 2)
      FROM (SELECT order_id, item, store_id, product_id,
                   -- 1 to 5 units in 60/25/10/3/2 percent
                   1 + width_bucket(pg_temp.dice(%(seed)s, 'quantity', i), '{.6,.85,.95,.98}'::float8[]) AS quantity,
                   -- 15 percent of the lines are 5 to 25 percent off
                   CASE WHEN pg_temp.dice(%(seed)s, 'discounted', i) < .15
                        THEN 5 + 5 * floor(pg_temp.dice(%(seed)s, 'discount', i) * 5)::integer ELSE 0 END AS percent
              FROM lines) AS line
      JOIN retail.products USING (product_id)
      JOIN last_numbers USING (store_id)
)
