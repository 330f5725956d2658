-- Meanings and units of the columns. Models that write SQL read these texts.

COMMENT ON SCHEMA retail IS 'Zava Retail: a DIY chain in Washington State, seven shops and one online store';
COMMENT ON SCHEMA zava IS 'Who may see what in retail, and which version of the schema this is';

COMMENT ON TABLE retail.stores IS 'One row per store: seven shops and one online store';
COMMENT ON COLUMN retail.stores.store_name IS 'e.g. Zava Retail Seattle';
COMMENT ON COLUMN retail.stores.rls_user_id IS 'identity of the store''s manager; not readable by identities';
COMMENT ON COLUMN retail.stores.is_online IS 'true for the online store';

COMMENT ON TABLE retail.customers IS 'One row per customer';
COMMENT ON COLUMN retail.customers.primary_store_id IS 'the store they usually buy from; null if none';
COMMENT ON COLUMN retail.customers.created_at IS 'when they registered, UTC';

COMMENT ON TABLE retail.categories IS 'The nine departments';
COMMENT ON COLUMN retail.categories.category_name IS 'in capitals, e.g. POWER TOOLS';

COMMENT ON TABLE retail.product_types IS 'Kinds of product within a category';
COMMENT ON COLUMN retail.product_types.type_name IS 'unique only within its category';

COMMENT ON TABLE retail.products IS 'One row per product, sold in every store';
COMMENT ON COLUMN retail.products.cost IS 'what Zava pays, US dollars';
COMMENT ON COLUMN retail.products.base_price IS 'list price before discount, US dollars';
COMMENT ON COLUMN retail.products.gross_margin_percent IS '(base_price - cost) / base_price, percent';

COMMENT ON TABLE retail.inventory IS 'Stock on hand now, one row per store and product';
COMMENT ON COLUMN retail.inventory.stock_level IS 'units on hand; 0 is out of stock';

COMMENT ON TABLE retail.orders IS 'One row per order; what was bought is in order_items';
COMMENT ON COLUMN retail.orders.store_id IS 'the store that sold it';
COMMENT ON COLUMN retail.orders.order_date IS 'the day of the order; time of day is not kept';

COMMENT ON TABLE retail.order_items IS 'One row per product in an order; revenue = sum(total_amount)';
COMMENT ON COLUMN retail.order_items.store_id IS 'same as the order''s store';
COMMENT ON COLUMN retail.order_items.quantity IS 'units';
COMMENT ON COLUMN retail.order_items.unit_price IS 'US dollars per unit before discount';
COMMENT ON COLUMN retail.order_items.discount_percent IS '0-100';
COMMENT ON COLUMN retail.order_items.discount_amount IS 'US dollars off the line';
COMMENT ON COLUMN retail.order_items.total_amount IS 'US dollars paid: quantity * unit_price - discount_amount';
