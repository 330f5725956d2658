SELECT count(note), md5(string_agg(concat_ws(',', item_id, store_id, note, amount), ';' ORDER BY item_id)) FROM items
