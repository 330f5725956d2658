SELECT md5(string_agg(DISTINCT i::text, ';' ORDER BY i::text)) FROM items i
