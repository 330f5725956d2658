-- Making the products' vectors, as admin: what is missing, the vectors on their way, and their publication.
-- A vector is missing if none of this model and of the product's present text is there, published or on its way.

-- name: waiting
-- The products that wait for a vector, each with its text and its hash. %(everything)s: published vectors do not count.
  FROM retail.products p
 CROSS JOIN LATERAL (SELECT {product_text} AS words) AS its
 CROSS JOIN LATERAL (SELECT encode(sha256(convert_to(words, 'UTF8')), 'hex') AS sha256) AS text
 WHERE NOT EXISTS (
           SELECT FROM zava.new_embeddings n
            WHERE n.product_id = p.product_id AND n.model_id = %(model)s AND n.text_sha256 = text.sha256)
   AND (%(everything)s OR NOT EXISTS (
           SELECT FROM retail.product_description_embeddings e
            WHERE e.product_id = p.product_id AND e.model_id = %(model)s AND e.text_sha256 = text.sha256))

-- name: missing
-- How many products wait for a vector, and how many there are.
SELECT count(*), (SELECT count(*) FROM retail.products) {waiting};

-- name: next
-- The next products that wait for a vector, after a product id: id, text, its hash.
SELECT p.product_id, words, sha256 {waiting} AND p.product_id > %(after)s ORDER BY p.product_id LIMIT %(batch)s;

-- name: keep
-- Keeps one new vector until all are there.
INSERT INTO zava.new_embeddings VALUES (%(product_id)s, %(model)s, %(sha256)s, %(vector)s)
    ON CONFLICT (product_id) DO UPDATE
    SET model_id = excluded.model_id, text_sha256 = excluded.text_sha256, embedding = excluded.embedding;

-- name: publish
-- Puts the new vectors in their places, filled up with zeros, which change no cosine; those of another model go.
WITH fresh AS (
    DELETE FROM zava.new_embeddings WHERE model_id = %(model)s RETURNING *
), put AS (
    INSERT INTO retail.product_description_embeddings (product_id, description_embedding, created_at, model_id, text_sha256)
    SELECT product_id, (embedding || array_fill(0::real, ARRAY[1536 - cardinality(embedding)]))::public.vector,
           localtimestamp, model_id, text_sha256
      FROM fresh
        ON CONFLICT (product_id) DO UPDATE
       SET description_embedding = excluded.description_embedding, created_at = excluded.created_at,
           model_id = excluded.model_id, text_sha256 = excluded.text_sha256
    RETURNING product_id
), gone AS (
    DELETE FROM retail.product_description_embeddings
     WHERE model_id <> %(model)s AND product_id NOT IN (SELECT product_id FROM fresh)
    RETURNING product_id
)
SELECT (SELECT count(*) FROM put), (SELECT count(*) FROM gone);

-- name: forget
-- Drops what an earlier run left behind, for another model or because everything is made anew.
DELETE FROM zava.new_embeddings WHERE model_id <> %(model)s OR %(everything)s;

-- name: index_wanted
-- How many vectors there are, whether this pgvector can index their halves, and the index's definition, NULL without one.
SELECT (SELECT count(*) FROM retail.product_description_embeddings WHERE model_id = %(model)s),
       to_regtype('public.halfvec') IS NOT NULL,
       (SELECT pg_get_indexdef(indexrelid) FROM pg_index
         WHERE indexrelid = to_regclass('retail.product_embeddings_nearest') AND indisvalid);

-- name: index
-- The way to the nearest vectors of one model: only the numbers it has, at half precision, a seventh of the size and
-- of the building time; ef_construction 128 finds .997 of the ten nearest of 50,000 where 64 finds .96.
CREATE INDEX CONCURRENTLY product_embeddings_nearest ON retail.product_description_embeddings
 USING hnsw ((public.subvector(description_embedding, 1, {dimensions})::public.halfvec({dimensions})) public.halfvec_cosine_ops)
  WITH (m = 16, ef_construction = 128)
 WHERE model_id = {model};

-- name: no_index
-- Few vectors are compared faster one by one; an index of another model, or one half built, is of no use.
DROP INDEX CONCURRENTLY IF EXISTS retail.product_embeddings_nearest;
