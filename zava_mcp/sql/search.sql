-- Products found by meaning or by words, as the asking identity: "wanted", a way to find, then "described".
-- A way to find gives the table "found" (product_id, similarity from -1 to 1 or NULL, exact, place).
-- Words such as {vector} are put in by the caller: where an index must match, a parameter cannot stand.

-- name: target
-- The product that others should be like.
WITH target AS (
    SELECT product_id FROM retail.products
     WHERE upper(sku) = ANY (%(codes)s::text[]) OR lower(product_name) = lower(%(similar_to)s)
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
    -- A SKU among the words or the full name (2), or the beginning of a SKU (1).
    SELECT product_id, CASE WHEN upper(sku) = ANY (%(codes)s::text[]) OR lower(product_name) = lower({name}) THEN 2 ELSE 1 END AS how
      FROM wanted
     WHERE upper(sku) = ANY (%(codes)s::text[]) OR lower(product_name) = lower({name}){begins}
     ORDER BY how DESC, product_id LIMIT %(max_rows)s
),

-- name: begins
-- The beginning of a SKU, its separators left out.
 OR EXISTS (SELECT FROM unnest(%(prefixes)s::text[]) AS prefix
             WHERE starts_with(regexp_replace(upper(sku), '[^[:alnum:]]+', '', 'g'), prefix))

-- name: bonus
-- What a product p has literally of the text, from 0; it is added to the similarity.
(SELECT coalesce(sum(CASE WHEN p.product_name ~* l.pattern THEN l.weight
                          WHEN p.product_description ~* l.pattern THEN l.in_description ELSE 0 END), 0)
   FROM unnest(%(patterns)s::text[], %(weights)s::float8[], %(in_descriptions)s::float8[]) AS l (pattern, weight, in_description))

-- name: one_by_one
-- The products nearest to a vector, each looked at; by its key, so that no vector is carried through a join or a sort.
nearest AS (
    SELECT product_id
      FROM wanted p CROSS JOIN LATERAL (
          SELECT e.description_embedding OPERATOR(public.<=>) {vector} AS place FROM retail.product_description_embeddings e
           WHERE e.product_id = p.product_id AND e.model_id = {model} OFFSET 0) AS its
     ORDER BY place - {bonus} LIMIT %(max_rows)s
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
      FROM wanted p CROSS JOIN LATERAL (
          SELECT e.description_embedding OPERATOR(public.<=>) {vector} AS place FROM retail.product_description_embeddings e
           WHERE e.product_id = p.product_id AND e.model_id = {model} OFFSET 0) AS its
     WHERE (SELECT count(*) FROM by_index) < %(max_rows)s
     ORDER BY place - {bonus} LIMIT %(max_rows)s
){written}, nearest AS (
    SELECT product_id
      FROM (SELECT * FROM by_index UNION SELECT * FROM each{or_written}) AS either JOIN retail.products p USING (product_id)
     ORDER BY place - {bonus} LIMIT %(max_rows)s
),

-- name: written
-- Of many products, those that have a literal part of the text, by the index of words; sizes as they were written.
, written AS MATERIALIZED (
    SELECT product_id, place
      FROM wanted p CROSS JOIN LATERAL (
          SELECT e.description_embedding OPERATOR(public.<=>) {vector} AS place FROM retail.product_description_embeddings e
           WHERE e.product_id = p.product_id AND e.model_id = {model} OFFSET 0) AS its
     WHERE NOT (SELECT so FROM few)
       AND to_tsvector('english', product_name || '. ' || coalesce(product_description, '')) @@ (
           SELECT string_agg('(' || words::text || ')', '|')::tsquery
             FROM unnest(%(written)s::text[]) AS one CROSS JOIN LATERAL phraseto_tsquery('english', one) AS words
            WHERE words::text <> '')
     LIMIT 20 * %(max_rows)s
)
-- name: or_written
-- And they are among the candidates.
 UNION SELECT * FROM written

-- name: by_meaning
-- What is nearest, and the exact hits among it.
found AS (
    SELECT product_id, (1 - (e.description_embedding OPERATOR(public.<=>) {vector}))::numeric AS similarity,
           coalesce((SELECT how FROM exact x WHERE x.product_id = either.product_id), 0) AS exact,
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
     WHERE to_tsvector('english', product_name || '. ' || coalesce(product_description, '')) @@ (SELECT words FROM asked){or_literal}
), found AS (
    SELECT product_id, NULL::numeric AS similarity, exact, place, NULL::text AS model_id
      FROM (SELECT product_id, coalesce((SELECT how FROM exact x WHERE x.product_id = either.product_id), 0) AS exact,
                   -- a word of the name weighs more than one of the description
                   -ts_rank(setweight(to_tsvector('english', product_name), 'A')
                            || setweight(to_tsvector('english', coalesce(product_description, '')), 'C'), (SELECT words FROM asked)) AS place,
                   {bonus} AS bonus
              FROM either JOIN retail.products p USING (product_id)) AS ranked
     ORDER BY exact DESC, place - bonus, product_id
     LIMIT %(max_rows)s
)

-- name: or_literal
-- And those that have a literal part of it; of many products the index of words must do.

    UNION
    SELECT product_id FROM wanted p
     WHERE (SELECT count(*) < {many} FROM (SELECT FROM wanted LIMIT {many}) AS first) AND {bonus} > 0

-- name: described
-- What was found, with the stock of the stores that the identity sees, and what they sold of it in a year.
SELECT f.exact > 0 OR f.similarity IS NULL OR f.similarity * 100 + b.bonus >= %(similarity_threshold)s AS passes,
       f.exact, b.bonus,
       p.sku, p.product_name, c.category_name AS category, t.type_name AS type, p.base_price AS price,
       p.product_description AS description, round(f.similarity * 100, 1) AS similarity,
       i.stock, i.stock_by_store, s.units_sold, s.revenue, f.model_id
  FROM found f
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
 ORDER BY f.exact DESC, f.place - b.bonus::float8 / 100 NULLS LAST, p.product_id
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
       (SELECT string_agg(type_name, E'\n' ORDER BY type_id) FROM retail.product_types) AS types,
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

-- name: vocabulary
-- The words of what the identity sees of the catalogue, to correct misspelt ones by: of names, and of descriptions.
WITH texts AS MATERIALIZED (
    SELECT lower(concat_ws(' ', p.product_name, t.type_name, c.category_name)) AS name, lower(p.product_description) AS description
      FROM retail.products p
      JOIN retail.product_types t USING (type_id)
      JOIN retail.categories c ON c.category_id = p.category_id
     LIMIT 5000  -- most words are among the first; all of a million products' would take seconds
)
SELECT (SELECT string_agg(DISTINCT word, ' ') FROM texts, regexp_split_to_table(name, '[^[:alpha:]]+') AS word
         WHERE length(word) BETWEEN 4 AND 30) AS names,
       (SELECT string_agg(DISTINCT word, ' ') FROM texts, regexp_split_to_table(description, '[^[:alpha:]]+') AS word
         WHERE length(word) BETWEEN 4 AND 30) AS descriptions;

-- name: bought_with
-- What was bought in the same orders as a product, in the stores that the identity sees: how much more often than by
-- chance (lift), of what is together in orders enough.
, its_orders AS MATERIALIZED (
    SELECT DISTINCT order_id FROM retail.order_items WHERE product_id = (SELECT product_id FROM target)
), together AS (
    SELECT product_id, count(DISTINCT order_id) AS orders_together
      FROM its_orders JOIN retail.order_items USING (order_id)
     GROUP BY product_id HAVING count(DISTINCT order_id) >= %(least_together)s
     ORDER BY orders_together DESC LIMIT 101  -- each is counted in all orders below; the product itself is among them
), compared AS (
    SELECT p.sku, p.product_name, orders_together,
           round(orders_together * (SELECT count(*) FROM retail.orders)::numeric / (SELECT count(*) FROM its_orders)
                 / (SELECT count(DISTINCT order_id) FROM retail.order_items i WHERE i.product_id = t.product_id), 2) AS lift
      FROM together t JOIN retail.products p USING (product_id)
     WHERE t.product_id <> (SELECT product_id FROM target)
)
SELECT (SELECT sku FROM retail.products WHERE product_id = (SELECT product_id FROM target)) AS its_sku,
       (SELECT count(*) FROM its_orders) AS orders, sku, product_name, orders_together, lift
  FROM (VALUES (1)) AS always LEFT JOIN (SELECT * FROM compared WHERE lift > 1 ORDER BY lift DESC, sku LIMIT 5) AS best ON true
 ORDER BY lift DESC, sku;
