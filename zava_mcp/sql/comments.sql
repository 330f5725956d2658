-- Meanings and units of tables and columns, which models that write SQL read: the statements for those without a comment.
-- `zava-mcp init` and `init --adopt` run these statements.
SELECT format('COMMENT ON SCHEMA retail IS %L', 'Stores, products, stock, customers and orders')
 WHERE obj_description('retail'::regnamespace, 'pg_namespace') IS NULL
UNION ALL
SELECT format('COMMENT ON %s %s IS %L',
              CASE WHEN w.column_name IS NOT NULL THEN 'COLUMN' WHEN c.relkind = 'v' THEN 'VIEW' ELSE 'TABLE' END,
              c.oid::regclass || coalesce('.' || quote_ident(w.column_name), ''), w.comment)
  FROM (VALUES
    ('stores', NULL, 'One row per store'),
    ('stores', 'store_name', 'its values are listed below'),
    ('stores', 'rls_user_id', 'identity of the store''s manager; not readable by identities'),
    ('stores', 'is_online', 'true for an online store'),
    ('customers', NULL, 'One row per customer'),
    ('customers', 'primary_store_id', 'the store they usually buy from; null if none'),
    ('customers', 'created_at', 'when they registered, UTC'),
    ('categories', NULL, 'One row per category of products'),
    ('categories', 'category_name', 'its values are listed below'),
    ('product_types', NULL, 'Kinds of product within a category'),
    ('product_types', 'type_name', 'unique only within its category'),
    ('products', NULL, 'One row per product'),
    ('products', 'cost', 'what the company pays, in its currency'),
    ('products', 'base_price', 'list price before discount, in the company''s currency'),
    ('products', 'gross_margin_percent', '(base_price - cost) / base_price, percent'),
    ('inventory', NULL, 'Stock on hand now, one row per store and product'),
    ('inventory', 'stock_level', 'units on hand; 0 is out of stock'),
    ('orders', NULL, 'One row per order; what was bought is in order_items'),
    ('orders', 'store_id', 'the store that sold it'),
    ('orders', 'order_date', 'the day of the order; time of day is not kept'),
    ('order_items', NULL, 'One row per product in an order; revenue = sum(total_amount)'),
    ('order_items', 'store_id', 'same as the order''s store'),
    ('order_items', 'quantity', 'units'),
    ('order_items', 'unit_price', 'price of a unit before discount, in the company''s currency'),
    ('order_items', 'discount_percent', '0-100'),
    ('order_items', 'discount_amount', 'money off the line'),
    ('order_items', 'total_amount', 'money paid: quantity * unit_price - discount_amount'),
    -- As 004 comments the table that it creates; an adopted database may have one already.
    ('product_description_embeddings', NULL, 'One vector per product, of its name and description, for search by meaning'),
    ('product_description_embeddings', 'description_embedding', 'compare only within one model_id; cosine distance: <=>'),
    ('product_description_embeddings', 'model_id', 'the model that made the vector'),
    ('product_description_embeddings', 'text_sha256', 'hash of the text the vector was made from'),
    ('product_description_embeddings', 'created_at', 'when the vector was made, UTC')
  ) AS w (relation, column_name, comment)
  JOIN pg_class c ON c.relname = w.relation AND c.relkind IN ('r', 'p', 'v')
                 AND c.relnamespace IN ('retail'::regnamespace, to_regnamespace('zava'))
  LEFT JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = w.column_name
 WHERE CASE WHEN w.column_name IS NULL THEN obj_description(c.oid, 'pg_class') ELSE col_description(c.oid, a.attnum) END IS NULL;
