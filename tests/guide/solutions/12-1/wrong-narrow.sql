SELECT count(*), sum(hashtext(i::text)) FROM items i
