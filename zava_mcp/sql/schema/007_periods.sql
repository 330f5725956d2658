-- What keeps a store's questions about a period as fast as they are while the other stores grow: its rows lie among
-- theirs, a page for each in the end, unless an index alone answers, with the store that the policies ask for in it.

-- A store's orders of a period, and whose they are: every manager's first question.
CREATE INDEX IF NOT EXISTS orders_store_date_order ON retail.orders (store_id, order_date) INCLUDE (order_id, customer_id);
DROP INDEX IF EXISTS retail.orders_store_date;
-- An order's items with their quantities and amounts.
CREATE INDEX IF NOT EXISTS order_items_order_store ON retail.order_items (order_id) INCLUDE (store_id, product_id, quantity, total_amount);
DROP INDEX IF EXISTS retail.order_items_order;

-- As 002 names it since then: the planner takes the first key that fits, by name.
DO $$ BEGIN
    IF EXISTS (SELECT FROM pg_constraint WHERE conrelid = 'retail.order_items'::regclass AND conname = 'order_items_store_of_order') THEN
        ALTER TABLE retail.order_items RENAME CONSTRAINT order_items_store_of_order TO order_items_in_store_of_order;
    END IF;
END $$;
