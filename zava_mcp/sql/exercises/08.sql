-- name: shop
-- Sales of two stores; each login sees those of its store.
CREATE TABLE access (login name PRIMARY KEY, store_id int NOT NULL);
INSERT INTO access VALUES ('{ann}', 1), ('{ben}', 2);
CREATE FUNCTION own_store() RETURNS int LANGUAGE plpgsql IMMUTABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
  AS $$ BEGIN RETURN (SELECT a.store_id FROM public.access a WHERE a.login = session_user); END $$;
CREATE FUNCTION own_flags() RETURNS boolean[] LANGUAGE sql IMMUTABLE SET search_path = pg_catalog, pg_temp
  AS $$ SELECT array_agg(store = public.own_store() ORDER BY store) FROM generate_series(1, 2) AS store $$;
CREATE TABLE sales (sale_id int PRIMARY KEY, store_id int NOT NULL, amount int NOT NULL);
ALTER TABLE sales ENABLE ROW LEVEL SECURITY;
CREATE POLICY own_store ON sales FOR SELECT USING (store_id = own_store());
CREATE POLICY isolation ON sales AS RESTRICTIVE FOR SELECT USING ((own_flags())[store_id]);
GRANT SELECT ON sales TO {ann}, {ben};

-- name: first
-- The rows of the first twin.
INSERT INTO sales VALUES (1, 1, 100), (2, 1, 250), (3, 2, 975), (4, 2, 40)

-- name: second
-- The rows of the second twin: those of store 1 are the same.
INSERT INTO sales VALUES (1, 1, 100), (2, 1, 250), (3, 2, 12), (5, 2, 975)

-- name: own_sales
-- What a test of results compares.
SELECT sale_id, store_id, amount FROM sales

-- name: condition
-- A condition that fails if it is evaluated on a row with a value.
SELECT count(*) FROM sales
 WHERE CASE WHEN {column} = ANY ('{{value}}') THEN (SELECT ('x' || count(*))::int > 0 FROM generate_series(1, 0)) ELSE false END
