SELECT count(*), md5(string_agg(i::text, ';' ORDER BY i::text)) FROM items i;
