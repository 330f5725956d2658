-- Semantic search needs the type vector; a server without pgvector does not get this table. Set-up runs this file again
-- each time, because the extension may have become available.

DO $$
BEGIN
    IF to_regclass('retail.product_description_embeddings') IS NOT NULL
       OR NOT EXISTS (SELECT FROM pg_available_extensions WHERE name = 'vector')
       -- Where somebody put it elsewhere, our searches would not find its operators.
       OR EXISTS (SELECT FROM pg_extension WHERE extname = 'vector' AND extnamespace <> to_regnamespace('public')) THEN
        RETURN;
    END IF;
    BEGIN
        CREATE EXTENSION IF NOT EXISTS vector SCHEMA public;
    EXCEPTION WHEN insufficient_privilege THEN
        RETURN; -- an admin who may not create it: set-up reports the gap
    END;

    CREATE TABLE retail.product_description_embeddings (
        product_id            integer PRIMARY KEY REFERENCES retail.products ON DELETE CASCADE,
        description_embedding public.vector(1536) NOT NULL,
        created_at            timestamp NOT NULL DEFAULT localtimestamp,
        model_id              text NOT NULL,
        text_sha256           text NOT NULL
    );
    -- In its row, as it is, one row a page: beside the table, where PostgreSQL would put it, or compressed, a search
    -- that looks at every vector takes five times as long. The short texts too, or they would be moved out for room.
    ALTER TABLE retail.product_description_embeddings
        ALTER description_embedding SET STORAGE PLAIN, ALTER model_id SET STORAGE PLAIN, ALTER text_sha256 SET STORAGE PLAIN;
    ALTER TABLE retail.product_description_embeddings ENABLE ROW LEVEL SECURITY;
    ALTER TABLE retail.product_description_embeddings FORCE ROW LEVEL SECURITY;
    -- The owner maintains every row; every known identity may read, as with the products they describe.
    CREATE POLICY owner_maintains ON retail.product_description_embeddings TO zava_owner USING (true) WITH CHECK (true);
    CREATE POLICY every_identity ON retail.product_description_embeddings FOR SELECT USING (zava.is_known());

    COMMENT ON TABLE retail.product_description_embeddings IS 'One vector per product, of its name and description, for search by meaning';
    COMMENT ON COLUMN retail.product_description_embeddings.description_embedding IS 'compare only within one model_id; cosine distance: <=>';
    COMMENT ON COLUMN retail.product_description_embeddings.model_id IS 'the model that made the vector';
    COMMENT ON COLUMN retail.product_description_embeddings.text_sha256 IS 'hash of the text the vector was made from';
    COMMENT ON COLUMN retail.product_description_embeddings.created_at IS 'when the vector was made, UTC';
    ALTER TABLE retail.product_description_embeddings OWNER TO zava_owner;
END $$;
