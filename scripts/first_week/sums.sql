-- Of every table its rows and the sum of their hashes, as the tables' owner, whom the policies show every row.
SET ROLE zava_owner;
SELECT format('SELECT %1$L, count(*), sum(hashtextextended(t::text, 0)) FROM %1$s t', oid::regclass)
  FROM pg_class
 WHERE relkind IN ('r', 'p') AND NOT relispartition AND relnamespace IN ('retail'::regnamespace, 'zava'::regnamespace)
 ORDER BY oid::regclass::text \gexec
