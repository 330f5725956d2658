-- Unpublished embeddings.

-- Embeddings that `zava-mcp embed` has stored but not yet published. After an interruption it continues here, and it
-- publishes them in one transaction, so that searches never see a part. An array needs no extension.
CREATE TABLE zava.new_embeddings (
    product_id  integer PRIMARY KEY REFERENCES retail.products ON DELETE CASCADE,
    model_id    text   NOT NULL,
    text_sha256 text   NOT NULL,
    embedding   real[] NOT NULL
);
COMMENT ON TABLE zava.new_embeddings IS 'Vectors on their way to retail.product_description_embeddings; emptied when they are published.';
ALTER TABLE zava.new_embeddings ENABLE ROW LEVEL SECURITY;
ALTER TABLE zava.new_embeddings FORCE ROW LEVEL SECURITY;
-- The owner maintains all rows. No identity has a privilege or a policy on this table.
CREATE POLICY owner_maintains ON zava.new_embeddings TO zava_owner USING (true) WITH CHECK (true);
ALTER TABLE zava.new_embeddings OWNER TO zava_owner;

-- In older databases; inventory_product_store replaces it.
DROP INDEX IF EXISTS retail.inventory_product;

-- Deleting a product deletes its embedding. 004 creates this constraint in new databases; this is for older ones.
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
