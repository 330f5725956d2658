-- Synthetic products for measuring search among many; %(seed)s and the table "synthetic" come from the script.

-- name: stage
CREATE TEMP TABLE synthetic (product_id integer, base integer);

-- name: products
-- Each is a variation of one of the sample's products: its category and type, and a price around its price.
INSERT INTO retail.products
SELECT s.product_id, 'SYN-' || s.product_id, product_name || ' ' || s.product_id, category_id, type_id, cost,
       round((base_price * (0.5 + (s.product_id::bigint * 7919 % 1000) / 1000.0))::numeric, 2), 33, product_description
  FROM synthetic s JOIN retail.products p ON p.product_id = s.base;

-- name: inventory
-- A store has one product in five.
INSERT INTO retail.inventory
SELECT store_id, product_id, 10 FROM synthetic, retail.stores WHERE (product_id::bigint * 31 + store_id * 17) % 5 = 0;

-- name: unstage
DROP TABLE synthetic;

-- name: copy_vectors
COPY retail.product_description_embeddings (product_id, description_embedding, model_id, text_sha256) FROM STDIN (FORMAT binary)
