SELECT count(*), sum(item_id), sum(store_id), sum(amount), count(note) FROM items
