-- In older databases; orders_store_date_order and order_items_order_store replace them.
DROP INDEX IF EXISTS retail.orders_store_date;
DROP INDEX IF EXISTS retail.order_items_order;

-- As 002 has named it since then: among equal keys, the planner takes the first one by name.
DO $$ BEGIN
    IF EXISTS (SELECT FROM pg_constraint WHERE conrelid = 'retail.order_items'::regclass AND conname = 'order_items_store_of_order') THEN
        ALTER TABLE retail.order_items RENAME CONSTRAINT order_items_store_of_order TO order_items_in_store_of_order;
    END IF;
END $$;
