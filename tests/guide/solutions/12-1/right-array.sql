SELECT md5(array_agg(i ORDER BY i)::text) AS fingerprint FROM items AS i
