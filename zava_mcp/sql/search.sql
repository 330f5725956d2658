-- Products found by meaning or by words, as the asking identity: "wanted", a way to find, then "described".
-- A way to find gives the table "found" (product_id, similarity from -1 to 1 or NULL, exact, place).
-- Words such as {vector} are put in by the caller: where an index must match, a parameter cannot stand.

-- name: target
-- The product that others should be like.
WITH target AS (
    SELECT product_id FROM retail.products
     WHERE upper(sku) = upper(%(similar_to)s) OR lower(product_name) = lower(%(similar_to)s)
     ORDER BY product_id LIMIT 1
)

-- name: wanted
-- The products that pass the filters; NULL is no filter.
, wanted AS NOT MATERIALIZED (
    SELECT p.product_id, p.sku, p.product_name, p.product_description
      FROM retail.products p
     WHERE (%(category)s::text IS NULL
            OR p.category_id = ANY (ARRAY(SELECT category_id FROM retail.categories WHERE lower(category_name) = lower(%(category)s)))
            OR p.type_id = ANY (ARRAY(SELECT type_id FROM retail.product_types WHERE lower(type_name) = lower(%(category)s))))
       AND (%(min_price)s::numeric IS NULL OR p.base_price >= %(min_price)s)
       AND (%(max_price)s::numeric IS NULL OR p.base_price <= %(max_price)s)
       AND (NOT %(in_stock_only)s::boolean
            OR EXISTS (SELECT FROM retail.inventory i WHERE i.product_id = p.product_id AND i.stock_level > 0))
       AND {but}
), exact AS (
    -- A SKU among the words, or the full name; and SKUs whose beginning is among the words.
    SELECT product_id FROM (
        SELECT product_id, true AS whole FROM wanted
         WHERE upper(sku) = ANY (regexp_split_to_array(upper(%(text)s), '[\s,;:!?"''()]+')) OR lower(product_name) = lower(%(text)s)
        UNION ALL
        SELECT product_id, false FROM wanted
         WHERE cardinality(%(beginnings)s::text[]) > 0
           AND EXISTS (SELECT FROM unnest(%(beginnings)s::text[]) AS b WHERE starts_with(upper(sku), b))) AS hits
     GROUP BY product_id ORDER BY bool_or(whole) DESC, product_id LIMIT %(max_rows)s
),

-- name: one_by_one
-- The products nearest to a vector, each looked at; by its key, so that no vector is carried through a join or a sort.
nearest AS (
    SELECT product_id
      FROM wanted w CROSS JOIN LATERAL (
          SELECT e.description_embedding OPERATOR(public.<=>) {vector} AS place FROM retail.product_description_embeddings e
           WHERE e.product_id = w.product_id AND e.model_id = {model} OFFSET 0) AS its
     ORDER BY place LIMIT %(max_rows)s
),

-- name: of_many
-- The same of many products: through the index, unless the filters leave so few that looking at each is faster, and
-- exact. Filters thin out what the index gives, in an order that is nearly right: so it is asked for more than
-- wanted (4 times would miss a third where the filters contradict the words), and where it gives less than wanted, each
-- product is looked at after all. Only one of the two is run.
few AS MATERIALIZED (
    SELECT count(*) < {many} AS so FROM (SELECT FROM wanted LIMIT {many}) AS first
), by_index AS MATERIALIZED (
    SELECT product_id, e.description_embedding OPERATOR(public.<=>) {vector} AS place
      FROM retail.product_description_embeddings e
     WHERE e.model_id = {model} AND NOT (SELECT so FROM few)
       -- asked of each that the index gives: as a join, the planner would begin with the filters, whose effect
       -- policies do not let it see
       AND EXISTS (SELECT FROM wanted w WHERE w.product_id = e.product_id OFFSET 0)
     -- in the very words of the index product_embeddings_nearest
     ORDER BY public.subvector(e.description_embedding, 1, {dimensions})::public.halfvec({dimensions})
              OPERATOR(public.<=>) public.subvector({vector}, 1, {dimensions})::public.halfvec({dimensions})
     LIMIT 20 * %(max_rows)s
), each AS (
    SELECT product_id, place
      FROM wanted w CROSS JOIN LATERAL (
          SELECT e.description_embedding OPERATOR(public.<=>) {vector} AS place FROM retail.product_description_embeddings e
           WHERE e.product_id = w.product_id AND e.model_id = {model} OFFSET 0) AS its
     WHERE (SELECT count(*) FROM by_index) < %(max_rows)s
     ORDER BY place LIMIT %(max_rows)s
), nearest AS (
    SELECT product_id FROM (SELECT * FROM by_index UNION SELECT * FROM each) AS either ORDER BY place LIMIT %(max_rows)s
),

-- name: by_meaning
-- What is nearest, and the exact hits among it.
found AS (
    SELECT product_id, (1 - (e.description_embedding OPERATOR(public.<=>) {vector}))::numeric AS similarity,
           product_id IN (SELECT product_id FROM exact) AS exact,
           e.description_embedding OPERATOR(public.<=>) {vector} AS place, e.model_id
      FROM (SELECT product_id FROM exact UNION SELECT product_id FROM nearest) AS either
      LEFT JOIN (SELECT * FROM retail.product_description_embeddings WHERE model_id = {model}) AS e USING (product_id)
)

-- name: by_words
-- The products that share words with a text, for databases or platforms without vectors.
asked AS MATERIALIZED (
    -- Any of the words, not all of them: people describe what they want in more words than the catalogue does.
    SELECT replace(plainto_tsquery('english', {text})::text, '&', '|')::tsquery AS words
), either AS (
    SELECT product_id FROM exact
    UNION
    SELECT product_id FROM wanted
     WHERE to_tsvector('english', product_name || '. ' || coalesce(product_description, '')) @@ (SELECT words FROM asked)
), found AS (
    SELECT product_id, NULL::numeric AS similarity, product_id IN (SELECT product_id FROM exact) AS exact,
           -- a word of the name weighs more than one of the description
           -ts_rank(setweight(to_tsvector('english', product_name), 'A')
                    || setweight(to_tsvector('english', coalesce(product_description, '')), 'C'), (SELECT words FROM asked)) AS place,
           NULL::text AS model_id
      FROM either JOIN retail.products USING (product_id)
     ORDER BY exact DESC, place, product_id
     LIMIT %(max_rows)s
)

-- name: described
-- What was found, with the stock of the stores that the identity sees, and what they sold of it in a year.
SELECT f.exact OR f.similarity IS NULL OR f.similarity * 100 >= %(similarity_threshold)s AS passes,
       p.sku, p.product_name, c.category_name AS category, t.type_name AS type, p.base_price AS price,
       p.product_description AS description, round(f.similarity * 100, 1) AS similarity,
       i.stock, i.stock_by_store, s.units_sold, s.revenue, f.model_id
  FROM found f
  JOIN retail.products p USING (product_id)
  JOIN retail.categories c USING (category_id)
  JOIN retail.product_types t USING (type_id)
  LEFT JOIN LATERAL (
      SELECT coalesce(sum(stock_level), 0) AS stock, json_object_agg(store_name, stock_level ORDER BY store_id) AS stock_by_store
        FROM retail.inventory JOIN retail.stores USING (store_id)
       WHERE product_id = f.product_id) AS i ON true
  LEFT JOIN LATERAL (
      SELECT coalesce(sum(quantity), 0) AS units_sold, coalesce(sum(total_amount), 0) AS revenue
        FROM retail.order_items o JOIN retail.orders USING (order_id)
       WHERE %(include_sales)s AND o.product_id = f.product_id AND order_date > current_date - 365) AS s ON true
 ORDER BY f.exact DESC, f.place NULLS LAST, p.product_id
 LIMIT %(max_rows)s;

-- name: explained
-- Why nothing was found: is there such a product, such a category, vectors of which models, and one of the product.
SELECT EXISTS (SELECT FROM target) AS known,
       (SELECT string_agg(product_name, '; ') FROM (
            SELECT product_name FROM retail.products
             WHERE position(lower(%(similar_to)s) IN lower(product_name)) > 0 ORDER BY product_id LIMIT 5) AS near) AS similar_names,
       EXISTS (SELECT FROM retail.categories WHERE lower(category_name) = lower(%(category)s))
       OR EXISTS (SELECT FROM retail.product_types WHERE lower(type_name) = lower(%(category)s)) AS category_known,
       (SELECT string_agg(category_name, ', ' ORDER BY category_id) FROM retail.categories) AS categories,
       {models} AS models, {vector} IS NOT NULL AS has_vector;

-- name: models
-- The models of the vectors that there are.
(SELECT string_agg(DISTINCT model_id, ', ') FROM retail.product_description_embeddings)

-- name: its_vector
-- The vector of the product that others should be like; by way of an array, which takes it out of its storage once.
(SELECT description_embedding::real[]::public.vector FROM retail.product_description_embeddings WHERE product_id = (SELECT product_id FROM target))
-- name: its_model
-- The model that made it.
(SELECT model_id FROM retail.product_description_embeddings WHERE product_id = (SELECT product_id FROM target))
-- name: its_text
-- Its text.
(SELECT {product_text} FROM retail.products p WHERE product_id = (SELECT product_id FROM target))
-- name: its_but
-- It is not like itself.
product_id <> (SELECT product_id FROM target)
