SELECT md5(i::text) FROM items i ORDER BY 1
