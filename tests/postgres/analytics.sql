-- Legitimate analytics, a query a line. An identity must be able to run each where functions are revoked from PUBLIC.
-- A line "-- from 18" says from which version of PostgreSQL on the next query exists.

-- Aggregates
SELECT count(*), count(DISTINCT product_id), sum(total_amount), avg(total_amount), min(unit_price), max(unit_price) FROM retail.order_items
SELECT count(*) FILTER (WHERE quantity > 1), sum(total_amount) FILTER (WHERE discount_percent = 0) FROM retail.order_items
SELECT sum(quantity::smallint), sum(quantity), sum(quantity::bigint), sum(unit_price::real), sum(unit_price::double precision), sum(unit_price::money) FROM retail.order_items
SELECT avg(quantity::smallint), avg(quantity::bigint), avg(unit_price::real), avg(unit_price::float8), avg(interval '1 day' * quantity) FROM retail.order_items
SELECT sum(make_interval(days => quantity)), min(order_date), max(order_date) FROM retail.order_items JOIN retail.orders USING (order_id)
SELECT min(product_name), max(sku), min(ctid_like.n), max(ctid_like.n) FROM retail.products, (VALUES (1::oid)) AS ctid_like (n)
SELECT bool_and(quantity > 0), bool_or(quantity > 5), every(quantity > 0) FROM retail.order_items
SELECT bit_and(quantity), bit_or(quantity), bit_xor(quantity) FROM retail.order_items
SELECT bit_and(quantity::bit(8)), bit_or(quantity::bit(8)), bit_xor(quantity::bit(8)) FROM retail.order_items
SELECT string_agg(store_name, ', ' ORDER BY store_name), array_agg(store_name ORDER BY store_id DESC) FROM retail.stores
SELECT string_agg(convert_to(store_name, 'UTF8'), '\x2c'::bytea) FROM retail.stores
SELECT array_agg(ARRAY[store_id, 1]), json_agg(store_name), jsonb_agg(store_name) FROM retail.stores
SELECT json_object_agg(store_name, store_id), jsonb_object_agg(store_name, store_id) FROM retail.stores
SELECT stddev(total_amount), stddev_pop(total_amount), stddev_samp(total_amount), variance(total_amount), var_pop(total_amount), var_samp(total_amount) FROM retail.order_items
SELECT stddev(quantity), stddev_pop(quantity::float8), var_samp(quantity::real), variance(quantity::bigint), var_pop(quantity::smallint) FROM retail.order_items
SELECT corr(quantity, unit_price), covar_pop(quantity, unit_price), covar_samp(quantity, unit_price) FROM retail.order_items
SELECT regr_slope(total_amount, quantity), regr_intercept(total_amount, quantity), regr_r2(total_amount, quantity), regr_count(total_amount, quantity) FROM retail.order_items
SELECT regr_avgx(total_amount, quantity), regr_avgy(total_amount, quantity), regr_sxx(total_amount, quantity), regr_sxy(total_amount, quantity), regr_syy(total_amount, quantity) FROM retail.order_items
SELECT range_agg(daterange(order_date, order_date + 1)) FROM retail.orders WHERE order_id % 100 = 0
SELECT range_intersect_agg(daterange(order_date, order_date + 10000)), range_intersect_agg(datemultirange(daterange(order_date, order_date + 10000))) FROM retail.orders
SELECT min(ARRAY[quantity]), max(ARRAY[quantity]), min(order_time), max(order_time) FROM retail.order_items, (VALUES (time '10:00')) AS t (order_time)
SELECT min(inet '10.0.0.1'), max(inet '10.0.0.2'), min(interval '1 day'), max(timetz '10:00+01'), max('a'::char(3))
-- from 16
SELECT any_value(store_name), any_value(store_id) FROM retail.stores
-- from 16
SELECT range_agg(datemultirange(daterange(order_date, order_date + 1))) FROM retail.orders WHERE order_id % 100 = 0
-- from 18
SELECT min(ROW (store_id, store_name)), max(ROW (store_id, store_name)), max('\x01'::bytea) FROM retail.stores
SELECT xmlagg(x) FROM (VALUES (NULL::xml)) AS t (x)

-- Ordered-set and hypothetical-set aggregates
SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY total_amount), percentile_disc(0.5) WITHIN GROUP (ORDER BY total_amount) FROM retail.order_items
SELECT percentile_cont(ARRAY[0.25, 0.5, 0.75]) WITHIN GROUP (ORDER BY total_amount), percentile_disc(ARRAY[0.1, 0.9]) WITHIN GROUP (ORDER BY order_id) FROM retail.order_items
SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY make_interval(days => quantity)), percentile_cont(ARRAY[0.5]) WITHIN GROUP (ORDER BY make_interval(days => quantity)) FROM retail.order_items
SELECT mode() WITHIN GROUP (ORDER BY product_id), mode() WITHIN GROUP (ORDER BY unit_price DESC) FROM retail.order_items
SELECT rank(10) WITHIN GROUP (ORDER BY quantity), dense_rank(10) WITHIN GROUP (ORDER BY quantity), percent_rank(10) WITHIN GROUP (ORDER BY quantity), cume_dist(10) WITHIN GROUP (ORDER BY quantity) FROM retail.order_items
SELECT store_id, percentile_disc(0.9) WITHIN GROUP (ORDER BY order_date) FROM retail.orders GROUP BY store_id

-- Windows
SELECT order_id, row_number() OVER w, rank() OVER w, dense_rank() OVER w, percent_rank() OVER w, cume_dist() OVER w, ntile(4) OVER w FROM retail.orders WINDOW w AS (ORDER BY order_date) LIMIT 5
SELECT order_id, lag(order_date) OVER w, lead(order_date) OVER w, lag(order_date, 2, order_date) OVER w, first_value(order_date) OVER w, last_value(order_date) OVER w, nth_value(order_date, 2) OVER w FROM retail.orders WINDOW w AS (ORDER BY order_id) LIMIT 5
SELECT order_id, sum(total_amount) OVER (PARTITION BY order_id ORDER BY order_item_id ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW) FROM retail.order_items LIMIT 5
SELECT order_date, count(*) OVER (ORDER BY order_date RANGE BETWEEN interval '7 days' PRECEDING AND CURRENT ROW) FROM retail.orders LIMIT 5
SELECT t, count(*) OVER (ORDER BY t RANGE BETWEEN interval '1 hour' PRECEDING AND interval '1 hour' FOLLOWING) FROM generate_series(timestamptz '2025-01-01', '2025-01-02', '30 minutes') AS t LIMIT 5
SELECT t, count(*) OVER (ORDER BY t RANGE BETWEEN interval '1 hour' PRECEDING AND CURRENT ROW) FROM generate_series(timestamp '2025-01-01', '2025-01-02', '30 minutes') AS t LIMIT 5
SELECT n, sum(n) OVER (ORDER BY n RANGE BETWEEN 2 PRECEDING AND 2 FOLLOWING) FROM generate_series(1, 5) AS n
SELECT n, sum(n) OVER (ORDER BY n RANGE BETWEEN 0.5 PRECEDING AND 0.5 FOLLOWING) FROM generate_series(1.0, 3.0, 0.5) AS n
SELECT n, sum(n) OVER (ORDER BY n RANGE BETWEEN 0.5 PRECEDING AND 0.5 FOLLOWING) FROM unnest(ARRAY[1.0, 1.5]::float8[]) AS n
SELECT t, count(*) OVER (ORDER BY t RANGE BETWEEN interval '1 hour' PRECEDING AND CURRENT ROW) FROM unnest(ARRAY['10:00', '10:30']::time[]) AS t
SELECT t, count(*) OVER (ORDER BY t RANGE BETWEEN interval '1 hour' PRECEDING AND CURRENT ROW) FROM unnest(ARRAY['1 hour', '90 minutes']::interval[]) AS t
SELECT order_date, count(*) OVER (ORDER BY order_date GROUPS BETWEEN 1 PRECEDING AND 1 FOLLOWING EXCLUDE TIES) FROM retail.orders LIMIT 5
SELECT month, total, total - lag(total) OVER (ORDER BY month) AS change FROM (SELECT date_trunc('month', order_date) AS month, sum(total_amount) AS total FROM retail.orders JOIN retail.order_items USING (order_id) GROUP BY 1) AS m
SELECT avg(n) OVER (ORDER BY n ROWS 6 PRECEDING), stddev(n) OVER (ORDER BY n ROWS 6 PRECEDING) FROM generate_series(1, 10) AS n

-- Grouping
SELECT store_id, date_trunc('year', order_date), count(*), grouping(store_id) FROM retail.orders GROUP BY ROLLUP (store_id, date_trunc('year', order_date))
SELECT category_id, type_id, count(*) FROM retail.products GROUP BY CUBE (category_id, type_id) LIMIT 5
SELECT category_id, type_id, grouping(category_id, type_id), count(*) FROM retail.products GROUP BY GROUPING SETS ((category_id), (type_id), ())
SELECT extract(isodow FROM order_date), count(*) FROM retail.orders GROUP BY 1 HAVING count(*) > 1 ORDER BY 1
SELECT DISTINCT ON (customer_id) customer_id, order_date FROM retail.orders ORDER BY customer_id, order_date DESC LIMIT 5
SELECT width_bucket(total_amount, 0, 100, 10), count(*) FROM retail.order_items GROUP BY 1 ORDER BY 1
SELECT width_bucket(total_amount::float8, 0, 100, 10), width_bucket(total_amount, ARRAY[10, 50, 100]::numeric[]), count(*) FROM retail.order_items GROUP BY 1, 2
SELECT width_bucket(order_date, ARRAY['2024-01-01', '2025-01-01']::date[]), count(*) FROM retail.orders GROUP BY 1
SELECT * FROM (SELECT order_date FROM retail.orders INTERSECT SELECT order_date FROM retail.orders EXCEPT SELECT date '2000-01-01') AS d LIMIT 3
SELECT * FROM (SELECT store_id FROM retail.orders UNION SELECT store_id FROM retail.inventory) AS s

-- Joins and subqueries
SELECT c.last_name, o.n FROM retail.customers c CROSS JOIN LATERAL (SELECT count(*) AS n FROM retail.orders o WHERE o.customer_id = c.customer_id) AS o LIMIT 3
SELECT product_name FROM retail.products p WHERE NOT EXISTS (SELECT FROM retail.order_items i WHERE i.product_id = p.product_id) LIMIT 3
SELECT product_name FROM retail.products WHERE product_id IN (SELECT product_id FROM retail.order_items WHERE quantity > 3) LIMIT 3
SELECT product_name FROM retail.products WHERE product_id NOT IN (SELECT product_id FROM retail.inventory WHERE stock_level = 0) LIMIT 3
SELECT product_name FROM retail.products WHERE base_price > ALL (SELECT avg(base_price) FROM retail.products GROUP BY category_id)
SELECT product_name FROM retail.products WHERE (category_id, type_id) = ANY (SELECT category_id, type_id FROM retail.product_types) LIMIT 3
WITH RECURSIVE days AS (SELECT date '2025-01-01' AS day UNION ALL SELECT day + 1 FROM days WHERE day < '2025-01-10') SELECT day, (SELECT count(*) FROM retail.orders WHERE order_date = day) FROM days
WITH RECURSIVE t (n, way) AS (SELECT 1, ARRAY[1] UNION ALL SELECT n + 1, way || n + 1 FROM t WHERE n < 5) SEARCH DEPTH FIRST BY n SET place CYCLE n SET looped USING path SELECT * FROM t
SELECT a.order_id FROM retail.orders a FULL JOIN retail.orders b ON a.order_id = b.order_id LIMIT 3
SELECT o.order_id FROM retail.orders o, generate_series(timestamptz '2024-01-01', now(), '1 year') AS y WHERE o.order_date = y LIMIT 3
SELECT count(*) FROM retail.orders o JOIN (VALUES (timestamp '2024-01-01')) AS v (t) ON o.order_date >= v.t
SELECT count(*) FROM retail.orders o JOIN (VALUES (timestamptz '2024-01-01')) AS v (t) ON o.order_date::timestamp < v.t
SELECT count(*) FROM retail.orders TABLESAMPLE BERNOULLI (50) REPEATABLE (1)
SELECT count(*) >= 0 FROM retail.orders TABLESAMPLE SYSTEM (50)
SELECT CASE quantity WHEN 1 THEN 'one' ELSE 'more' END, coalesce(NULL, quantity), nullif(quantity, 1), greatest(quantity, 2), least(quantity, 2) FROM retail.order_items LIMIT 3
SELECT order_id FROM retail.orders ORDER BY order_date DESC NULLS LAST, order_id FETCH FIRST 3 ROWS WITH TIES
TABLE retail.categories
VALUES (1, 'a'), (2, 'b')

-- Dates, times, intervals, time zones
SELECT now(), current_timestamp, current_date, current_time, localtime, localtimestamp, transaction_timestamp(), statement_timestamp()
SELECT now() - interval '30 days', current_date - 30, current_date - order_date FROM retail.orders LIMIT 1
SELECT age(date '2020-01-01'), age(timestamptz '2025-01-01', timestamptz '2024-01-01'), age(timestamp '2025-01-01', timestamp '2024-01-01'), age(now())
SELECT count(*) FROM retail.orders WHERE order_date >= now() - interval '1 year'
SELECT count(*) FROM retail.orders WHERE order_date < now() AND order_date <= now() AND order_date > timestamptz '2000-01-01' AND order_date <> now()
SELECT count(*) FROM retail.orders WHERE order_date = timestamptz '2024-01-01' OR now() > order_date OR now() <> order_date OR now() = order_date OR now() <= order_date
SELECT timestamp '2025-01-01' < now(), timestamp '2025-01-01' <= now(), timestamp '2025-01-01' = now(), timestamp '2025-01-01' <> now(), timestamp '2025-01-01' > now(), timestamp '2025-01-01' >= now()
SELECT now() < timestamp '2025-01-01', now() <= timestamp '2025-01-01', now() = timestamp '2025-01-01', now() <> timestamp '2025-01-01', now() > timestamp '2025-01-01', now() >= timestamp '2025-01-01'
SELECT now() < date '2025-01-01', now() >= date '2025-01-01', date '2025-01-01' < timestamp '2025-01-02', timestamp '2025-01-02' >= date '2025-01-01'
SELECT order_date BETWEEN now() - interval '90 days' AND now() FROM retail.orders LIMIT 1
SELECT date_trunc('week', order_date), date_trunc('quarter', order_date::timestamp), date_trunc('month', now()), date_trunc('day', now(), 'America/Los_Angeles'), date_trunc('hour', interval '90 minutes') FROM retail.orders LIMIT 1
SELECT date_bin('15 minutes', timestamp '2025-01-01 10:07', '2025-01-01'), date_bin('1 day', now(), '2025-01-01')
SELECT extract(year FROM order_date), extract(week FROM order_date), extract(epoch FROM now()), extract(hour FROM localtime), extract(day FROM interval '3 days'), extract(timezone FROM current_time) FROM retail.orders LIMIT 1
SELECT date_part('month', order_date), date_part('dow', now()), date_part('epoch', interval '1 hour'), date_part('minute', time '10:11'), date_part('hour', timetz '10:11+01') FROM retail.orders LIMIT 1
SELECT order_date + 7, order_date - 7, order_date + interval '1 month', interval '1 month' + order_date, order_date + time '10:00', order_date - date '2020-01-01' FROM retail.orders LIMIT 1
SELECT now() + interval '1 day', interval '1 day' + now(), now() - interval '1 day', now() - timestamptz '2025-01-01', timestamp '2025-01-01' + interval '1 day'
SELECT make_date(2025, 1, 31), make_time(10, 11, 12.5), make_timestamp(2025, 1, 31, 10, 11, 12), make_timestamptz(2025, 1, 31, 10, 11, 12), make_timestamptz(2025, 1, 31, 10, 11, 12, 'Europe/Berlin'), make_interval(1, 2, 3, 4)
SELECT now() AT TIME ZONE 'America/Los_Angeles', timestamp '2025-01-01' AT TIME ZONE 'UTC', timetz '10:00+01' AT TIME ZONE 'UTC', now() AT TIME ZONE interval '2 hours'
SELECT timezone('UTC', now()), timezone('UTC', timestamp '2025-01-01'), timezone(interval '1 hour', now())
SELECT now()::date, now()::time, now()::timestamp, now()::timetz, current_date::timestamptz, current_date::timestamp, localtimestamp::timestamptz, localtime::timetz, localtime::interval
SELECT date '2025-01-31'::text, '2025-01-31'::date, '2025-01-31 10:00'::timestamp, '2025-01-31 10:00+01'::timestamptz, '10:00'::time, '1 day 2 hours'::interval, 'today'::date, 'now'::timestamptz
SELECT (date '2024-01-01', date '2024-06-01') OVERLAPS (date '2024-05-01', date '2024-07-01'), (now(), interval '1 day') OVERLAPS (now(), now()), (time '10:00', time '11:00') OVERLAPS (time '10:30', interval '1 hour')
SELECT (timestamptz '2025-01-01', timestamptz '2025-01-02') OVERLAPS (now(), now()), (timestamp '2025-01-01', interval '1 day') OVERLAPS (timestamp '2025-01-01', timestamp '2025-01-03')
SELECT justify_days(interval '40 days'), justify_hours(interval '40 hours'), justify_interval(interval '40 days 40 hours'), isfinite(now()), isfinite(current_date), isfinite(interval '1 day')
SELECT interval '1 day' * 2.5, interval '1 day' / 3, - interval '1 day', interval '1 day' + interval '1 hour', interval '1 day' > interval '23 hours', interval '1-2' YEAR TO MONTH
SELECT to_char(order_date, 'YYYY-MM'), to_char(now(), 'Day DD Mon YYYY HH24:MI:SS TZ'), to_char(interval '90 minutes', 'HH24:MI'), to_char(timestamp '2025-01-01', 'IYYY-IW') FROM retail.orders LIMIT 1
SELECT to_date('31.01.2025', 'DD.MM.YYYY'), to_timestamp('2025-01-31 10', 'YYYY-MM-DD HH24'), to_timestamp(1700000000), to_date('2025 Jan', 'YYYY Mon')
SELECT name FROM pg_timezone_names WHERE name LIKE 'America/Los%'
SELECT abbrev, utc_offset FROM pg_timezone_abbrevs LIMIT 3
-- from 16
SELECT date_add(now(), '1 day'), date_add(now(), '1 day', 'Europe/Berlin'), date_subtract(now(), '1 day'), date_subtract(now(), '1 day', 'Europe/Berlin')
-- from 18
SELECT now() AT LOCAL, timestamp '2025-01-01' AT LOCAL, to_char(now(), 'TZH:TZM')
SELECT order_date, order_date::timestamptz, order_date::timestamp FROM retail.orders WHERE order_date > '2024-06-01' ORDER BY order_date::timestamptz LIMIT 2

-- Series
SELECT count(*) FROM generate_series(1, 10), generate_series(1::bigint, 10, 2) AS b, generate_series(1.0, 2.0, 0.5) AS c
SELECT count(*) FROM generate_series(timestamp '2025-01-01', '2025-12-31', '1 month') AS a, generate_series(timestamptz '2025-01-01', '2025-12-31', '1 month') AS b, generate_series(date '2025-01-01', date '2025-02-01', '1 week') AS c
SELECT generate_series(1, 3), generate_series(1, 2), generate_subscripts(ARRAY['a', 'b'], 1)
SELECT m, coalesce(sum(total_amount), 0) FROM generate_series(date '2024-01-01', date '2024-12-01', '1 month') AS m LEFT JOIN retail.orders ON date_trunc('month', order_date) = m LEFT JOIN retail.order_items USING (order_id) GROUP BY m
SELECT * FROM unnest(ARRAY['a', 'b'], ARRAY[1, 2, 3]) WITH ORDINALITY AS u (letter, number, place)
SELECT * FROM ROWS FROM (generate_series(1, 3), unnest(ARRAY['x', 'y'])) WITH ORDINALITY AS r (n, letter, place)
-- from 16
SELECT count(*) FROM generate_series(timestamptz '2025-01-01', '2025-12-31', '1 month', 'Europe/Berlin')

-- Numbers
SELECT abs(-1.5), sign(-2), ceil(1.2), ceiling(1.2), floor(1.8), round(1.5), round(1.234, 2), trunc(1.9), trunc(1.239, 2), mod(7, 3), div(7, 2), 7 % 3, 2 ^ 10
SELECT sqrt(2), sqrt(2::numeric), cbrt(27), exp(1), exp(1::numeric), ln(10), ln(10::numeric), log(100), log(100::numeric), log10(100), log(2, 8), power(2, 3), power(2::numeric, 3), pi()
SELECT sin(1), cos(1), tan(1), cot(1), asin(1), acos(1), atan(1), atan2(1, 2), sinh(1), cosh(1), tanh(1), asinh(1), acosh(1), atanh(0.5), sind(30), cosd(60), degrees(1), radians(180)
SELECT factorial(10), gcd(12, 18), lcm(4, 6), scale(1.230), min_scale(1.230), trim_scale(1.230), numeric '12345.678' % 10, random() < 1, |/ 4.0, ||/ 8.0, @ -3
SELECT to_char(1234.5, 'FM999,999.00'), to_char(12, 'RN'), to_char(12::bigint, '000'), to_char(1.5::real, '9.99'), to_char(1.5::float8, '9.99EEEE'), to_char(total_amount, 'L999G999D99'), to_number('1,234.5', '9,999.9') FROM retail.order_items LIMIT 1
SELECT total_amount::money, total_amount::money * 2, 12::money, 12::bigint::money, (total_amount::money)::numeric, 10::money / 4::money, '12.5'::money FROM retail.order_items LIMIT 1
SELECT 5 & 3, 5 | 3, 5 # 3, ~ 5, 1 << 3, 8 >> 1, B'101' & B'011', B'101' || B'1', length(B'101'), bit_count(B'101'), get_bit(B'101', 1), set_bit(B'101', 1, 1), 5::bit(8), B'101'::int, position(B'1' IN B'01')
SELECT 1::int2 + 1::int8, 1.5::float4 * 2::float8, 10 / 3, 10.0 / 3, 1::numeric(10,2), '12'::int, '1e3'::float8, 'NaN'::numeric, 'Infinity'::float8, true::int, 1::boolean, 3.7::int, 3.5::bigint::text
SELECT quantity * unit_price * (1 - discount_percent / 100.0), round(100.0 * discount_amount / nullif(total_amount, 0), 1) FROM retail.order_items LIMIT 3
SELECT num_nulls(1, NULL), num_nonnulls(1, NULL), to_hex(255), pg_size_pretty(123456::bigint), pg_size_bytes('1 MB')
-- from 16
SELECT erf(0.5), erfc(0.5), random_normal() IS NOT NULL, random_normal(10, 2) IS NOT NULL, 1_000, 0xff, 0b11
-- from 18
SELECT gamma(5), lgamma(5), to_bin(5), to_oct(8), random(1, 6) BETWEEN 1 AND 6, random(1.0, 2.0) < 3, random(1::bigint, 9::bigint) > 0

-- Text
SELECT upper(product_name), lower(product_name), initcap(product_name), length(product_name), char_length(product_name), octet_length(product_name), bit_length(product_name), reverse(product_name) FROM retail.products LIMIT 2
SELECT trim(' a '), trim(LEADING 'x' FROM 'xxa'), trim(TRAILING FROM 'a  '), btrim('xax', 'x'), ltrim('  a'), rtrim('a  '), ltrim('xa', 'x'), rtrim('ax', 'x'), trim(BOTH '\x00'::bytea FROM '\x0001'::bytea)
SELECT lpad('1', 3, '0'), rpad('a', 3), left('abc', 2), right('abc', 2), repeat('ab', 3), replace('abc', 'b', 'x'), translate('abc', 'ab', 'xy'), strpos('abc', 'b'), position('b' IN 'abc'), starts_with('abc', 'a'), 'abc' ^@ 'ab'
SELECT substring('abcdef' FROM 2 FOR 3), substr('abcdef', 2), substr('abcdef', 2, 2), substring('abc123' FROM '\d+'), substring('abcd' SIMILAR 'a#"%#"d' ESCAPE '#'), overlay('abcdef' PLACING 'XX' FROM 2 FOR 2)
SELECT split_part(email, '@', 2), count(*) FROM retail.customers GROUP BY 1 ORDER BY 2 DESC LIMIT 3
SELECT 'a' || 'b', 'a' || 1, 1 || 'a', 'a' || order_date, concat('a', 1, NULL, now()::date), concat_ws(', ', 'a', NULL, 1), concat_ws(',', VARIADIC ARRAY['a', 'b']) FROM retail.orders LIMIT 1
SELECT format('%s: %10s %-5s|%I %L', 'a', 1, 'b', 'col', 'it''s'), format('plain'), quote_ident('a b'), quote_literal('x'), quote_literal(1), quote_nullable(NULL::text), quote_nullable(1.5)
SELECT product_name LIKE 'A%', product_name ILIKE '%hammer%', product_name NOT LIKE '%x%', product_name ~ '^A', product_name ~* 'hammer', product_name !~ 'x', product_name !~* 'x', product_name SIMILAR TO '(A|B)%' FROM retail.products LIMIT 2
SELECT regexp_match('a1b2', '\d'), regexp_matches('a1b2', '\d', 'g'), regexp_replace('a1b2', '\d', '#', 'g'), regexp_split_to_array('a,b', ','), regexp_split_to_table('a,b', ',')
SELECT regexp_count('a1b2', '\d'), regexp_instr('a1b2', '\d'), regexp_like('a1', '\d'), regexp_substr('a1b2', '\d', 1, 2), regexp_replace('a1b2', '\d', '#', 1, 2)
SELECT string_to_array('a,b,c', ','), string_to_table('a,b', ','), array_to_string(ARRAY[1, NULL, 3], ',', '*'), array_to_string(ARRAY[now()], ','), unistr('\0041'), chr(65), ascii('A'), to_ascii('abc', 'LATIN1')
SELECT md5('a'), sha224('a'), sha256('a'), sha384('a'), sha512('a'), encode(sha256('a'), 'hex'), encode('abc', 'base64'), decode('YWJj', 'base64'), encode('abc', 'escape'), hashtext('a')
SELECT convert_to('é', 'UTF8'), convert_from('\xc3a9', 'UTF8'), convert('\xc3a9', 'UTF8', 'LATIN1'), length('\xc3a9'::bytea, 'UTF8'), normalize('é', NFD), 'é' IS NFC NORMALIZED, get_byte('\x0102', 1), set_byte('\x0102', 1, 3), substring('\x010203'::bytea FROM 2 FOR 1), position('\x02'::bytea IN '\x0102'::bytea)
SELECT product_name COLLATE "C" < 'b', 'abc'::char(5), 'abc'::varchar(2), 'abc'::name, pg_collation_for(product_name) FROM retail.products ORDER BY product_name COLLATE "C" LIMIT 2
SELECT parse_ident('a.b'), textsend('a'), left(product_description, 20) || '…', bit_count('\xff'::bytea), "left"('abc', -1) FROM retail.products LIMIT 1
SELECT nullif(trim(phone), ''), coalesce(phone, 'none'), length(regexp_replace(phone, '\D', '', 'g')) FROM retail.customers LIMIT 3
-- from 18
SELECT casefold('ABC'), crc32('a'), crc32c('a'), unicode_assigned('a'), unicode_version(), reverse('\x0102'::bytea), 1::bytea

-- Arrays
SELECT ARRAY[1, 2] || 3, 0 || ARRAY[1], ARRAY[1] || ARRAY[2], array_append(ARRAY[1], 2), array_prepend(0, ARRAY[1]), array_cat(ARRAY[1], ARRAY[2]), array_remove(ARRAY[1, 2], 1), array_replace(ARRAY[1, 2], 1, 9)
SELECT array_length(ARRAY[1, 2], 1), cardinality(ARRAY[1, 2]), array_dims(ARRAY[1, 2]), array_ndims(ARRAY[1]), array_lower(ARRAY[1], 1), array_upper(ARRAY[1], 1), array_position(ARRAY['a', 'b'], 'b'), array_positions(ARRAY[1, 1], 1), array_fill(0, ARRAY[3]), trim_array(ARRAY[1, 2], 1)
SELECT ARRAY[1, 2] @> ARRAY[1], ARRAY[1] <@ ARRAY[1, 2], ARRAY[1] && ARRAY[1, 2], 1 = ANY (ARRAY[1, 2]), 1 <> ALL (ARRAY[2]), ARRAY[1] = ARRAY[1], ARRAY[1] < ARRAY[2], (ARRAY[1, 2, 3])[2:3], ARRAY[[1, 2], [3, 4]]
SELECT ARRAY(SELECT store_name FROM retail.stores), array_agg(DISTINCT category_id) FROM retail.products
SELECT ARRAY['a', 'b']::varchar[], '{1,2}'::int[]::text, ARRAY[1, 2]::numeric[], ARRAY['2025-01-01']::date[], ARRAY[now()]::date[], unnest('{a,b}'::text[])
-- from 16
SELECT array_sample(ARRAY[1, 2, 3], 2), array_shuffle(ARRAY[1, 2])
-- from 18
SELECT array_reverse(ARRAY[1, 2]), array_sort(ARRAY[2, 1]), array_sort(ARRAY[2, 1], true, false)

-- JSON
SELECT '{"a": [1, 2]}'::json -> 'a', '{"a": [1, 2]}'::json -> 'a' -> 0, '{"a": 1}'::json ->> 'a', '{"a": {"b": 1}}'::json #> '{a,b}', '{"a": {"b": 1}}'::json #>> '{a,b}', '[1]'::json ->> 0
SELECT '{"a": [1, 2]}'::jsonb -> 'a', '{"a": 1}'::jsonb ->> 'a', '{"a": {"b": 1}}'::jsonb #> '{a,b}', '{"a": {"b": 1}}'::jsonb #>> '{a,b}', '{"a": 1}'::jsonb @> '{"a": 1}', '{}'::jsonb <@ '{"a": 1}', '{"a": 1}'::jsonb ? 'a', '{"a": 1}'::jsonb ?| '{a,b}', '{"a": 1}'::jsonb ?& '{a}'
SELECT '{"a": 1}'::jsonb || '{"b": 2}', '{"a": 1}'::jsonb - 'a', '[1, 2]'::jsonb - 0, '{"a": 1}'::jsonb - '{a}'::text[], '{"a": {"b": 1}}'::jsonb #- '{a,b}', ('{"a": 1}'::jsonb)['a'], '[1]'::jsonb = '[1]', '[1]'::jsonb < '[2]'
SELECT json_build_object('a', 1, 'b', now()), json_build_array(1, 'a', NULL), jsonb_build_object('a', 1), jsonb_build_array(1, 'a'), json_object('{a,1}'), jsonb_object('{a}', '{1}'), json_build_array(), json_build_object(), jsonb_build_array(), jsonb_build_object()
SELECT to_json(now()), to_jsonb('a'::text), row_to_json(s), row_to_json(s, true), array_to_json(ARRAY[1, 2]), array_to_json(ARRAY[1], true) FROM (SELECT store_id, store_name FROM retail.stores) AS s LIMIT 1
SELECT jsonb_set('{"a": 1}', '{a}', '2'), jsonb_set_lax('{"a": 1}', '{a}', NULL), jsonb_insert('[1]', '{0}', '0'), jsonb_strip_nulls('{"a": null}'), json_strip_nulls('{"a": null}'), jsonb_pretty('{"a": 1}'), jsonb_typeof('1'), json_typeof('1'), jsonb_array_length('[1]'), json_array_length('[1]')
SELECT * FROM jsonb_each('{"a": 1}'), jsonb_each_text('{"a": 1}') AS t, json_each('{"a": 1}') AS u, json_each_text('{"a": 1}') AS v, jsonb_object_keys('{"a": 1}') AS k, json_object_keys('{"a": 1}') AS l
SELECT * FROM jsonb_array_elements('[1]'), jsonb_array_elements_text('[1]') AS t, json_array_elements('[1]') AS u, json_array_elements_text('[1]') AS v
SELECT * FROM jsonb_to_record('{"a": 1}') AS a (a int), jsonb_to_recordset('[{"b": 1}]') AS b (b int), json_to_record('{"c": "2025-01-01"}') AS c (c date), json_to_recordset('[{"d": 1.5}]') AS d (d numeric)
SELECT (jsonb_populate_record(NULL::retail.categories, '{"category_id": 1}')).*, (json_populate_record(NULL::retail.categories, '{"category_id": 1}')).category_id
SELECT * FROM jsonb_populate_recordset(NULL::retail.categories, '[{"category_id": 1}]'), json_populate_recordset(NULL::retail.categories, '[{"category_id": 1}]') AS j
SELECT jsonb_path_query('[1, 2]', '$[*] ? (@ > 1)'), jsonb_path_query_array('[1, 2]', '$[*]'), jsonb_path_query_first('[1, 2]', '$[*]'), jsonb_path_exists('{"a": 1}', '$.a'), jsonb_path_match('{"a": 1}', '$.a == 1'), '{"a": 1}'::jsonb @? '$.a', '{"a": 1}'::jsonb @@ '$.a == 1'
SELECT jsonb_path_query_tz('["2025-01-01"]', '$[*].datetime()'), jsonb_path_query_array_tz('[1]', '$[*]'), jsonb_path_query_first_tz('[1]', '$[*]'), jsonb_path_exists_tz('["2025-01-01"]', '$[*] ? (@.datetime() < "2026-01-01".datetime())'), jsonb_path_match_tz('1', '$ == 1')
SELECT jsonb_path_query('{"a": [1, 2]}', '$.a[0] * $x', '{"x": 2}'), jsonb_path_query('{"a": "xay"}', '$.a ? (@ like_regex "a")'), jsonb_path_query('[3, 1]', '$.size()'), jsonb_path_query('{"a": {"b": 1}}', '$.**.b')
SELECT json_extract_path('{"a": 1}', 'a'), json_extract_path_text('{"a": 1}', 'a'), jsonb_extract_path('{"a": 1}', 'a'), jsonb_extract_path_text('{"a": 1}', 'a'), ('1'::jsonb)::int, ('1.5'::jsonb)::numeric, ('true'::jsonb)::boolean
SELECT jsonb_agg(s ORDER BY store_id), json_agg(row_to_json(s)), jsonb_object_agg(store_id, to_jsonb(s)) FROM (SELECT store_id, store_name FROM retail.stores) AS s
-- from 16
SELECT JSON_ARRAY(1, 'a', NULL NULL ON NULL), JSON_OBJECT('a': 1, 'b': NULL ABSENT ON NULL), JSON_OBJECT('a': 1 WITH UNIQUE KEYS RETURNING jsonb), JSON_ARRAY(SELECT store_id FROM retail.stores), JSON_ARRAY(1 RETURNING jsonb)
-- from 16
SELECT JSON_ARRAYAGG(store_name ORDER BY store_id), JSON_OBJECTAGG(store_name: store_id), JSON_ARRAYAGG(store_name NULL ON NULL RETURNING jsonb), JSON_OBJECTAGG(store_id: store_name ABSENT ON NULL), JSON_OBJECTAGG(store_id: store_name WITH UNIQUE KEYS), JSON_OBJECTAGG(store_id: store_name ABSENT ON NULL WITH UNIQUE KEYS RETURNING jsonb) FROM retail.stores
-- from 16
SELECT json_agg_strict(store_name), json_object_agg_strict(store_id, store_name), json_object_agg_unique(store_id, store_name), json_object_agg_unique_strict(store_id, store_name), jsonb_agg_strict(store_name), jsonb_object_agg_strict(store_id, store_name), jsonb_object_agg_unique(store_id, store_name), jsonb_object_agg_unique_strict(store_id, store_name) FROM retail.stores
-- from 16
SELECT '{"a": 1}' IS JSON, '[1]' IS JSON ARRAY, '{}' IS JSON OBJECT WITH UNIQUE KEYS, '1' IS JSON SCALAR, pg_input_is_valid('12x', 'integer'), (pg_input_error_info('12x', 'integer')).message
-- from 18
SELECT JSON_VALUE('{"a": 1}', '$.a' RETURNING int), JSON_QUERY('{"a": [1]}', '$.a'), JSON_EXISTS('{"a": 1}', '$.a'), JSON('{"a": 1}'), JSON_SCALAR(1), JSON_SERIALIZE('{"a": 1}'), JSON_VALUE('{"d": "2025-01-01"}', '$.d' RETURNING date)
-- from 18
SELECT * FROM JSON_TABLE('[{"a": 1, "b": ["x"]}]', '$[*]' COLUMNS (n FOR ORDINALITY, a int PATH '$.a', NESTED PATH '$.b[*]' COLUMNS (b text PATH '$'))) AS j
-- from 18
SELECT jsonb_populate_record_valid(NULL::retail.categories, '{"category_id": "x"}'), JSON_VALUE('"12.5"', '$.number()'), JSON_VALUE('"2025-01-01"', '$.date()')

-- Ranges and multiranges
SELECT int4range(1, 5), int8range(1, 5, '[]'), numrange(1, 2), daterange('2025-01-01', '2025-02-01'), tsrange('2025-01-01', NULL), tstzrange(now(), NULL), '[1,5)'::int4range, int4multirange(int4range(1, 2)), '{[1,2)}'::int8multirange
SELECT nummultirange(numrange(1, 2)), datemultirange(), tsmultirange(tsrange('2025-01-01', NULL)), tstzmultirange(tstzrange(now(), NULL)), multirange(int4range(1, 2)), int4range(1, 2)::int4multirange
SELECT lower(int4range(1, 5)), upper(int4range(1, 5)), isempty(int4range(1, 1)), lower_inc(int4range(1, 5)), upper_inc(int4range(1, 5)), lower_inf(int4range(NULL, 5)), upper_inf(int4range(1, NULL)), range_merge(int4range(1, 2), int4range(4, 5))
SELECT int4range(1, 5) @> 3, int4range(1, 5) @> int4range(2, 3), 3 <@ int4range(1, 5), int4range(1, 5) && int4range(4, 6), int4range(1, 2) << int4range(3, 4), int4range(3, 4) >> int4range(1, 2), int4range(1, 2) -|- int4range(2, 3), int4range(1, 2) &< int4range(1, 3), int4range(1, 2) &> int4range(0, 1)
SELECT int4range(1, 5) + int4range(4, 6), int4range(1, 5) * int4range(4, 6), int4range(1, 5) - int4range(4, 6), int4range(1, 5) = int4range(1, 5), int4range(1, 5) < int4range(2, 3), '{[1,3)}'::int4multirange + '{[5,7)}', '{[1,3)}'::int4multirange - '{[2,3)}', '{[1,3)}'::int4multirange * '{[2,3)}'
SELECT lower(m), upper(m), isempty(m), unnest(m), m @> 2, m && int4range(1, 2), range_merge(m), m -|- int4range(9, 10), m << int4range(9, 10), m = m, lower_inc(m), upper_inf(m) FROM (VALUES ('{[1,3),[5,7)}'::int4multirange)) AS v (m)
SELECT count(*) FROM retail.orders WHERE daterange('2024-01-01', '2025-01-01') @> order_date AND order_date <@ daterange('2024-01-01', NULL)
SELECT count(*) FROM retail.orders WHERE tstzrange(now() - interval '2 years', now()) @> order_date::timestamptz AND tsrange(NULL, localtimestamp) @> order_date::timestamp

-- Full text
SELECT product_name, ts_rank(to_tsvector(product_description), q) FROM retail.products, to_tsquery('hammer | saw') AS q WHERE to_tsvector(product_description) @@ q ORDER BY 2 DESC LIMIT 3
SELECT to_tsvector('english', 'a fat cat'), to_tsvector('a fat cat'), to_tsquery('english', 'cat'), plainto_tsquery('fat cat'), plainto_tsquery('simple', 'fat cat'), phraseto_tsquery('fat cat'), phraseto_tsquery('english', 'fat cat'), websearch_to_tsquery('fat -cat'), websearch_to_tsquery('english', '"fat cat"')
SELECT ts_headline(product_description, to_tsquery('steel')), ts_headline('english', product_description, to_tsquery('steel'), 'MaxWords=10, MinWords=5'), ts_headline(product_description, to_tsquery('steel'), 'StartSel=<, StopSel=>') FROM retail.products LIMIT 2
SELECT ts_rank_cd(to_tsvector('a b'), 'a & b'), ts_rank('{0.1,0.2,0.4,1.0}', to_tsvector('a b'), 'a'), ts_rank(to_tsvector('a b'), 'a', 1), setweight(to_tsvector('a b'), 'A'), setweight(to_tsvector('fat cat'), 'A', '{cat}'), strip(to_tsvector('fat cat')), length(to_tsvector('fat cat'))
SELECT 'fat cat' @@ 'cat', 'fat cat' @@ to_tsquery('cat'), to_tsvector('fat cat') @@@ to_tsquery('cat'), to_tsquery('cat') @@ to_tsvector('fat cat'), to_tsvector('a cat') || to_tsvector('dog'), 'a'::tsquery && 'b', 'a'::tsquery || 'b', !! 'a'::tsquery, 'a'::tsquery <-> 'b', 'a & b'::tsquery @> 'a', 'a'::tsquery <@ 'a & b'
SELECT numnode('a & b'::tsquery), querytree('a & b'::tsquery), tsquery_phrase('a', 'b', 2), ts_delete(to_tsvector('fat cat'), 'cat'), ts_delete(to_tsvector('fat cat'), '{cat}'::text[]), ts_filter(setweight(to_tsvector('cat'), 'A'), '{a}'), tsvector_to_array(to_tsvector('cat')), array_to_tsvector('{cat}'), ts_rewrite('a & b', 'a', 'c'), unnest(to_tsvector('cat'))
SELECT ts_lexize('english_stem', 'cats'), get_current_ts_config(), (ts_parse('default', 'a cat')).token, (ts_token_type('default')).alias, (ts_debug('a cat')).token, (ts_debug('english', 'a cat')).lexemes
SELECT to_tsvector('{"a": "cat"}'::json), to_tsvector('{"a": "cat"}'::jsonb), to_tsvector('english', '{"a": "cat"}'::jsonb), json_to_tsvector('{"a": "cat"}', '"all"'), jsonb_to_tsvector('{"a": "cat"}', '"all"'), jsonb_to_tsvector('english', '{"a": "cat"}', '["string"]'), ts_headline('{"a": "cat"}'::jsonb, to_tsquery('cat')), ts_headline('{"a": "cat"}'::json, to_tsquery('cat'))
SELECT word, count(*) FROM retail.products, unnest(tsvector_to_array(to_tsvector('english', product_description))) AS word GROUP BY 1 ORDER BY 2 DESC LIMIT 3

-- Other types
SELECT gen_random_uuid() IS NOT NULL, '00000000-0000-0000-0000-000000000001'::uuid, '00000000-0000-0000-0000-000000000001'::uuid < gen_random_uuid(), uuid_in('00000000-0000-0000-0000-000000000001')
-- from 18
SELECT uuidv4() IS NOT NULL, uuid_extract_timestamp('019535d9-3df7-79fb-b466-fa907fa17f9e'), uuid_extract_version('019535d9-3df7-79fb-b466-fa907fa17f9e')
SELECT inet '10.0.0.1/8', host(inet '10.0.0.1/8'), network(inet '10.0.0.1/8'), masklen(inet '10.0.0.1/8'), inet '10.0.0.1' << inet '10.0.0.0/8', inet '10.0.0.1' + 1, broadcast(inet '10.0.0.1/8'), netmask(inet '10.0.0.1/8'), family(inet '::1'), abbrev(inet '10.0.0.0/8'), set_masklen(inet '10.0.0.1', 8), inet_merge('10.0.0.1', '10.0.0.9'), macaddr '08:00:2b:01:02:03', trunc(macaddr '08:00:2b:01:02:03')
SELECT point(1, 2) <-> point(3, 4), point '(1,2)' + point '(1,1)', box(point(0, 0), point(1, 1)) @> point(0.5, 0.5), circle(point(0, 0), 2) @> point(1, 1), area(circle '<(0,0),1>'), center(box '(0,0),(1,1)'), diameter(circle '<(0,0),1>'), lseg(point(0, 0), point(1, 1)) ?# lseg(point(0, 1), point(1, 0)), line(point(0, 0), point(1, 1))
SELECT polygon '((0,0),(0,2),(2,2),(2,0))' @> point(1, 1), npoints(polygon '((0,0),(0,2),(2,2))'), area(path '((0,0),(0,2),(2,2),(2,0))'), length(path '((0,0),(0,2))'), point(polygon '((0,0),(0,2),(2,2))'), slope(point(0, 0), point(1, 1)), bound_box(box '(0,0),(1,1)', box '(2,2),(3,3)'), earth.d FROM (SELECT point(47.6, -122.3) <-> point(47.7, -122.2) AS d) AS earth
SELECT pg_lsn '0/10' - pg_lsn '0/8', 'pg_class'::regclass, 'int4'::regtype, 'retail'::regnamespace::text, pg_typeof(now()), pg_typeof(1.5), format_type('numeric'::regtype, NULL), (ROW (1, 'a')).f1, ROW (1, 2) < ROW (1, 3), ROW (1, NULL) IS DISTINCT FROM ROW (1, 2)
SELECT pg_column_size(product_name), pg_column_size(1), pg_column_compression(product_description) FROM retail.products LIMIT 1
SELECT x::text, x::int, x::numeric, x::float8, x::money, x::boolean FROM (VALUES (1)) AS v (x)
SELECT s, s::text FROM (SELECT store_id, store_name FROM retail.stores) AS s LIMIT 1
SELECT true AND false, NOT true, true IS NOT FALSE, NULL IS UNKNOWN, booland_statefunc(true, true), 'yes'::boolean, 't' = true::text, true::text

-- The description of the schema
SELECT table_name, table_type FROM information_schema.tables WHERE table_schema = 'retail'
SELECT table_name, column_name, data_type, is_nullable, column_default FROM information_schema.columns WHERE table_schema = 'retail' ORDER BY 1, ordinal_position
SELECT constraint_name, table_name, constraint_type FROM information_schema.table_constraints WHERE table_schema = 'retail'
SELECT * FROM information_schema.key_column_usage
SELECT * FROM information_schema.referential_constraints
SELECT * FROM information_schema.constraint_column_usage
SELECT schema_name FROM information_schema.schemata
SELECT routine_name FROM information_schema.routines WHERE routine_schema = 'retail'
SELECT table_name, view_definition FROM information_schema.views WHERE table_schema = 'retail'
SELECT grantee, table_name, privilege_type FROM information_schema.table_privileges WHERE table_schema = 'retail'
SELECT * FROM information_schema.column_privileges WHERE table_schema = 'retail' LIMIT 5
SELECT * FROM information_schema.role_table_grants WHERE table_schema = 'retail' LIMIT 5
SELECT * FROM information_schema.sequences
SELECT * FROM information_schema.check_constraints WHERE constraint_schema = 'retail'
SELECT * FROM information_schema.domains
SELECT * FROM information_schema.element_types WHERE object_schema = 'retail'
SELECT * FROM information_schema.triggers
SELECT schemaname, tablename, indexname, indexdef FROM pg_indexes WHERE schemaname = 'retail'
SELECT schemaname, tablename, tableowner FROM pg_tables WHERE schemaname = 'retail'
SELECT viewname, definition FROM pg_views WHERE schemaname = 'retail'
SELECT * FROM pg_matviews
SELECT attname, n_distinct FROM pg_stats WHERE schemaname = 'retail'
SELECT * FROM pg_policies WHERE schemaname = 'retail' LIMIT 1
SELECT conname, pg_get_constraintdef(oid), pg_get_constraintdef(oid, true) FROM pg_constraint WHERE connamespace = 'retail'::regnamespace
SELECT pg_get_indexdef(indexrelid), pg_get_indexdef(indexrelid, 1, true) FROM pg_index WHERE indrelid = 'retail.orders'::regclass
SELECT c.relname, obj_description(c.oid), obj_description(c.oid, 'pg_class'), col_description(c.oid, 1), pg_get_userbyid(c.relowner), pg_table_is_visible(c.oid) FROM pg_class c WHERE c.relnamespace = 'retail'::regnamespace
SELECT a.attname, format_type(a.atttypid, a.atttypmod), pg_get_expr(d.adbin, d.adrelid), a.attnotnull FROM pg_attribute a LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum WHERE a.attrelid = to_regclass('retail.orders') AND a.attnum > 0
SELECT to_regclass('retail.orders'), to_regtype('integer'), to_regnamespace('retail'), to_regproc('now'), to_regprocedure('now()'), to_regoperator('+(integer,integer)'), to_regrole('nobody'), to_regcollation('"C"'), 'retail.orders'::text::regclass
SELECT has_table_privilege('retail.orders', 'SELECT'), has_column_privilege('retail.orders', 'order_id', 'SELECT'), has_any_column_privilege('retail.stores', 'SELECT'), has_schema_privilege('retail', 'USAGE'), has_function_privilege('now()', 'EXECUTE'), has_database_privilege(current_database(), 'CONNECT'), has_type_privilege('integer', 'USAGE'), pg_has_role(current_user, 'MEMBER'), row_security_active('retail.orders')
SELECT current_user, session_user, user, current_role, current_catalog, current_schema, current_database(), current_schema(), current_schemas(true), version(), current_setting('server_version_num'), current_setting('TimeZone'), current_setting('x.y', true), pg_client_encoding(), getdatabaseencoding(), pg_is_in_recovery(), pg_backend_pid() > 0
SELECT pg_get_viewdef('information_schema.tables'::regclass), pg_get_functiondef('zava.is_known()'::regprocedure) IS NOT NULL, pg_get_function_result('zava.is_known()'::regprocedure), pg_get_function_arguments('zava.is_known()'::regprocedure), pg_get_function_identity_arguments('zava.is_known()'::regprocedure)
SELECT pg_get_serial_sequence('retail.orders', 'order_id'), (pg_get_keywords()).word LIMIT 1
SELECT zava.is_known(), zava.sees_all_stores(), zava.only_store(), zava.visible_stores()

-- Questions as people ask them
SELECT date_trunc('month', o.order_date)::date AS month, sum(i.total_amount) AS revenue FROM retail.orders o JOIN retail.order_items i USING (order_id) GROUP BY 1 ORDER BY 1
SELECT p.product_name, sum(i.quantity) AS units, rank() OVER (ORDER BY sum(i.quantity) DESC) FROM retail.order_items i JOIN retail.products p USING (product_id) GROUP BY 1 ORDER BY 2 DESC LIMIT 10
SELECT c.category_name, round(sum(i.total_amount - i.quantity * p.cost), 2) AS margin FROM retail.order_items i JOIN retail.products p USING (product_id) JOIN retail.categories c USING (category_id) GROUP BY 1
SELECT to_char(order_date, 'Dy'), count(*), round(100.0 * count(*) / sum(count(*)) OVER (), 1) || ' %' AS share FROM retail.orders GROUP BY 1
SELECT customer_id, count(*), max(order_date), current_date - max(order_date) AS days_ago, ntile(5) OVER (ORDER BY max(order_date)) AS recency FROM retail.orders GROUP BY 1 LIMIT 5
WITH first AS (SELECT customer_id, min(order_date) AS day FROM retail.orders GROUP BY 1) SELECT date_trunc('month', f.day) AS cohort, extract(month FROM age(o.order_date, f.day)) AS month, count(DISTINCT o.customer_id) FROM first f JOIN retail.orders o USING (customer_id) GROUP BY 1, 2 LIMIT 10
SELECT a.product_id, b.product_id, count(*) FROM retail.order_items a JOIN retail.order_items b ON a.order_id = b.order_id AND a.product_id < b.product_id GROUP BY 1, 2 ORDER BY 3 DESC LIMIT 5
SELECT s.store_name, sum(v.stock_level * p.cost) AS value FROM retail.inventory v JOIN retail.products p USING (product_id) JOIN retail.stores s ON s.store_id = v.store_id GROUP BY 1
SELECT product_name, stock_level FROM retail.inventory JOIN retail.products USING (product_id) WHERE stock_level < 5 ORDER BY stock_level LIMIT 10
SELECT y, total, round(100 * (total / lag(total) OVER (ORDER BY y) - 1), 1) AS growth FROM (SELECT extract(year FROM order_date) AS y, sum(total_amount) AS total FROM retail.orders JOIN retail.order_items USING (order_id) GROUP BY 1) AS t
SELECT quantity, count(*), sum(count(*)) OVER (ORDER BY quantity) FROM retail.order_items GROUP BY quantity ORDER BY quantity
SELECT store_name, json_agg(json_build_object('product', product_name, 'stock', stock_level) ORDER BY stock_level) FROM (SELECT * FROM retail.inventory JOIN retail.products USING (product_id) JOIN (SELECT store_id, store_name FROM retail.stores) AS s USING (store_id) LIMIT 5) AS t GROUP BY 1
SELECT type_name, avg(base_price)::numeric(10,2), percentile_cont(0.9) WITHIN GROUP (ORDER BY base_price) FROM retail.products JOIN retail.product_types USING (type_id) GROUP BY 1 ORDER BY 2 DESC LIMIT 5
SELECT corr(base_price::float8, gross_margin_percent::float8), regr_slope(base_price, cost) FROM retail.products
SELECT substring(sku FROM '^[A-Z]+') AS family, count(*) FROM retail.products GROUP BY 1 ORDER BY 2 DESC LIMIT 5
SELECT discount_percent > 0 AS discounted, avg(total_amount), count(*) FROM retail.order_items GROUP BY 1
SELECT sum(CASE WHEN extract(dow FROM order_date) IN (0, 6) THEN 1 ELSE 0 END) AS weekend, count(*) FROM retail.orders
SELECT order_id FROM retail.orders WHERE order_date = (SELECT max(order_date) FROM retail.orders) LIMIT 3
SELECT product_name, similarity.n FROM retail.products, LATERAL (SELECT length(product_name) - length(replace(lower(product_name), 'a', '')) AS n) AS similarity LIMIT 3
SELECT lower(first_name || '.' || last_name), md5(email), regexp_replace(email, '^[^@]+', '***') FROM retail.customers LIMIT 3
SELECT date_part('year', created_at), count(*), min(created_at), max(created_at) FROM retail.customers GROUP BY 1
SELECT percent_rank() OVER (ORDER BY base_price), cume_dist() OVER (ORDER BY base_price) FROM retail.products LIMIT 3

-- Vectors
SELECT '[1,2]'::vector <-> '[1,3]', '[1,2]'::vector <=> '[1,3]', '[1,2]'::vector <#> '[1,3]', '[1,2]'::vector <+> '[1,3]', '[1,2]'::vector + '[1,3]', '[1,2]'::vector - '[1,3]', '[1,2]'::vector * '[1,3]', '[1,2]'::vector || '[3]', '[1,2]'::vector = '[1,2]'
SELECT l2_distance('[1,2]'::vector, '[1,3]'), cosine_distance('[1,2]'::vector, '[1,3]'), inner_product('[1,2]'::vector, '[1,3]'), l1_distance('[1,2]'::vector, '[1,3]'), vector_dims('[1,2]'::vector), vector_norm('[1,2]'), l2_normalize('[1,2]'::vector), subvector('[1,2]'::vector, 1, 1), binary_quantize('[1,-2]'::vector)
SELECT '[1,2]'::halfvec <=> '[1,3]', '{1:1}/2'::sparsevec <-> '{2:1}/2', B'101' <~> B'100', B'101' <%> B'100', ARRAY[1, 2]::vector, ARRAY[1.5]::halfvec, '[1,2]'::vector::real[], '[1,2]'::vector::halfvec, '[1,2]'::vector::vector(2)
SELECT avg(v), sum(v) FROM (VALUES ('[1,2]'::vector), ('[3,4]')) AS t (v)
SELECT a.product_id, b.product_id FROM (SELECT * FROM retail.product_description_embeddings ORDER BY product_id LIMIT 1) AS a, retail.product_description_embeddings AS b ORDER BY a.description_embedding <=> b.description_embedding LIMIT 3
