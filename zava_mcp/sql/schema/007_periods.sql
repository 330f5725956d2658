-- Indexes that keep a store's queries about a period fast while other stores grow. The rows of all stores share pages, so
-- only an index that contains the store_id of the policies avoids reading the other stores' pages.

-- Index for a store's orders of a period with their customers.
CREATE INDEX IF NOT EXISTS orders_store_date_order ON retail.orders (store_id, order_date) INCLUDE (order_id, customer_id);
DROP INDEX IF EXISTS retail.orders_store_date;
-- Index for an order's items with their quantities and amounts.
CREATE INDEX IF NOT EXISTS order_items_order_store ON retail.order_items (order_id) INCLUDE (store_id, product_id, quantity, total_amount);
DROP INDEX IF EXISTS retail.order_items_order;

-- As 002 has named it since then: among equal keys, the planner takes the first one by name.
DO $$ BEGIN
    IF EXISTS (SELECT FROM pg_constraint WHERE conrelid = 'retail.order_items'::regclass AND conname = 'order_items_store_of_order') THEN
        ALTER TABLE retail.order_items RENAME CONSTRAINT order_items_store_of_order TO order_items_in_store_of_order;
    END IF;
END $$;
