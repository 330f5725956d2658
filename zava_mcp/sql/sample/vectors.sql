-- Loads the embeddings that come with the sample, for products whose text is the one that was embedded.

-- name: wanted
-- Whether this database is a sample and has no embeddings yet.
SELECT sample_seed IS NOT NULL AND NOT EXISTS (SELECT FROM retail.product_description_embeddings) FROM zava.about;

-- name: stage
-- The temporary table that COPY fills.
CREATE TEMP TABLE sample_vectors (sku text, text_sha256 text, embedding real[]) ON COMMIT DROP;

-- name: give
-- Inserts them, padded with zeros, which leave cosine distances unchanged.
INSERT INTO retail.product_description_embeddings (product_id, description_embedding, created_at, model_id, text_sha256)
SELECT product_id, (embedding || array_fill(0::real, ARRAY[1536 - cardinality(embedding)]))::public.vector,
       localtimestamp, %(model)s, text_sha256
  FROM sample_vectors JOIN retail.products p USING (sku)
 WHERE text_sha256 = encode(sha256(convert_to({product_text}, 'UTF8')), 'hex');
