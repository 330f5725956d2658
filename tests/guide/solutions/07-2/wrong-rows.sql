SELECT p.product_name, round(((1 - (e.description_embedding <=> t.description_embedding)) * 100)::numeric, 1) AS similarity
  FROM retail.product_description_embeddings t
  JOIN retail.product_description_embeddings e ON e.model_id = t.model_id AND e.product_id <> t.product_id
  JOIN retail.products target ON target.product_id = t.product_id
  JOIN retail.products p ON p.product_id = e.product_id
 WHERE target.sku = 'HW-HNG-005'
   AND p.product_id IN (SELECT product_id FROM retail.inventory WHERE stock_level > 0)
 ORDER BY similarity DESC LIMIT 10
