-- Extends the sample of an embedded database by the days since it was created. A day's rows depend only on the seed, the
-- size, the creation date and the day, so that extending day by day or by a month at once creates the same rows. A sample
-- created today has other rows, because it spreads its customers' visits over all days.

-- name: stale
-- The seed, size and day of the sample, if it is one that is extended and ends before a day; one row or none.
SELECT a.sample_seed, a.sample_scale, a.sample_as_of, e.extended_to
  FROM zava.about a, zava.sample_extension e
 WHERE a.sample_seed IS NOT NULL AND e.extended_to < %(today)s;

-- name: take_lock
-- Whether this transaction got the lock for extending the sample; its end releases the lock.
SELECT pg_try_advisory_xact_lock(7283416);

-- name: visits
-- The visits of the days after %(after)s up to %(today)s, of the sample's customers.
WITH rate AS (
    -- 1.53 visits per customer on average, times the store's frequency
    SELECT round(50000 * %(scale)s::float8) AS customers, (SELECT max(order_frequency) FROM sample_stores) AS most,
           round(50000 * %(scale)s::float8) * 1.53 / (SELECT sum(weight) FROM sample_days WHERE day <= %(as_of)s) AS per_weight
), draws AS MATERIALIZED (
    -- Each draw is kept with the probability of the store's relative frequency.
    SELECT day, n, 1 + floor(pg_temp.dice(%(seed)s, 'customer of a day', n) * customers)::bigint AS c, most
      FROM sample_days, rate,
           LATERAL (SELECT (day - date '2020-01-01')::bigint AS d) AS k,
           LATERAL generate_series(1, floor(weight * per_weight * most + pg_temp.dice(%(seed)s, 'orders of a day', d))::bigint) AS draw,
           LATERAL (SELECT (1::bigint << 40) + (d << 24) + draw AS n) AS m
     WHERE day > %(after)s AND day <= %(today)s
), people AS MATERIALIZED (
    SELECT day, n, store_ids[home] AS home_store_id, upto,
           store_ids, 1000000000 + (c * 1540483477 + hashint8extended(%(seed)s, 0) %% 1000000007 + 1000000007) %% 1147483637 AS customer_id
      FROM draws, sample_homes, LATERAL (SELECT 1 + width_bucket(pg_temp.dice(%(seed)s, 'home', c), upto) AS home) AS h
     WHERE pg_temp.dice(%(seed)s, 'kept', n) < frequencies[home] / most
), outings AS MATERIALIZED (
    SELECT customer_id, n, day,
           CASE WHEN pg_temp.dice(%(seed)s, 'elsewhere', n) < .95 THEN home_store_id
                ELSE store_ids[1 + width_bucket(pg_temp.dice(%(seed)s, 'where', n), upto)] END AS store_id
      FROM people JOIN zava.customers USING (customer_id) -- an administrator may have removed some
)
SELECT customer_id, n, store_id, day - date '2000-01-01' FROM outings JOIN retail.stores USING (store_id);

-- name: extended
-- Records the day, and notifies servers, which then read the first and last day again.
WITH noted AS (UPDATE zava.sample_extension SET extended_to = %(today)s RETURNING 1)
SELECT pg_notify('zava_schema_changed', '') FROM noted;

-- name: to_be_extended
-- Marks a new sample to be extended from its last day on.
INSERT INTO zava.sample_extension (extended_to) SELECT sample_as_of FROM zava.about WHERE sample_seed IS NOT NULL ON CONFLICT DO NOTHING;

-- name: older_to_be_extended
-- The same for a database of an older version, if its sample ended on the day of its creation.
INSERT INTO zava.sample_extension (extended_to)
SELECT a.sample_as_of FROM zava.about a JOIN zava.migrations m ON m.file = 'schema/001_tables.sql'
 WHERE a.sample_seed IS NOT NULL AND m.applied_at::date = a.sample_as_of
    ON CONFLICT DO NOTHING;
