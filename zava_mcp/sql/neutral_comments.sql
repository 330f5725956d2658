-- Replaces comments of 005 that are true of the sample only, where they are still there word for word.
DO $$
DECLARE
    comment record;
BEGIN
    FOR comment IN
        WITH renewed (relation, column_name, older, newer) AS (VALUES
            ('stores', NULL, 'One row per store: seven shops and one online store', 'One row per store'),
            ('stores', 'store_name', 'e.g. Zava Retail Seattle', 'its values are listed below'),
            ('stores', 'is_online', 'true for the online store', 'true for an online store'),
            ('categories', NULL, 'The nine departments', 'One row per category of products'),
            ('categories', 'category_name', 'in capitals, e.g. POWER TOOLS', 'its values are listed below'),
            ('products', NULL, 'One row per product, sold in every store', 'One row per product'),
            ('products', 'cost', 'what Zava pays, US dollars', 'what the company pays, in its currency'),
            ('products', 'base_price', 'list price before discount, US dollars', 'list price before discount, in the company''s currency'),
            ('order_items', 'unit_price', 'US dollars per unit before discount', 'price of a unit before discount, in the company''s currency'),
            ('order_items', 'discount_amount', 'US dollars off the line', 'money off the line'),
            ('order_items', 'total_amount', 'US dollars paid: quantity * unit_price - discount_amount', 'money paid: quantity * unit_price - discount_amount'))
        SELECT format('COMMENT ON %s %s IS %L',
                      CASE WHEN r.column_name IS NOT NULL THEN 'COLUMN' WHEN c.relkind = 'v' THEN 'VIEW' ELSE 'TABLE' END,
                      c.oid::regclass || coalesce('.' || quote_ident(r.column_name), ''), r.newer) AS statement
          FROM renewed r
          JOIN pg_class c ON c.relname = r.relation AND c.relnamespace IN (to_regnamespace('retail'), to_regnamespace('zava')) AND c.relkind IN ('r', 'p', 'v')
          LEFT JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = r.column_name AND NOT a.attisdropped
         WHERE (r.column_name IS NULL OR a.attnum IS NOT NULL)
           AND CASE WHEN r.column_name IS NULL THEN obj_description(c.oid, 'pg_class') ELSE col_description(c.oid, a.attnum) END = r.older
        UNION ALL
        SELECT format('COMMENT ON SCHEMA %I IS %L', 'retail', 'Stores, products, stock, customers and orders')
         WHERE obj_description(to_regnamespace('retail'), 'pg_namespace') = 'Zava Retail: a DIY chain in Washington State, seven shops and one online store'
    LOOP
        BEGIN
            EXECUTE comment.statement;
        EXCEPTION WHEN insufficient_privilege THEN NULL; -- another role's object in an adopted database keeps its comment
        END;
    END LOOP;
END $$;
