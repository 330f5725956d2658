-- Planner statistics of a partitioned table as a whole: how many rows share a value, and nothing else. PostgreSQL would
-- collect them from the rows of all stores, and each store's plans would reveal the others. Therefore they are collected
-- once, from synthetic rows in the empty table, and never again: a column with STATISTICS 0 keeps its statistics.
-- Conditions are estimated by the statistics of the partitions, which PostgreSQL collects as usual.
CREATE OR REPLACE FUNCTION zava.seed_statistics(parent regclass) RETURNS void
    LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp SET client_min_messages = warning
AS $$
DECLARE
    rows constant text := CASE (SELECT relname FROM pg_class WHERE oid = parent)
        WHEN 'orders' THEN $q$SELECT n, n / 4, store, date '2020-01-01' + n % 1000$q$
        WHEN 'order_items' THEN 'SELECT n, n / 2, store, n % 424, n % 5 + 1, n % 300, n % 6, n % 1000, n % 1000'
        WHEN 'inventory' THEN 'SELECT store, n / 8, n % 150'
        ELSE $q$SELECT n, 'first' || n % 120, 'last' || n % 130, 'email' || n, CASE WHEN n % 12 > 0 THEN 'phone' || n END,
                       CASE WHEN n % 50 > 0 THEN n % 8 END, timestamp '2020-01-01' + n * interval '1 hour', store$q$ END;
    name name;
BEGIN
    EXECUTE format('CREATE TABLE zava.seed PARTITION OF %s FOR VALUES IN (%s)', parent,
                   (SELECT string_agg((n - 2147483648)::text, ', ') FROM generate_series(0, 7) AS n));
    EXECUTE format('INSERT INTO zava.seed %s FROM (SELECT n, (n %% 8 - 2147483648)::integer AS store FROM generate_series(0, 11999) AS n) AS made', rows);
    EXECUTE format('ANALYZE %s', parent);
    DROP TABLE zava.seed;
    FOR name IN SELECT attname FROM pg_attribute WHERE attrelid = parent AND attnum > 0 AND NOT attisdropped LOOP
        EXECUTE format('ALTER TABLE ONLY %s ALTER COLUMN %I SET STATISTICS 0', parent, name);
    END LOOP;
END $$;
COMMENT ON FUNCTION zava.seed_statistics(regclass) IS 'Gives an empty partitioned table statistics that no row of a store has a part in.';
