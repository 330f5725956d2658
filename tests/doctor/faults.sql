-- Faults of a database: -- check | part of the finding | the attack that then succeeds too (* none is run)

-- row level security is on | retail.orders: not forced | *
ALTER TABLE retail.orders NO FORCE ROW LEVEL SECURITY

-- row level security is on | zava.customers_by_store: not enabled | *
ALTER TABLE zava.customers_by_store DISABLE ROW LEVEL SECURITY

-- no policy trusts a setting | older on retail.orders |
CREATE POLICY older ON retail.orders FOR SELECT USING (current_setting('app.x', true) = store_id::text)

-- every table has its policies | "odd ""one""" on zava.stores shows additional rows |
CREATE POLICY "odd ""one""" ON zava.stores USING (true)

-- every table has its policies | for_seattle on retail.orders shows additional rows |
CREATE POLICY for_seattle ON retail.orders FOR SELECT TO zava_seattle USING (true)

-- every table has its policies | own_stores on retail.inventory is changed |
ALTER POLICY own_stores ON retail.inventory USING (true)

-- every table has its policies | own_customers on zava.customers_by_store is missing |
DROP POLICY own_customers ON zava.customers_by_store

-- every table has its policies | isolation on retail.orders is missing |
DROP POLICY isolation ON retail.orders

-- every table has its policies | isolation on zava.customers_by_store is changed |
DROP POLICY isolation ON zava.customers_by_store; CREATE POLICY isolation ON zava.customers_by_store FOR SELECT USING (true)

-- every table has its policies | isolation on retail.inventory is changed |
ALTER POLICY isolation ON retail.inventory USING (store_id = ANY (zava.visible_stores()))

-- every table has its policies | "before it" on retail.order_items is evaluated before isolation |
CREATE POLICY "before it" ON retail.order_items AS RESTRICTIVE FOR SELECT USING (quantity > 0)

-- open sessions see access changes | missing trigger access_changed |
ALTER TABLE zava.access DISABLE TRIGGER access_changed

-- open sessions see access changes | missing trigger access_changed, access_changing |
ALTER TABLE zava.access DISABLE TRIGGER USER; ALTER TABLE zava.access ENABLE TRIGGER USER

-- open sessions see access changes | missing trigger access_changing |
DROP TRIGGER access_changing ON zava.access

-- open sessions see access changes | missing trigger access_changing |
CREATE OR REPLACE TRIGGER access_changing BEFORE INSERT ON zava.access FOR EACH STATEMENT EXECUTE FUNCTION zava.access_changed(); ALTER TABLE zava.access ENABLE ALWAYS TRIGGER access_changing

-- stores see their customers | missing trigger order_changed |
DROP TRIGGER order_changed ON retail.orders

-- stores see their customers | missing trigger customer_changed, customers_gone, store_added |
ALTER TABLE zava.customers DISABLE TRIGGER USER; ALTER TABLE zava.stores ENABLE TRIGGER store_added

-- stores see their customers | the store 41 has no partition for its customers, inventory, order_items, orders |
ALTER TABLE zava.stores DISABLE TRIGGER store_added; INSERT INTO retail.stores VALUES (41, 'Zava Retail New', gen_random_uuid(), false); ALTER TABLE zava.stores ENABLE ALWAYS TRIGGER store_added

-- login cannot bypass policies | zava_seattle is BYPASSRLS | *
ALTER ROLE zava_seattle BYPASSRLS

-- login cannot bypass policies | zava_seattle owns retail.orders | *
ALTER TABLE retail.orders OWNER TO zava_seattle

-- tables are readable | zava_seattle may not read cost of retail.products |
REVOKE SELECT (cost) ON retail.products FROM zava_seattle

-- tables are readable | zava_seattle may not read order_date of retail.orders |
REVOKE SELECT (order_date) ON retail.orders FROM zava_seattle

-- login is read only | INSERT on retail.orders for zava_seattle |
GRANT INSERT ON retail.orders TO zava_seattle

-- login is read only | UPDATE on retail.products for PUBLIC |
GRANT UPDATE (cost) ON retail.products TO PUBLIC

-- login cannot create objects | objects in schema public for PUBLIC; schemas for zava_seattle; temporary tables for zava_seattle |
GRANT CREATE ON SCHEMA public TO PUBLIC; GRANT TEMP, CREATE ON DATABASE zava TO zava_seattle

-- login has no other role | zava_seattle may become zava_redmond |
GRANT zava_redmond TO zava_seattle

-- other user ids are hidden | PUBLIC may read stores.rls_user_id |
GRANT SELECT (rls_user_id) ON zava.stores TO PUBLIC

-- other user ids are hidden | zava_seattle may read stores.rls_user_id |
GRANT SELECT ON zava.stores TO zava_seattle

-- nothing bypasses policies | the view public."all", open to zava_seattle | *
SET event_triggers = off; CREATE VIEW public."all" AS SELECT * FROM retail.orders; GRANT SELECT ON public."all" TO zava_seattle

-- nothing bypasses policies | the view public.over_a_view, open to PUBLIC | *
SET event_triggers = off; CREATE VIEW zava.inner_view AS TABLE retail.orders; CREATE VIEW public.over_a_view AS SELECT store_id FROM zava.inner_view; GRANT SELECT (store_id) ON public.over_a_view TO PUBLIC

-- nothing bypasses policies | the function public.total(), open to PUBLIC | *
SET event_triggers = off; CREATE FUNCTION public.total() RETURNS bigint LANGUAGE sql SECURITY DEFINER AS 'SELECT count(*) FROM retail.orders'

-- nothing bypasses policies | the table sales.customer, open to zava_seattle | *
SET event_triggers = off; CREATE SCHEMA sales; CREATE TABLE sales.customer (name text); GRANT USAGE ON SCHEMA sales TO PUBLIC; GRANT SELECT ON sales.customer TO zava_seattle

-- nothing bypasses policies | the materialized view public.stale, open to PUBLIC | *
SET event_triggers = off; CREATE MATERIALIZED VIEW public.stale AS SELECT * FROM retail.orders; GRANT SELECT (order_id) ON public.stale TO PUBLIC

-- nothing bypasses policies | the sequence public.last_order, open to PUBLIC | *
SET event_triggers = off; CREATE SEQUENCE public.last_order; GRANT SELECT ON public.last_order TO PUBLIC

-- nothing bypasses policies | the table public.whole, open to PUBLIC | *
SET event_triggers = off; CREATE TABLE public.whole (store_id integer); ALTER TABLE public.whole ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY; CREATE POLICY mine ON public.whole USING (zava.is_known() OR true); GRANT SELECT ON public.whole TO PUBLIC

-- nothing bypasses policies | the table pg_statistic, open to PUBLIC |
GRANT SELECT ON pg_statistic TO PUBLIC

-- nothing bypasses policies | the view retail.stores, open to zava_seattle |
CREATE OR REPLACE VIEW retail.stores AS SELECT s.store_id, s.store_name, s.rls_user_id, s.is_online FROM zava.stores s

-- added tables are visible | the table retail.loyalty is hidden from identities |
CREATE TABLE retail.loyalty (store_id integer, points integer)

-- added tables are visible | the table retail.calendar is hidden from identities, and has no integer store_id to filter it by |
CREATE TABLE retail.calendar (day date)

-- added tables are visible | the view retail.recent is hidden from identities |
CREATE VIEW retail.recent AS TABLE retail.orders

-- added tables are visible | the column note of retail.orders is hidden from identities |
ALTER TABLE retail.orders ADD COLUMN note text

-- added tables are visible | default privileges of postgres in the schema retail for PUBLIC: SELECT on new TABLES |
ALTER DEFAULT PRIVILEGES IN SCHEMA retail GRANT SELECT ON TABLES TO PUBLIC

-- extension vector | the extension vector is in the schema elsewhere |
CREATE SCHEMA elsewhere; ALTER EXTENSION vector SET SCHEMA elsewhere

-- functions revoked from public | settings, and the seed of random() (set_config) |
GRANT EXECUTE ON FUNCTION set_config(text, text, boolean) TO PUBLIC

-- functions revoked from public | clocks and waits within a statement (clock_timestamp) |
GRANT EXECUTE ON FUNCTION clock_timestamp() TO zava_seattle

-- functions revoked from public | how much they write (pg_available_wal_summaries) |
GRANT EXECUTE ON FUNCTION pg_available_wal_summaries() TO PUBLIC

-- functions revoked from public | functions that no query needs (poly_overlap) |
GRANT EXECUTE ON FUNCTION poly_overlap(polygon, polygon) TO PUBLIC

-- table sizes are hidden | how many rows or pages all stores have: relfilenode, relpages, reltuples, relallvisible, relallfrozen, relfrozenxid, relminmxid |
GRANT SELECT ON pg_class TO PUBLIC

-- search path is trusted | zava_redmond may create objects in the schema retail |
GRANT CREATE ON SCHEMA retail TO zava_redmond

-- search path is trusted | zava_redmond owns the schema retail |
ALTER SCHEMA retail OWNER TO zava_redmond

-- search path is trusted | the function of zava_redmond can shadow another: FUNCTION retail.upper(integer) |
CREATE FUNCTION retail.upper(integer) RETURNS text LANGUAGE sql AS 'SELECT 1::text'; ALTER FUNCTION retail.upper(integer) OWNER TO zava_redmond

-- search path is trusted | the operator of zava_redmond can shadow another: OPERATOR retail.=(name,uuid) |
CREATE FUNCTION retail.same(name, uuid) RETURNS boolean LANGUAGE sql AS 'SELECT true'; CREATE OPERATOR retail.= (LEFTARG = name, RIGHTARG = uuid, FUNCTION = retail.same); ALTER OPERATOR retail.= (name, uuid) OWNER TO zava_redmond

-- code on tables is trusted | retail.orders runs the function public.spy(), which zava_redmond can change |
CREATE FUNCTION public.spy() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END'; ALTER FUNCTION public.spy() OWNER TO zava_redmond; CREATE TRIGGER spy AFTER INSERT ON retail.orders FOR EACH STATEMENT EXECUTE FUNCTION public.spy()

-- code on tables is trusted | retail.categories runs the function public.checked(text), which zava_redmond can change |
CREATE FUNCTION public.checked(text) RETURNS boolean LANGUAGE sql IMMUTABLE AS 'SELECT true'; CREATE DOMAIN public.checked AS text CHECK (public.checked(VALUE)); ALTER FUNCTION public.checked(text) OWNER TO zava_redmond; ALTER TABLE retail.categories ALTER COLUMN category_name TYPE public.checked

-- roles are protected | zava_owner, which sees every row, can log in |
ALTER ROLE zava_owner LOGIN

-- roles are protected | zava_owner is CREATEROLE |
ALTER ROLE zava_owner CREATEROLE

-- roles are protected | zava_owner is a member of pg_monitor |
GRANT pg_monitor TO zava_owner

-- roles are protected | zava_redmond may become or alter zava_seattle |
GRANT zava_seattle TO zava_redmond

-- table sizes are hidden | how many rows or pages all stores have: relpages |
GRANT SELECT (relpages) ON pg_class TO PUBLIC

-- no policy trusts a setting | your_function on retail.orders |
CREATE FUNCTION public.me() RETURNS text LANGUAGE sql STABLE AS $$ SELECT current_setting('app.x', true) $$; CREATE POLICY your_function ON retail.orders AS RESTRICTIVE FOR SELECT USING (public.me() IS NULL)

-- stores see their customers | of this identity's stores with a customer that it does not see |
ALTER TABLE zava.customers_by_store DISABLE TRIGGER USER; DELETE FROM zava.customers_by_store WHERE visible_in = 1; ALTER TABLE zava.customers_by_store ENABLE TRIGGER USER

-- stores see their customers | this identity sees 1 customer without an order in its stores |
INSERT INTO zava.customers_by_store (customer_id, first_name, last_name, email, primary_store_id, visible_in) SELECT customer_id, first_name, last_name, email, primary_store_id, 1 FROM zava.customers c WHERE primary_store_id <> 1 AND NOT EXISTS (SELECT FROM retail.orders o WHERE o.customer_id = c.customer_id AND o.store_id = 1) LIMIT 1

-- login cannot bypass policies | zava_seattle is CREATEROLE |
ALTER ROLE zava_seattle CREATEROLE

-- login cannot bypass policies | zava_seattle is REPLICATION |
ALTER ROLE zava_seattle REPLICATION

-- login cannot bypass policies | zava_seattle owns public.mine | *
CREATE VIEW public.mine AS SELECT 1; ALTER VIEW public.mine OWNER TO zava_seattle

-- login is read only | INSERT on public.others for PUBLIC |
CREATE TABLE public.others (name text); GRANT INSERT ON public.others TO PUBLIC

-- login is read only | UPDATE on pg_statistic for zava_seattle |
GRANT UPDATE ON pg_statistic TO zava_seattle

-- login is read only | SET on the parameter session_replication_role for zava_seattle |
GRANT SET ON PARAMETER session_replication_role TO zava_seattle

-- functions are unchanged | changed: zava.only_store |
CREATE OR REPLACE FUNCTION zava.only_store() RETURNS integer LANGUAGE sql IMMUTABLE AS 'SELECT 6'

-- functions are unchanged | changed: zava.access_changed |
ALTER FUNCTION zava.access_changed() SECURITY INVOKER

-- functions are unchanged | changed: zava.visible_stores |
ALTER FUNCTION zava.visible_stores() OWNER TO postgres

-- orders have items | 1 order has no items, the first is 99000001 |
INSERT INTO retail.orders (order_id, customer_id, store_id, order_date) SELECT 99000001, customer_id, 1, current_date FROM retail.orders WHERE store_id = 1 LIMIT 1

-- totals add up | the total of 1 item is not quantity * unit_price - discount_amount |
ALTER TABLE retail.order_items DROP CONSTRAINT order_items_total_adds_up; UPDATE retail.order_items SET total_amount = total_amount + 1 WHERE order_item_id = (SELECT min(order_item_id) FROM retail.order_items WHERE store_id = 1)

-- rows have parents | 1 item refers to products that do not exist |
ALTER TABLE retail.order_items DROP CONSTRAINT order_items_product_id_fkey; INSERT INTO retail.order_items (order_item_id, order_id, store_id, product_id, quantity, unit_price, total_amount) SELECT 99000001, order_id, 1, 99000001, 1, 1, 1 FROM retail.orders WHERE store_id = 1 LIMIT 1

-- rows have parents | 2 items refer to orders that do not exist |
ALTER TABLE retail.order_items DROP CONSTRAINT order_items_in_store_of_order; INSERT INTO retail.order_items (order_item_id, order_id, store_id, product_id, quantity, unit_price, total_amount) VALUES (99000001, 99000001, 1, 1, 1, 1, 1), (99000002, 99000001, 1, 1, 1, 1, 1)

-- rows have parents | items refer to orders that do not exist; 1 item refers to products that do not exist |
INSERT INTO retail.order_items (order_item_id, order_id, store_id, product_id, quantity, unit_price, total_amount) VALUES (99000001, 99000001, 1, 1, 1, 1, 1), (99000002, 99000001, 1, 99000001, 1, 1, 1)

-- margins are of prices | the margin of 1 product differs from cost and price by more than a point |
UPDATE retail.products SET gross_margin_percent = gross_margin_percent - 5 WHERE product_id = 1

-- temporary files are limited | no limit bounds the temporary files of this login's queries |
ALTER ROLE zava_seattle SET temp_file_limit = '-1'
