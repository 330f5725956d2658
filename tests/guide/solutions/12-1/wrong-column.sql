SELECT md5(string_agg(price::text, ';' ORDER BY price)) FROM items
