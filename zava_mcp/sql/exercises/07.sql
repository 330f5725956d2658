-- name: most_similar
-- The five products most similar to one, in stock in the stores of the identity.
SELECT p.product_name, round((100 * (1 - (e.description_embedding <=> t.description_embedding)))::numeric, 1)
  FROM retail.products p
  JOIN retail.product_description_embeddings e USING (product_id)
  JOIN retail.product_description_embeddings t ON t.model_id = e.model_id AND t.product_id <> e.product_id
 WHERE t.product_id = (SELECT product_id FROM retail.products WHERE sku = 'HW-HNG-005')
   AND EXISTS (SELECT FROM retail.inventory i WHERE i.product_id = p.product_id AND i.stock_level > 0)
 ORDER BY e.description_embedding <=> t.description_embedding, p.product_name LIMIT 5

-- name: wanted
-- Each label: the number of its SKUs that exist, their categories, and the word stems that it shares with them.
SELECT l.number, count(p.sku), coalesce(string_agg(DISTINCT p.category_id::text, ' '), ''),
       coalesce(sum(cardinality(ARRAY(
           SELECT unnest(tsvector_to_array(to_tsvector('english', l.query)))
           INTERSECT SELECT unnest(tsvector_to_array(to_tsvector('english', p.product_name || '. ' || p.product_description)))))), 0)
  FROM json_to_recordset('{labels}') AS l (number integer, query text, wanted text)
  LEFT JOIN retail.products p ON p.sku = ANY (string_to_array(l.wanted, ' '))
 GROUP BY l.number ORDER BY l.number
