-- Product search, run as the identity: "filtered", then "nearest_…" with "semantic_matches" or "full_text_matches", then
-- "select_details". The second part defines the table "matches" (product_id, similarity from -1 to 1 or NULL, exact,
-- distance, model_id). The caller replaces fragments such as {vector}, because an index cannot match a parameter.

-- name: target
-- The product that the results should resemble.
WITH target AS (
    SELECT product_id FROM retail.products
     WHERE upper(sku) = ANY (%(codes)s::text[]) OR lower(product_name) = lower(%(similar_to)s)
     ORDER BY product_id LIMIT 1
)

-- name: filtered
-- The products that pass the filters. NULL filters nothing.
, filtered AS NOT MATERIALIZED (
    SELECT p.product_id, p.sku, p.product_name, p.product_description
      FROM retail.products p
     WHERE (%(category)s::text IS NULL
            OR p.category_id = ANY (ARRAY(SELECT category_id FROM retail.categories WHERE lower(category_name) = lower(%(category)s)))
            OR p.type_id = ANY (ARRAY(SELECT type_id FROM retail.product_types WHERE lower(type_name) = lower(%(category)s))))
       AND (%(min_price)s::numeric IS NULL OR p.base_price >= %(min_price)s)
       AND (%(max_price)s::numeric IS NULL OR p.base_price <= %(max_price)s)
       AND (NOT %(in_stock_only)s::boolean
            OR p.product_id IN (SELECT i.product_id FROM retail.inventory i WHERE i.stock_level > 0))
       AND {condition}
), exact AS (
    -- 2: the text contains the SKU or is the full name. 1: the text begins a SKU.
    SELECT product_id, CASE WHEN upper(sku) = ANY (%(codes)s::text[]) OR lower(product_name) = lower({name}) THEN 2 ELSE 1 END AS rank
      FROM filtered
     WHERE upper(sku) = ANY (%(codes)s::text[]) OR lower(product_name) = lower({name}){sku_prefix}
     ORDER BY rank DESC, product_id LIMIT %(max_rows)s
),

-- name: sku_prefix
-- The text begins a SKU, ignoring separators.
 OR EXISTS (SELECT FROM unnest(%(prefixes)s::text[]) AS prefix
             WHERE starts_with(regexp_replace(upper(sku), '[^[:alnum:]]+', '', 'g'), prefix))

-- name: bonus
-- The weight of the literals that a product p contains, from 0. It is added to the similarity.
(SELECT coalesce(sum(CASE WHEN p.product_name ~* l.pattern THEN l.name_weight
                          WHEN p.product_description ~* l.pattern THEN l.description_weight ELSE 0 END), 0)
   FROM unnest(%(patterns)s::text[], %(name_weights)s::float8[], %(description_weights)s::float8[]) AS l (pattern, name_weight, description_weight))

-- name: nearest_exact
-- The products nearest to a vector, found by comparing all. Only ids are sorted, so that no vector is copied.
nearest AS (
    SELECT product_id
      FROM filtered p CROSS JOIN LATERAL (
          SELECT e.description_embedding OPERATOR(public.<=>) {vector} AS distance FROM retail.product_description_embeddings e
           WHERE e.product_id = p.product_id AND e.model_id = {model} OFFSET 0) AS compared
     ORDER BY distance - {bonus} LIMIT %(max_rows)s
),

-- name: nearest_with_index
-- The products nearest to a vector, found with the index, unless so few pass the filters that comparing all is faster,
-- and exact. The index returns rows in an approximate order, and filters remove some of them. So the query fetches 20 times
-- as many rows as it returns (4 times would miss a third if the filters contradict the text). If it still returns too few rows, all
-- products are compared. Only one of the two runs.
size AS MATERIALIZED (
    SELECT count(*) < {index_from} AS is_small FROM (SELECT FROM filtered LIMIT {index_from}) AS first
), by_index AS MATERIALIZED (
    SELECT product_id, e.description_embedding OPERATOR(public.<=>) {vector} AS distance
      FROM retail.product_description_embeddings e
     WHERE e.model_id = {model} AND NOT (SELECT is_small FROM size)
       -- A subquery per row of the index: with a join, the planner would begin with the filters, whose selectivity the
       -- policies hide from it.
       AND EXISTS (SELECT FROM filtered w WHERE w.product_id = e.product_id OFFSET 0)
     -- The same expression as in the index product_embeddings_nearest.
     ORDER BY public.subvector(e.description_embedding, 1, {dimensions})::public.halfvec({dimensions})
              OPERATOR(public.<=>) public.subvector({vector}, 1, {dimensions})::public.halfvec({dimensions})
     LIMIT 20 * %(max_rows)s
), by_comparison AS (
    SELECT product_id, distance
      FROM filtered p CROSS JOIN LATERAL (
          SELECT e.description_embedding OPERATOR(public.<=>) {vector} AS distance FROM retail.product_description_embeddings e
           WHERE e.product_id = p.product_id AND e.model_id = {model} OFFSET 0) AS compared
     WHERE (SELECT count(*) FROM by_index) < %(max_rows)s
     ORDER BY distance - {bonus} LIMIT %(max_rows)s
){literal_candidates}, nearest AS (
    SELECT product_id
      FROM (SELECT * FROM by_index UNION SELECT * FROM by_comparison{union_literal_candidates}) AS candidates JOIN retail.products p USING (product_id)
     ORDER BY distance - {bonus} LIMIT %(max_rows)s
),

-- name: literal_candidates
-- Of many products, those that contain a literal of the text as it was spelled, found with the full-text index.
, literal_candidates AS MATERIALIZED (
    SELECT product_id, distance
      FROM filtered p CROSS JOIN LATERAL (
          SELECT e.description_embedding OPERATOR(public.<=>) {vector} AS distance FROM retail.product_description_embeddings e
           WHERE e.product_id = p.product_id AND e.model_id = {model} OFFSET 0) AS compared
     WHERE NOT (SELECT is_small FROM size)
       AND to_tsvector('english', product_name || '. ' || coalesce(product_description, '')) @@ (
           SELECT string_agg('(' || phrase::text || ')', '|')::tsquery
             FROM unnest(%(literal_texts)s::text[]) AS literal CROSS JOIN LATERAL phraseto_tsquery('english', literal) AS phrase
            WHERE phrase::text <> '')
     LIMIT 20 * %(max_rows)s
)
-- name: union_literal_candidates
-- Adds literal_candidates to the candidates.
 UNION SELECT * FROM literal_candidates

-- name: semantic_matches
-- The nearest products and the exact matches.
matches AS (
    SELECT product_id, (1 - (e.description_embedding OPERATOR(public.<=>) {vector}))::numeric AS similarity,
           coalesce((SELECT rank FROM exact x WHERE x.product_id = candidates.product_id), 0) AS exact,
           e.description_embedding OPERATOR(public.<=>) {vector} AS distance, e.model_id
      FROM (SELECT product_id FROM exact UNION SELECT product_id FROM nearest) AS candidates
      LEFT JOIN (SELECT * FROM retail.product_description_embeddings WHERE model_id = {model}) AS e USING (product_id)
)

-- name: full_text_matches
-- The products that share words with a text, for databases or platforms without embeddings.
text_query AS MATERIALIZED (
    -- Any of the words, not all of them, because people use more words than the catalogue.
    SELECT replace(plainto_tsquery('english', {text})::text, '&', '|')::tsquery AS words
), candidates AS (
    SELECT product_id FROM exact
    UNION
    SELECT product_id FROM filtered
     WHERE to_tsvector('english', product_name || '. ' || coalesce(product_description, '')) @@ (SELECT words FROM text_query){union_literal_matches}
), matches AS (
    SELECT product_id, NULL::numeric AS similarity, exact, distance, NULL::text AS model_id
      FROM (SELECT product_id, coalesce((SELECT rank FROM exact x WHERE x.product_id = candidates.product_id), 0) AS exact,
                   -- A word in the name weighs more than one in the description.
                   -ts_rank(setweight(to_tsvector('english', product_name), 'A')
                            || setweight(to_tsvector('english', coalesce(product_description, '')), 'C'), (SELECT words FROM text_query)) AS distance,
                   {bonus} AS bonus
              FROM candidates JOIN retail.products p USING (product_id)) AS ranked
     ORDER BY exact DESC, distance - bonus, product_id
     LIMIT %(max_rows)s
)

-- name: union_literal_matches
-- Adds the products that contain a literal. With many products, only the full-text index is used.

    UNION
    SELECT product_id FROM filtered p
     WHERE (SELECT count(*) < {index_from} FROM (SELECT FROM filtered LIMIT {index_from}) AS first) AND {bonus} > 0

-- name: select_details
-- The matching products, with the stock of the stores that the identity sees, and their sales in the last year.
SELECT f.exact > 0 OR f.similarity IS NULL OR f.similarity * 100 + b.bonus >= %(similarity_threshold)s AS passes,
       f.exact, b.bonus,
       p.sku, p.product_name, c.category_name AS category, t.type_name AS type, p.base_price AS price,
       p.product_description AS description, round(f.similarity * 100, 1) AS similarity,
       i.stock, i.stock_by_store, s.units_sold, s.revenue, f.model_id
  FROM matches f
  JOIN retail.products p USING (product_id)
  JOIN retail.categories c USING (category_id)
  JOIN retail.product_types t USING (type_id)
  CROSS JOIN LATERAL (SELECT round((100 * {bonus})::numeric, 1) AS bonus) AS b
  LEFT JOIN LATERAL (
      SELECT coalesce(sum(stock_level), 0) AS stock, json_object_agg(store_name, stock_level ORDER BY store_id) AS stock_by_store
        FROM retail.inventory JOIN retail.stores USING (store_id)
       WHERE product_id = f.product_id) AS i ON true
  LEFT JOIN LATERAL (
      SELECT coalesce(sum(quantity), 0) AS units_sold, coalesce(sum(total_amount), 0) AS revenue
        FROM retail.order_items o JOIN retail.orders USING (order_id)
       WHERE %(include_sales)s AND o.product_id = f.product_id AND order_date > current_date - 365) AS s ON true
 ORDER BY f.exact DESC, f.distance - b.bonus::float8 / 100 NULLS LAST, p.product_id
 LIMIT %(max_rows)s;

-- name: select_details_of_nodes
-- The same on a Citus cluster, which plans no subquery for each row of a reference table.
, stock AS MATERIALIZED (
    SELECT product_id, sum(stock_level) AS stock, json_object_agg(store_name, stock_level ORDER BY store_id) AS stock_by_store
      FROM retail.inventory JOIN retail.stores USING (store_id) WHERE product_id IN (SELECT product_id FROM matches) GROUP BY product_id
), sales AS MATERIALIZED (
    SELECT o.product_id, sum(quantity) AS units_sold, sum(total_amount) AS revenue
      FROM retail.order_items o JOIN retail.orders USING (order_id, store_id)
     WHERE %(include_sales)s AND o.product_id IN (SELECT product_id FROM matches) AND order_date > current_date - 365 GROUP BY o.product_id
)
SELECT f.exact > 0 OR f.similarity IS NULL OR f.similarity * 100 + b.bonus >= %(similarity_threshold)s AS passes,
       f.exact, b.bonus,
       p.sku, p.product_name, c.category_name AS category, t.type_name AS type, p.base_price AS price,
       p.product_description AS description, round(f.similarity * 100, 1) AS similarity,
       coalesce(i.stock, 0) AS stock, i.stock_by_store, coalesce(s.units_sold, 0) AS units_sold, coalesce(s.revenue, 0) AS revenue, f.model_id
  FROM matches f
  JOIN retail.products p USING (product_id)
  JOIN retail.categories c USING (category_id)
  JOIN retail.product_types t USING (type_id)
  CROSS JOIN LATERAL (SELECT round((100 * {bonus})::numeric, 1) AS bonus) AS b
  LEFT JOIN stock i USING (product_id)
  LEFT JOIN sales s USING (product_id)
 ORDER BY f.exact DESC, f.distance - b.bonus::float8 / 100 NULLS LAST, p.product_id
 LIMIT %(max_rows)s;

-- name: explain_no_rows
-- Why nothing was found: whether the product and the category exist, the models of the embeddings, and whether the product
-- has one.
SELECT EXISTS (SELECT FROM target) AS product_exists,
       (SELECT string_agg(product_name, '; ') FROM (
            SELECT product_name FROM retail.products
             WHERE position(lower(%(similar_to)s) IN lower(product_name)) > 0 ORDER BY product_id LIMIT 5) AS near) AS similar_names,
       EXISTS (SELECT FROM retail.categories WHERE lower(category_name) = lower(%(category)s))
       OR EXISTS (SELECT FROM retail.product_types WHERE lower(type_name) = lower(%(category)s)) AS category_exists,
       (SELECT string_agg(category_name, ', ' ORDER BY category_id) FROM retail.categories) AS categories,
       (SELECT string_agg(type_name, E'\n' ORDER BY type_id) FROM retail.product_types) AS types,
       {models} AS models, {vector} IS NOT NULL AS has_vector;

-- name: models
-- The models of the embeddings.
(SELECT string_agg(DISTINCT model_id, ', ') FROM retail.product_description_embeddings)

-- name: target_vector
-- The embedding of the target. The cast to an array reads it from TOAST storage once.
(SELECT description_embedding::real[]::public.vector FROM retail.product_description_embeddings WHERE product_id = (SELECT product_id FROM target))
-- name: target_model
-- The model of that embedding.
(SELECT model_id FROM retail.product_description_embeddings WHERE product_id = (SELECT product_id FROM target))
-- name: target_text
-- The text of the target.
(SELECT {product_text} FROM retail.products p WHERE product_id = (SELECT product_id FROM target))
-- name: target_condition
-- Excludes the target itself.
product_id <> (SELECT product_id FROM target)

-- name: list_words
-- The words of names and of descriptions in the catalogue that the identity sees, for spelling correction.
WITH texts AS MATERIALIZED (
    SELECT lower(concat_ws(' ', p.product_name, t.type_name, c.category_name)) AS name, lower(p.product_description) AS description
      FROM retail.products p
      JOIN retail.product_types t USING (type_id)
      JOIN retail.categories c ON c.category_id = p.category_id
     LIMIT 5000  -- most words are among the first products; reading a million would take seconds
)
SELECT (SELECT string_agg(DISTINCT word, ' ') FROM texts, regexp_split_to_table(name, '[^[:alpha:]]+') AS word
         WHERE length(word) BETWEEN 4 AND 30) AS names,
       (SELECT string_agg(DISTINCT word, ' ') FROM texts, regexp_split_to_table(description, '[^[:alpha:]]+') AS word
         WHERE length(word) BETWEEN 4 AND 30) AS descriptions;

-- name: list_bought_with
-- The products bought in the same orders as the target, in the stores that the identity sees, with their lift: how much
-- more often than by chance. Only pairs with enough orders count.
, target_orders AS MATERIALIZED (
    SELECT DISTINCT order_id FROM retail.order_items WHERE product_id = (SELECT product_id FROM target)
), together AS (
    SELECT product_id, count(DISTINCT order_id) AS orders_together
      FROM target_orders JOIN retail.order_items USING (order_id)
     GROUP BY product_id HAVING count(DISTINCT order_id) >= %(min_orders_together)s
     ORDER BY orders_together DESC LIMIT 101  -- the orders of each are counted below; the target itself is one of them
), compared AS (
    SELECT p.sku, p.product_name, orders_together,
           round(orders_together * (SELECT count(*) FROM retail.orders)::numeric / (SELECT count(*) FROM target_orders)
                 / (SELECT count(DISTINCT order_id) FROM retail.order_items i WHERE i.product_id = t.product_id), 2) AS lift
      FROM together t JOIN retail.products p USING (product_id)
     WHERE t.product_id <> (SELECT product_id FROM target)
)
SELECT (SELECT sku FROM retail.products WHERE product_id = (SELECT product_id FROM target)) AS target_sku,
       (SELECT count(*) FROM target_orders) AS orders, sku, product_name, orders_together, lift
  FROM (VALUES (1)) AS always LEFT JOIN (SELECT * FROM compared WHERE lift > 1 ORDER BY lift DESC, sku LIMIT 5) AS best ON true
 ORDER BY lift DESC, sku;

-- name: list_bought_with_of_nodes
-- The same on a Citus cluster.
, target_orders AS MATERIALIZED (
    SELECT DISTINCT order_id, store_id FROM retail.order_items WHERE product_id = (SELECT product_id FROM target)
), together AS MATERIALIZED (
    SELECT product_id, count(DISTINCT order_id) AS orders_together
      FROM target_orders JOIN retail.order_items USING (order_id, store_id)
     GROUP BY product_id HAVING count(DISTINCT order_id) >= %(min_orders_together)s
     ORDER BY orders_together DESC LIMIT 101
), counted AS MATERIALIZED (
    SELECT product_id, count(DISTINCT order_id) AS orders FROM retail.order_items
     WHERE product_id IN (SELECT product_id FROM together) GROUP BY product_id
), compared AS (
    SELECT p.sku, p.product_name, orders_together,
           round(orders_together * (SELECT count(*) FROM retail.orders)::numeric / (SELECT count(*) FROM target_orders) / c.orders, 2) AS lift
      FROM together t JOIN retail.products p USING (product_id) JOIN counted c USING (product_id)
     WHERE t.product_id <> (SELECT product_id FROM target)
)
SELECT (SELECT sku FROM retail.products WHERE product_id = (SELECT product_id FROM target)) AS target_sku,
       (SELECT count(*) FROM target_orders) AS orders, sku, product_name, orders_together, lift
  FROM (VALUES (1)) AS always LEFT JOIN (SELECT * FROM compared WHERE lift > 1 ORDER BY lift DESC, sku LIMIT 5) AS best ON true
 ORDER BY lift DESC, sku;
