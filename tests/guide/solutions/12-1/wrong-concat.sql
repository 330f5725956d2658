SELECT md5(string_agg(concat(item_id, store_id, quote_nullable(note), quote_nullable(amount)), ';' ORDER BY item_id % 10, amount)) FROM items
