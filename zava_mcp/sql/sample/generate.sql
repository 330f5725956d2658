-- Sample data, deterministic from a seed and an as-of date. Set-up runs the blocks in this order and supplies
-- %(seed)s, %(as_of)s and, for each batch, %(first)s and %(last)s. pg_temp.dice(seed, what, n) is the only source of
-- randomness: the same arguments always return the same number. admin/sample_orders.py draws orders and items likewise.

-- name: dice
CREATE FUNCTION pg_temp.dice(seed bigint, what text, n bigint) RETURNS double precision
    LANGUAGE sql IMMUTABLE
    RETURN ((hashint8extended(n, hashtextextended(what, seed)) >> 11) & 9007199254740991) / 9007199254740992.0::float8;

-- name: catalogue
-- Stores, categories, types and products, from the two CSV files that set-up copies into temporary tables.
WITH put_stores AS (
    INSERT INTO retail.stores SELECT store_id, store_name, rls_user_id, is_online FROM sample_stores
), put_categories AS (
    INSERT INTO retail.categories
    SELECT row_number() OVER (ORDER BY min(line)), category FROM sample_catalogue GROUP BY category
    RETURNING category_id, category_name
), put_types AS (
    INSERT INTO retail.product_types
    SELECT row_number() OVER (ORDER BY min(line)), category_id, type
      FROM sample_catalogue JOIN put_categories ON category_name = category GROUP BY category_id, type
    RETURNING type_id, category_id, type_name
)
INSERT INTO retail.products
SELECT line, sku, name, t.category_id, t.type_id, cost, round(cost / 0.67, 2), 33.00, description
  FROM sample_catalogue
  JOIN put_categories c ON category_name = category
  JOIN put_types t ON t.category_id = c.category_id AND type_name = type;

-- name: partitions
-- The partitions of each store. Set-up restricts them to their owner after loading the rows.
DO $$
DECLARE
    store integer;
BEGIN
    FOR store IN SELECT store_id FROM retail.stores ORDER BY store_id LOOP
        EXECUTE format('CREATE TABLE zava.orders_%1$s PARTITION OF retail.orders FOR VALUES IN (%1$s)', store);
        EXECUTE format('CREATE TABLE zava.order_items_%1$s PARTITION OF retail.order_items FOR VALUES IN (%1$s)', store);
        EXECUTE format('CREATE TABLE zava.inventory_%1$s PARTITION OF retail.inventory FOR VALUES IN (%1$s)', store);
    END LOOP;
END $$;

-- name: months
-- The sales of each department in each month, Jan..Dec, and its share of an average month.
CREATE TEMP TABLE sample_months ON COMMIT DROP AS
SELECT month, c.category_id, c.category_name, c.multipliers[month] * c.share AS weight
  FROM (SELECT category_id, category_name, share, multipliers
          FROM (VALUES
            ('HAND TOOLS', .10, '{1.0,1.0,1.2,1.4,1.6,1.5,1.5,1.4,1.2,1.1,1.0,0.9}'::float8[]),
            ('POWER TOOLS', .14, '{.9,.9,1.1,1.5,1.8,2.0,2.1,1.9,1.4,1.2,1.0,.8}'),
            ('PAINT & FINISHES', .13, '{1.2,1.1,1.8,2.2,2.0,1.9,1.8,1.6,1.3,1.1,1.0,1.2}'),
            ('HARDWARE', .13, '{1.0,1.0,1.1,1.3,1.2,1.1,1.0,1.0,1.4,1.8,1.6,1.2}'),
            ('LUMBER & BUILDING MATERIALS', .11, '{.8,.7,1.2,1.6,2.0,2.2,2.1,1.8,1.3,1.0,.8,.7}'),
            ('ELECTRICAL', .10, '{1.2,1.1,1.0,1.1,1.2,1.3,1.2,1.1,1.2,1.4,1.6,1.5}'),
            ('PLUMBING', .10, '{1.1,1.0,1.2,1.4,1.3,1.2,1.1,1.0,1.3,1.6,1.4,1.2}'),
            ('GARDEN & OUTDOOR', .10, '{.6,.5,1.5,2.5,2.2,1.8,1.6,1.4,1.3,1.0,.7,.5}'),
            ('STORAGE & ORGANIZATION', .09, '{1.4,1.6,1.2,1.0,.9,.8,.8,.9,1.1,1.2,1.3,1.8}')
          ) AS shape (category_name, share, multipliers)
          JOIN retail.categories USING (category_name)) AS c,
       generate_series(1, 12) AS month;

-- name: inventory
-- One product in twenty is out of stock somewhere; larger stores keep more.
INSERT INTO retail.inventory
SELECT store_id, product_id,
       CASE WHEN pg_temp.dice(%(seed)s, 'out of stock', place) < .05 THEN 0
            ELSE 1 + floor(pg_temp.dice(%(seed)s, 'stock', place) * (20 + 4 * customer_share)) END
  FROM sample_stores, retail.products, LATERAL (SELECT store_id * 100000 + product_id AS place) AS p;

-- name: days
-- Every day from 2020 to the as-of date with its share of all sales: ten percent more each year but
-- five percent less in 2023, the months' seasons, busy weekends. "upto" holds the running total.
CREATE TEMP TABLE sample_days ON COMMIT DROP AS
WITH months AS MATERIALIZED (
    SELECT month, (SELECT sum(m.weight) FROM sample_months m WHERE m.month = n.month) AS season FROM generate_series(1, 12) AS n (month)
)
SELECT day, weight, sum(weight) OVER (ORDER BY day) / sum(weight) OVER () AS upto
  FROM (SELECT day::date,
                       power(1.1::float8, year - 2020) * CASE WHEN year >= 2023 THEN .95 / 1.1 ELSE 1 END
                       * (SELECT season FROM months WHERE month = extract(month FROM day))
                       * (ARRAY[.9, .85, .9, .95, 1.05, 1.3, 1.15])[extract(isodow FROM day)::integer] AS weight
                  FROM generate_series(date '2020-01-01', %(as_of)s::date, '1 day') AS day,
                       LATERAL (SELECT extract(year FROM day)::integer AS year) AS y) AS weighed;

-- name: homes
-- For each home store: the running share of customers, and how often they order.
CREATE TEMP TABLE sample_homes ON COMMIT DROP AS
SELECT array_agg(store_id ORDER BY store_id) AS store_ids, array_agg(order_frequency ORDER BY store_id) AS frequencies,
       (array_agg(upto ORDER BY store_id))[:count(*) - 1] AS upto
  FROM (SELECT store_id, order_frequency, sum(share) OVER (ORDER BY store_id) / sum(share) OVER () AS upto
          FROM sample_stores,
               LATERAL (SELECT customer_share * CASE store_id WHEN 1 THEN 1 ELSE %(others)s::float8 END AS share) AS s) AS summed;

-- name: subject
-- The seed of what is drawn, in dice's hash.
SELECT hashtextextended(%(what)s, %(seed)s);

-- name: people
-- What customers are drawn from: an offset that scatters their numbers, names, and the stores that are their homes.
SELECT hashint8extended(%(seed)s, 0) %% 1000000007 + 1000000007,
       string_to_array('Aaron Abigail Adrian Alice Amara Andre Angela Anita Arjun Beatriz Benjamin Bianca Brandon Camila Carlos Carmen Charlotte Chen Clara Daniel Darius Deborah Diego Dmitri Elena Elijah Emily Emma Ethan Eva Fatima Felix Fiona Gabriel George Grace Hana Hannah Hassan Helen Henry Hiro Ian Ibrahim Imani Ines Isaac Isabel Jack Jamal James Jasmine Javier Jing Joanna Jonas Joseph Julia Kai Karen Keiko Kevin Kofi Laila Laura Leo Liam Lina Lucas Lucia Mai Marcus Maria Mason Mateo Maya Mei Michael Mila Mohammed Nadia Naomi Nathan Nina Noah Nora Oliver Olivia Omar Owen Paul Priya Quinn Rachel Rahul Rebecca Ricardo Rosa Ruth Samir Samuel Sandra Sara Sean Simone Sofia Stefan Tara Thomas Tomas Uma Victor Wei Yara Yusuf Zoe', ' '),
       string_to_array('Abbott Adams Ahmed Alvarez Anderson Baker Banerjee Bennett Brooks Brown Campbell Carter Castillo Chavez Chen Clark Cohen Cooper Cruz Davis Delgado Diaz Edwards Evans Fischer Fisher Flores Foster Garcia Gomez Gonzalez Gray Green Gupta Hall Hansen Harris Hernandez Hill Hoffman Howard Hughes Ibrahim Jackson James Jensen Johnson Jones Kaur Kelly Khan Kim King Kowalski Larsen Lee Lewis Li Lopez Martin Martinez Meyer Miller Mitchell Moore Morales Morgan Morris Mueller Murphy Nakamura Nelson Nguyen Novak Okafor Olsen Ortiz Park Parker Patel Pereira Perez Peterson Phillips Popov Price Ramirez Reed Reyes Rivera Roberts Robinson Rogers Rossi Ruiz Russell Sanchez Santos Sato Schmidt Scott Silva Singh Smith Stewart Sullivan Suzuki Taylor Thomas Thompson Torres Tran Turner Walker Wang Ward Watson White Williams Wilson Wood Wright Yamamoto Young Zhang', ' '),
       store_ids, frequencies, upto
  FROM sample_homes;

-- name: calendar
-- Every day and the running share of its sales.
SELECT day - date '2000-01-01', upto FROM sample_days ORDER BY day;

-- name: departments
-- For each month: the departments and their running shares.
SELECT month, array_agg(category_id ORDER BY category_id) AS category_ids,
       (array_agg(upto ORDER BY category_id))[:count(*) - 1] AS upto
  FROM (SELECT month, category_id,
               sum(weight) OVER (PARTITION BY month ORDER BY category_id) / sum(weight) OVER (PARTITION BY month) AS upto
          FROM sample_months) AS summed
 GROUP BY month;

-- name: shelves
-- For each department: its products and their running shares. A few sell much more than the rest.
SELECT category_id, array_agg(product_id ORDER BY place) AS product_ids,
       (array_agg(upto ORDER BY place))[:count(*) - 1] AS upto
  FROM (SELECT category_id, product_id, place,
               sum(weight) OVER (PARTITION BY category_id ORDER BY place) / sum(weight) OVER (PARTITION BY category_id) AS upto
          FROM (SELECT category_id, product_id, place, power(place, -0.6::float8) AS weight
                  FROM (SELECT category_id, product_id,
                               row_number() OVER (PARTITION BY category_id
                                                  ORDER BY pg_temp.dice(%(seed)s, 'popularity', product_id)) AS place
                          FROM retail.products) AS placed) AS weighed) AS summed
 GROUP BY category_id;

-- name: last_numbers
-- The last order and the last item of each store.
SELECT store_id,
       coalesce((SELECT max(order_id) FROM retail.orders WHERE order_id BETWEEN base AND base + 99999999), base),
       coalesce((SELECT max(order_item_id) FROM retail.order_items WHERE order_item_id BETWEEN base AND base + 99999999), base)
  FROM sample_stores, LATERAL (SELECT store_id * 100000000 AS base) AS b;

-- name: prices
-- The price of each product in cents.
SELECT product_id, (base_price * 100)::bigint FROM retail.products;
