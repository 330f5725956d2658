-- Indexes for frequent queries: the statements that build those that a database lacks. An index of the same definition
-- under another name counts. `zava-mcp init` and `init --adopt` run these statements.
SELECT format('CREATE INDEX IF NOT EXISTS %I ON %s USING %s', w.name, t.oid::regclass, w.definition)
  FROM (SELECT row_number() OVER () AS place, * FROM (VALUES
    -- Head office's orders of a period.
    ('orders', 'orders_date', 'btree (order_date)'),
    -- A customer's orders, and for the customers' policy whether a customer ever ordered in a store.
    ('orders', 'orders_customer_store', 'btree (customer_id, store_id)'),
    -- A store's top products, from the index alone.
    ('order_items', 'order_items_store_product', 'btree (store_id, product_id) INCLUDE (order_id, quantity, total_amount)'),
    -- The sales of a product over all stores.
    ('order_items', 'order_items_product', 'btree (product_id)'),
    ('customers', 'customers_primary_store', 'btree (primary_store_id)'),
    ('products', 'products_category', 'btree (category_id)'),
    ('products', 'products_type', 'btree (type_id)'),
    -- A SKU or a full name, in upper or lower case.
    ('products', 'products_sku_upper', 'btree (upper(sku))'),
    ('products', 'products_name_lower', 'btree (lower(product_name))'),
    -- Full-text search, the fallback of semantic search.
    ('products', 'products_words', $$gin (to_tsvector('english', product_name || '. ' || coalesce(product_description, '')))$$),
    -- The stock of a product in the visible stores, from the index alone.
    ('inventory', 'inventory_product_store', 'btree (product_id, store_id) INCLUDE (stock_level)'),
    -- A store's orders of a period with their customers, and an order's items. The rows of all stores share pages in an
    -- adopted database: only an index with the store_id of the policies avoids reading the pages of the other stores.
    ('orders', 'orders_store_date_order', 'btree (store_id, order_date) INCLUDE (order_id, customer_id)'),
    ('order_items', 'order_items_order_store', 'btree (order_id) INCLUDE (store_id, product_id, quantity, total_amount)')
  ) AS v (relation, name, definition)) AS w
  JOIN pg_class t ON t.relname = w.relation AND t.relkind IN ('r', 'p') -- zava has the customers beneath the view
                 AND t.relnamespace IN ('retail'::regnamespace, to_regnamespace('zava'))
 WHERE NOT EXISTS (
       SELECT FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid
        WHERE c.relname = w.name AND c.relnamespace = t.relnamespace
           OR i.indrelid = t.oid AND i.indisvalid AND i.indpred IS NULL
              AND regexp_replace(pg_get_indexdef(c.oid), '^.* USING ', '') = w.definition)
 ORDER BY w.place;
