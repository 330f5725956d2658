-- Embedding of products, run as administrator: pending products, new embeddings, and their publication.
-- A product is pending if it has no embedding of this model and of its current text, published or new.

-- name: from_pending
-- The pending products, each with its text and the hash of it. %(everything)s ignores published embeddings.
  FROM retail.products p
 CROSS JOIN LATERAL (SELECT {product_text} AS words) AS its
 CROSS JOIN LATERAL (SELECT encode(sha256(convert_to(words, 'UTF8')), 'hex') AS sha256) AS text
 WHERE NOT EXISTS (
           SELECT FROM zava.new_embeddings n
            WHERE n.product_id = p.product_id AND n.model_id = %(model)s AND n.text_sha256 = text.sha256)
   AND (%(everything)s OR NOT EXISTS (
           SELECT FROM retail.product_description_embeddings e
            WHERE e.product_id = p.product_id AND e.model_id = %(model)s AND e.text_sha256 = text.sha256))

-- name: count_pending
-- The number of pending products, and of all products.
SELECT count(*), (SELECT count(*) FROM retail.products) {from_pending};

-- name: list_pending
-- The next pending products after a product id: id, text, and hash of the text.
SELECT p.product_id, words, sha256 {from_pending} AND p.product_id > %(after)s ORDER BY p.product_id LIMIT %(batch)s;

-- name: store_new
-- Stores one new embedding until all are published together.
INSERT INTO zava.new_embeddings VALUES (%(product_id)s, %(model)s, %(sha256)s, %(vector)s)
    ON CONFLICT (product_id) DO UPDATE
    SET model_id = excluded.model_id, text_sha256 = excluded.text_sha256, embedding = excluded.embedding;

-- name: publish
-- Publishes the new embeddings, padded with zeros, which do not change a cosine, and deletes those of other models.
WITH fresh AS (
    DELETE FROM zava.new_embeddings WHERE model_id = %(model)s RETURNING *
), published AS (
    INSERT INTO retail.product_description_embeddings (product_id, description_embedding, created_at, model_id, text_sha256)
    SELECT product_id, (embedding || array_fill(0::real, ARRAY[1536 - cardinality(embedding)]))::public.vector,
           localtimestamp, model_id, text_sha256
      FROM fresh
        ON CONFLICT (product_id) DO UPDATE
       SET description_embedding = excluded.description_embedding, created_at = excluded.created_at,
           model_id = excluded.model_id, text_sha256 = excluded.text_sha256
    RETURNING product_id
), deleted AS (
    DELETE FROM retail.product_description_embeddings
     WHERE model_id <> %(model)s AND product_id NOT IN (SELECT product_id FROM fresh)
    RETURNING product_id
)
SELECT (SELECT count(*) FROM published), (SELECT count(*) FROM deleted);

-- name: delete_new
-- Deletes the new embeddings of an earlier run, if they are of another model or everything is embedded again.
DELETE FROM zava.new_embeddings WHERE model_id <> %(model)s OR %(everything)s;

-- name: read_index
-- The number of embeddings, whether this pgvector has halfvec, and the definition of the index, NULL without one.
SELECT (SELECT count(*) FROM retail.product_description_embeddings WHERE model_id = %(model)s),
       to_regtype('public.halfvec') IS NOT NULL,
       (SELECT pg_get_indexdef(indexrelid) FROM pg_index
         WHERE indexrelid = to_regclass('retail.product_embeddings_nearest') AND indisvalid);

-- name: create_index
-- An index on the embeddings of one model: only its dimensions, at half precision, which takes a seventh of the space and
-- build time. ef_construction 128 finds .997 of the ten nearest of 50,000 embeddings, 64 finds .96.
CREATE INDEX CONCURRENTLY product_embeddings_nearest ON retail.product_description_embeddings
 USING hnsw ((public.subvector(description_embedding, 1, {dimensions})::public.halfvec({dimensions})) public.halfvec_cosine_ops)
  WITH (m = 16, ef_construction = 128)
 WHERE model_id = {model};

-- name: drop_index
-- Drops the index if there are few embeddings, or if it is incomplete or for another model.
DROP INDEX CONCURRENTLY IF EXISTS retail.product_embeddings_nearest;
