-- The statements that collect statistics of all tables: one for the order items, which take half of the time, and one
-- for the other tables, so that two sessions can run them at the same time.
SELECT format('VACUUM (ANALYZE) %s', string_agg(c.oid::regclass::text, ', ' ORDER BY c.oid))
  FROM pg_class c
 WHERE c.relkind IN ('r', 'm', 'p') AND c.relpersistence = 'p' AND NOT c.relispartition AND NOT c.relisshared
 GROUP BY c.relname = 'order_items'
 ORDER BY c.relname = 'order_items' DESC;
