SELECT bit_xor(hashtextextended(i::text, 0)) FROM items i
