SELECT sha256(convert_to(string_agg(i::text, ';' ORDER BY i::text), 'UTF8')) FROM items i
