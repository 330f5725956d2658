SELECT left(md5(string_agg(i::text, ';' ORDER BY i::text)), 8) FROM items i
