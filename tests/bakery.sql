-- A few rows of a company that is not the sample.
INSERT INTO retail.stores (store_id, store_name, rls_user_id) VALUES
    (1, 'Mitte', '11111111-1111-4111-8111-111111111111'), (2, 'Kreuzberg', '22222222-2222-4222-8222-222222222222');
INSERT INTO retail.customers (customer_id, first_name, last_name, email) VALUES (1, 'Ada', 'Berg', 'ada@example.com');
INSERT INTO retail.categories (category_id, category_name) VALUES (1, 'BREAD'), (2, 'CAKES');
INSERT INTO retail.product_types (type_id, category_id, type_name) VALUES (1, 1, 'RYE'), (2, 2, 'TARTS');
INSERT INTO retail.products (product_id, sku, product_name, category_id, type_id, cost, base_price, product_description) VALUES
    (1, 'BR-001', 'Rye loaf', 1, 1, 1.10, 4.50, 'Dark sourdough rye loaf'), (2, 'CA-001', 'Plum tart', 2, 2, 2.40, 6.90, 'Tart with plums');
INSERT INTO retail.inventory (store_id, product_id, stock_level) SELECT s, p, 10 FROM generate_series(1, 2) s, generate_series(1, 2) p;
INSERT INTO retail.orders (order_id, customer_id, store_id, order_date) SELECT n, 1, 1 + n % 2, current_date - 40 * n FROM generate_series(1, 6) n;
INSERT INTO retail.order_items (order_item_id, order_id, store_id, product_id, quantity, unit_price, total_amount)
    SELECT n, n, 1 + n % 2, 1 + n % 2, 30, 45.00 + n * 0.05, 1350 + n * 1.5 FROM generate_series(1, 6) n;
