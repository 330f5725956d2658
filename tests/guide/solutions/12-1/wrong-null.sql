SELECT md5(string_agg(item_id || '|' || store_id || '|' || coalesce(note, '') || '|' || coalesce(amount, 0), ';' ORDER BY item_id, amount)) FROM items
