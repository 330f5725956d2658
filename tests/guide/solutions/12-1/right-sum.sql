SELECT count(*), sum(hashtextextended(i::text, 0)::numeric) FROM items i
