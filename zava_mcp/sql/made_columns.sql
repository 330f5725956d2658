-- The columns that zava-mcp made and identities read, as rows of VALUES (name, columns).
    ('stores', '{store_id,store_name,is_online}'::name[]), ('categories', '{category_id,category_name}'),
    ('customers', '{customer_id,first_name,last_name,email,phone,primary_store_id,created_at}'),
    ('customers_by_store', '{customer_id,first_name,last_name,email,phone,primary_store_id,created_at,visible_in}'),
    ('product_types', '{type_id,category_id,type_name}'),
    ('products', '{product_id,sku,product_name,category_id,type_id,cost,base_price,gross_margin_percent,product_description}'),
    ('inventory', '{store_id,product_id,stock_level}'), ('orders', '{order_id,customer_id,store_id,order_date}'),
    ('order_items', '{order_item_id,order_id,store_id,product_id,quantity,unit_price,discount_percent,discount_amount,total_amount}'),
    ('product_description_embeddings', '{product_id,description_embedding,created_at,model_id,text_sha256}')
