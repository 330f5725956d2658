-- Constraints between rows. Indexes for frequent queries are in indexes.sql, which set-up runs after the migrations.

ALTER TABLE retail.stores
    ADD UNIQUE (store_name),
    ADD UNIQUE (rls_user_id);

ALTER TABLE retail.customers
    ADD UNIQUE (email),
    ADD FOREIGN KEY (primary_store_id) REFERENCES retail.stores;

ALTER TABLE retail.categories
    ADD UNIQUE (category_name);

-- The pair is unique, so that a foreign key can bind a product's type to its category.
ALTER TABLE retail.product_types
    ADD UNIQUE (category_id, type_name),
    ADD UNIQUE (type_id, category_id),
    ADD FOREIGN KEY (category_id) REFERENCES retail.categories;

ALTER TABLE retail.products
    ADD UNIQUE (sku),
    ADD FOREIGN KEY (category_id) REFERENCES retail.categories,
    ADD FOREIGN KEY (type_id) REFERENCES retail.product_types,
    ADD CONSTRAINT products_type_of_category
        FOREIGN KEY (type_id, category_id) REFERENCES retail.product_types (type_id, category_id),
    ADD CONSTRAINT products_cost_not_negative CHECK (cost >= 0),
    ADD CONSTRAINT products_price_not_negative CHECK (base_price >= 0),
    ADD CONSTRAINT products_margin_is_percent CHECK (gross_margin_percent BETWEEN 0 AND 100);

ALTER TABLE retail.inventory
    ADD FOREIGN KEY (store_id) REFERENCES retail.stores,
    ADD FOREIGN KEY (product_id) REFERENCES retail.products,
    ADD CONSTRAINT inventory_stock_not_negative CHECK (stock_level >= 0);

ALTER TABLE retail.orders
    ADD PRIMARY KEY (order_id, store_id),
    ADD FOREIGN KEY (customer_id) REFERENCES retail.customers,
    ADD FOREIGN KEY (store_id) REFERENCES retail.stores;

-- An item is in the store of its order.
ALTER TABLE retail.order_items
    ADD PRIMARY KEY (order_item_id, store_id),
    ADD CONSTRAINT order_items_in_store_of_order
        FOREIGN KEY (order_id, store_id) REFERENCES retail.orders (order_id, store_id),
    ADD FOREIGN KEY (store_id) REFERENCES retail.stores,
    ADD FOREIGN KEY (product_id) REFERENCES retail.products,
    ADD CONSTRAINT order_items_quantity_positive CHECK (quantity > 0),
    ADD CONSTRAINT order_items_unit_price_not_negative CHECK (unit_price >= 0),
    ADD CONSTRAINT order_items_discount_is_percent CHECK (discount_percent BETWEEN 0 AND 100),
    ADD CONSTRAINT order_items_discount_not_negative CHECK (discount_amount >= 0),
    ADD CONSTRAINT order_items_total_adds_up
        CHECK (total_amount = quantity * unit_price - discount_amount);
