SELECT md5(string_agg(i::text, ';')) FROM items i
