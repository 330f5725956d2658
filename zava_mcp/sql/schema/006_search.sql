-- What search by meaning needs beside the vectors: room to make new ones, and ways to products by their words.

-- Vectors that `zava-mcp embed` has made but not yet published. It goes on here after a kill, and publishes
-- them in one transaction, so that a search never meets half a set. An array, so that no extension is needed.
CREATE TABLE zava.new_embeddings (
    product_id  integer PRIMARY KEY REFERENCES retail.products ON DELETE CASCADE,
    model_id    text   NOT NULL,
    text_sha256 text   NOT NULL,
    embedding   real[] NOT NULL
);
COMMENT ON TABLE zava.new_embeddings IS 'Vectors on their way to retail.product_description_embeddings; emptied when they are published.';
ALTER TABLE zava.new_embeddings ENABLE ROW LEVEL SECURITY;
ALTER TABLE zava.new_embeddings FORCE ROW LEVEL SECURITY;
-- The owner maintains every row; nobody else sees any: no identity has a privilege or a policy here.
CREATE POLICY owner_maintains ON zava.new_embeddings TO zava_owner USING (true) WITH CHECK (true);
ALTER TABLE zava.new_embeddings OWNER TO zava_owner;

-- A SKU or a full name that somebody types, in whatever case.
CREATE INDEX IF NOT EXISTS products_sku_upper ON retail.products (upper(sku));
CREATE INDEX IF NOT EXISTS products_name_lower ON retail.products (lower(product_name));
-- Search by words, where there is no search by meaning.
CREATE INDEX IF NOT EXISTS products_words ON retail.products
    USING gin (to_tsvector('english', product_name || '. ' || coalesce(product_description, '')));
-- The stock of one product in the stores somebody sees, without a look at the table.
CREATE INDEX IF NOT EXISTS inventory_product_store ON retail.inventory (product_id, store_id) INCLUDE (stock_level);
DROP INDEX IF EXISTS retail.inventory_product;

-- A product that goes takes its vector with it. What 004 creates since then, for databases that had it before.
DO $$
DECLARE
    old name;
BEGIN
    IF to_regclass('retail.product_description_embeddings') IS NULL THEN
        RETURN;
    END IF;
    ALTER TABLE retail.product_description_embeddings
        ALTER description_embedding SET STORAGE PLAIN, ALTER model_id SET STORAGE PLAIN, ALTER text_sha256 SET STORAGE PLAIN;
    FOR old IN SELECT conname FROM pg_constraint
                WHERE conrelid = to_regclass('retail.product_description_embeddings') AND contype = 'f' AND confdeltype <> 'c'
    LOOP
        EXECUTE format('ALTER TABLE retail.product_description_embeddings DROP CONSTRAINT %I', old);
        ALTER TABLE retail.product_description_embeddings
            ADD FOREIGN KEY (product_id) REFERENCES retail.products ON DELETE CASCADE;
    END LOOP;
END $$;
