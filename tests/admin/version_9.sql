-- A database as version 9 of our schema left it: its files one after the other.

-- ── 001_tables ──
-- The shop's tables, without keys between them: keys, indexes and policies follow in the next files,
-- after the rows of a new database, because they are built faster over rows than before them.

CREATE SCHEMA retail;

CREATE TABLE retail.stores (
    store_id    integer PRIMARY KEY,
    store_name  text    NOT NULL,
    rls_user_id uuid    NOT NULL,
    is_online   boolean NOT NULL DEFAULT false
);

CREATE TABLE retail.customers (
    customer_id      integer   PRIMARY KEY,
    first_name       text      NOT NULL,
    last_name        text      NOT NULL,
    email            text      NOT NULL,
    phone            text,
    primary_store_id integer,
    created_at       timestamp NOT NULL DEFAULT localtimestamp
);

CREATE TABLE retail.categories (
    category_id   integer PRIMARY KEY,
    category_name text    NOT NULL
);

CREATE TABLE retail.product_types (
    type_id     integer PRIMARY KEY,
    category_id integer NOT NULL,
    type_name   text    NOT NULL
);

CREATE TABLE retail.products (
    product_id           integer       PRIMARY KEY,
    sku                  text          NOT NULL,
    product_name         text          NOT NULL,
    category_id          integer       NOT NULL,
    type_id              integer       NOT NULL,
    cost                 numeric(10,2) NOT NULL,
    base_price           numeric(10,2) NOT NULL,
    gross_margin_percent numeric(5,2)  NOT NULL DEFAULT 33.00,
    product_description  text          NOT NULL
);

CREATE TABLE retail.inventory (
    store_id    integer NOT NULL,
    product_id  integer NOT NULL,
    stock_level integer NOT NULL,
    PRIMARY KEY (store_id, product_id)
);

CREATE TABLE retail.orders (
    order_id    integer PRIMARY KEY,
    customer_id integer NOT NULL,
    store_id    integer NOT NULL,
    order_date  date    NOT NULL
);

CREATE TABLE retail.order_items (
    order_item_id    integer       PRIMARY KEY,
    order_id         integer       NOT NULL,
    store_id         integer       NOT NULL,
    product_id       integer       NOT NULL,
    quantity         integer       NOT NULL,
    unit_price       numeric(10,2) NOT NULL,
    discount_percent integer       NOT NULL DEFAULT 0,
    discount_amount  numeric(10,2) NOT NULL DEFAULT 0,
    total_amount     numeric(10,2) NOT NULL
);

-- ── 002_keys ──
-- What must hold between rows, and the indexes that the questions need.

ALTER TABLE retail.stores
    ADD UNIQUE (store_name),
    ADD UNIQUE (rls_user_id);

ALTER TABLE retail.customers
    ADD UNIQUE (email),
    ADD FOREIGN KEY (primary_store_id) REFERENCES retail.stores;

ALTER TABLE retail.categories
    ADD UNIQUE (category_name);

-- The pair is unique so that a product's type can be held to its category.
ALTER TABLE retail.product_types
    ADD UNIQUE (category_id, type_name),
    ADD UNIQUE (type_id, category_id),
    ADD FOREIGN KEY (category_id) REFERENCES retail.categories;

ALTER TABLE retail.products
    ADD UNIQUE (sku),
    ADD FOREIGN KEY (category_id) REFERENCES retail.categories,
    ADD FOREIGN KEY (type_id) REFERENCES retail.product_types,
    ADD CONSTRAINT products_type_of_category
        FOREIGN KEY (type_id, category_id) REFERENCES retail.product_types (type_id, category_id),
    ADD CONSTRAINT products_cost_not_negative CHECK (cost >= 0),
    ADD CONSTRAINT products_price_not_negative CHECK (base_price >= 0),
    ADD CONSTRAINT products_margin_is_percent CHECK (gross_margin_percent BETWEEN 0 AND 100);

ALTER TABLE retail.inventory
    ADD FOREIGN KEY (store_id) REFERENCES retail.stores,
    ADD FOREIGN KEY (product_id) REFERENCES retail.products,
    ADD CONSTRAINT inventory_stock_not_negative CHECK (stock_level >= 0);

-- The pair is unique so that an item's store is held to its order's store.
ALTER TABLE retail.orders
    ADD UNIQUE (order_id, store_id),
    ADD FOREIGN KEY (customer_id) REFERENCES retail.customers,
    ADD FOREIGN KEY (store_id) REFERENCES retail.stores;

-- The planner takes the first key, by name, that fits a join: with the pair's before that of order_id alone, it knows
-- how many items a store's orders have. By the other one it would divide them by the orders of all stores.
ALTER TABLE retail.order_items
    ADD FOREIGN KEY (order_id) REFERENCES retail.orders,
    ADD CONSTRAINT order_items_in_store_of_order
        FOREIGN KEY (order_id, store_id) REFERENCES retail.orders (order_id, store_id),
    ADD FOREIGN KEY (store_id) REFERENCES retail.stores,
    ADD FOREIGN KEY (product_id) REFERENCES retail.products,
    ADD CONSTRAINT order_items_quantity_positive CHECK (quantity > 0),
    ADD CONSTRAINT order_items_unit_price_not_negative CHECK (unit_price >= 0),
    ADD CONSTRAINT order_items_discount_is_percent CHECK (discount_percent BETWEEN 0 AND 100),
    ADD CONSTRAINT order_items_discount_not_negative CHECK (discount_amount >= 0),
    ADD CONSTRAINT order_items_total_adds_up
        CHECK (total_amount = quantity * unit_price - discount_amount);

-- Head office's orders of a period.
CREATE INDEX orders_date ON retail.orders (order_date);
-- A customer's orders, and whether a customer ever ordered in a store (the customers' policy).
CREATE INDEX orders_customer_store ON retail.orders (customer_id, store_id);
-- A store's items, answered from the index alone for the top products of a store.
CREATE INDEX order_items_store_product ON retail.order_items (store_id, product_id) INCLUDE (order_id, quantity, total_amount);
-- What a product sold, over all stores.
CREATE INDEX order_items_product ON retail.order_items (product_id);
CREATE INDEX inventory_product ON retail.inventory (product_id);
CREATE INDEX customers_primary_store ON retail.customers (primary_store_id);
CREATE INDEX products_category ON retail.products (category_id);
CREATE INDEX products_type ON retail.products (type_id);

-- ── 003_access ──
-- Who sees what. Identity is the login a connection authenticated as (session_user): the one name
-- that no SQL text can change. Everything here reads it through one table, zava.access.

CREATE SCHEMA zava;

-- Every table and function belongs to a role nobody can log in as.
DO $$
BEGIN
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'zava_owner') THEN
        CREATE ROLE zava_owner NOLOGIN;
    END IF;
    -- A superuser may do everything anyway; a restricted admin needs the membership to go on administrating.
    IF NOT pg_has_role(current_user, 'zava_owner', 'USAGE') THEN
        EXECUTE format('GRANT zava_owner TO %I', current_user);
    END IF;
END $$;
COMMENT ON ROLE zava_owner IS 'Owns the schemas retail and zava; cannot log in.';

-- login -> rls_user_id -> stores. A regional manager has several stores, head office has all of them.
CREATE TABLE zava.access (
    login        name    PRIMARY KEY,
    rls_user_id  uuid    NOT NULL,
    display_name text    NOT NULL,
    all_stores   boolean NOT NULL DEFAULT false,
    store_ids    integer[] NOT NULL DEFAULT '{}',
    CONSTRAINT access_all_or_some CHECK (NOT all_stores OR store_ids = '{}'),
    CONSTRAINT access_no_null_store CHECK (array_position(store_ids, NULL) IS NULL)
);
COMMENT ON TABLE zava.access IS 'One row per login: the identity it stands for and the stores that identity may see.';

-- What a database holds and which version of this schema it has; written by set-up, read by everyone.
CREATE TABLE zava.about (
    only_row       boolean PRIMARY KEY DEFAULT true CHECK (only_row),
    schema_version integer NOT NULL,
    sample_seed    integer,
    sample_as_of   date,
    sample_scale   double precision
);
COMMENT ON TABLE zava.about IS 'Version of the schema and, where it holds sample data, how that was made.';

-- The answers about the asking login. They are IMMUTABLE although they read a table, because their
-- value cannot change while a connection lives, and only so does the planner fold them into the
-- policies as constants: an index on store_id works, plans run in parallel, row estimates are right,
-- and head office pays for no filter at all. SECURITY DEFINER, because no login may read zava.access.
-- 009 replaces them by ones that do not read the table each time.

CREATE FUNCTION zava.sees_all_stores() RETURNS boolean
    LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$ BEGIN RETURN coalesce((SELECT a.all_stores FROM zava.access a WHERE a.login = session_user), false); END $$;
COMMENT ON FUNCTION zava.sees_all_stores() IS 'Whether the asking login sees every store.';

-- NULL unless the login has exactly one store: then policies compare with = and plans stay the simplest.
CREATE FUNCTION zava.only_store() RETURNS integer
    LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$ BEGIN RETURN (SELECT a.store_ids[1] FROM zava.access a WHERE a.login = session_user AND cardinality(a.store_ids) = 1); END $$;
COMMENT ON FUNCTION zava.only_store() IS 'The one store of the asking login, NULL if it has none or several.';

CREATE FUNCTION zava.visible_stores() RETURNS integer[]
    LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$ BEGIN RETURN coalesce((SELECT a.store_ids FROM zava.access a WHERE a.login = session_user), '{}'); END $$;
COMMENT ON FUNCTION zava.visible_stores() IS 'The stores of the asking login; empty for head office, which is asked for first.';

CREATE FUNCTION zava.is_known() RETURNS boolean
    LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$ BEGIN RETURN EXISTS (SELECT FROM zava.access a WHERE a.login = session_user); END $$;
COMMENT ON FUNCTION zava.is_known() IS 'Whether the asking login is an identity at all.';

-- The asking login's own entry; nobody else's can be asked for.
CREATE FUNCTION zava.who_am_i(OUT rls_user_id uuid, OUT display_name text, OUT all_stores boolean, OUT store_ids integer[])
    LANGUAGE plpgsql STABLE PARALLEL SAFE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$ BEGIN
    SELECT a.rls_user_id, a.display_name, a.all_stores, a.store_ids
      INTO rls_user_id, display_name, all_stores, store_ids
      FROM zava.access a WHERE a.login = session_user;
END $$;
COMMENT ON FUNCTION zava.who_am_i() IS 'The asking login''s identity: id, name and the stores it sees; all NULL if it is unknown.';

-- Refuses a row inside the database, before it crosses the wire. Called by the wrapper of every query.
CREATE FUNCTION zava.row_too_large(bytes bigint) RETURNS boolean
    LANGUAGE plpgsql STABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp
AS $$ BEGIN
    RAISE EXCEPTION USING
        ERRCODE = 'program_limit_exceeded',
        MESSAGE = format('a row of the result has %s bytes, more than fits into an answer', bytes),
        HINT = 'Select fewer or shorter columns: left(text, 200), length(text), or an aggregate.';
END $$;
COMMENT ON FUNCTION zava.row_too_large(bigint) IS 'Raises the error for a row that is too large for an answer.';

-- Policies. FORCE binds the owner too; the owner's own way in is written out as a policy of its own.
DO $$
DECLARE
    of_store constant text := 'CASE WHEN zava.sees_all_stores() THEN true
        WHEN zava.only_store() IS NOT NULL THEN %1$I = zava.only_store()
        ELSE %1$I = ANY (zava.visible_stores()) END';
    t regclass;
BEGIN
    FOREACH t IN ARRAY ARRAY['retail.stores', 'retail.customers', 'retail.categories', 'retail.product_types',
                             'retail.products', 'retail.inventory', 'retail.orders', 'retail.order_items',
                             'zava.access', 'zava.about']::regclass[]
    LOOP
        EXECUTE format('ALTER TABLE %s ENABLE ROW LEVEL SECURITY', t);
        EXECUTE format('ALTER TABLE %s FORCE ROW LEVEL SECURITY', t);
        -- The owner maintains every row.
        EXECUTE format('CREATE POLICY owner_maintains ON %s TO zava_owner USING (true) WITH CHECK (true)', t);
    END LOOP;

    -- Orders, their items and the stock: the rows of the stores this login may see.
    FOREACH t IN ARRAY ARRAY['retail.orders', 'retail.order_items', 'retail.inventory']::regclass[]
    LOOP
        EXECUTE format('CREATE POLICY own_stores ON %s FOR SELECT USING (%s)', t, format(of_store, 'store_id'));
    END LOOP;

    -- Customers: those whose primary store this login may see, or who ordered there
    -- (the orders that the inner query finds are themselves only this login's).
    EXECUTE format('CREATE POLICY own_customers ON retail.customers FOR SELECT USING (
        CASE WHEN zava.sees_all_stores() THEN true
        ELSE (%s) OR EXISTS (SELECT FROM retail.orders o WHERE o.customer_id = customers.customer_id) END)',
        format(of_store, 'primary_store_id'));

    -- The catalogue and the list of stores: every known identity. No identity, no rows.
    FOREACH t IN ARRAY ARRAY['retail.stores', 'retail.categories', 'retail.product_types', 'retail.products', 'zava.about']::regclass[]
    LOOP
        EXECUTE format('CREATE POLICY every_identity ON %s FOR SELECT USING (zava.is_known())', t);
    END LOOP;
END $$;

-- Lets one login read as one identity. What is not granted: membership in any role, ownership,
-- writing, TEMP or CREATE anywhere, zava.access, and stores.rls_user_id, which names other identities.
CREATE FUNCTION zava.admit(login name, rls_user_id uuid, display_name text, all_stores boolean, store_ids integer[])
    RETURNS void LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    readable text;
BEGIN
    INSERT INTO zava.access AS a VALUES (admit.login, admit.rls_user_id, admit.display_name, admit.all_stores, admit.store_ids)
        ON CONFLICT ON CONSTRAINT access_pkey DO UPDATE
        SET rls_user_id = excluded.rls_user_id, display_name = excluded.display_name,
            all_stores = excluded.all_stores, store_ids = excluded.store_ids;
    EXECUTE format('GRANT CONNECT ON DATABASE %I TO %I', current_database(), login);
    EXECUTE format('GRANT USAGE ON SCHEMA retail, zava TO %I', login);
    -- Column by column, which leaves out the system columns: ctid tells how many rows lie before one's own.
    FOR readable IN
        SELECT format('GRANT SELECT (%s) ON %s TO %I', string_agg(quote_ident(a.attname), ', '), a.attrelid::regclass, login)
          FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid
         WHERE c.relnamespace = 'retail'::regnamespace AND c.relkind IN ('r', 'p')
           AND a.attnum > 0 AND NOT a.attisdropped
           AND (c.relname, a.attname) <> ('stores', 'rls_user_id')
           -- A table that no policy shows is not offered either: it would look empty.
           AND EXISTS (SELECT FROM pg_policy p WHERE p.polrelid = c.oid AND p.polname <> 'owner_maintains')
         GROUP BY a.attrelid
    LOOP
        EXECUTE readable;
    END LOOP;
    EXECUTE format('GRANT SELECT (schema_version) ON zava.about TO %I', login);
    EXECUTE format('GRANT EXECUTE ON FUNCTION zava.sees_all_stores(), zava.only_store(), zava.visible_stores(),
        zava.is_known(), zava.who_am_i(), zava.row_too_large(bigint) TO %I', login);
    -- Second locks behind the privileges, and the manners of a guest: no statement without an end.
    EXECUTE format('ALTER ROLE %I SET default_transaction_read_only = on', login);
    EXECUTE format('ALTER ROLE %I SET statement_timeout = %L', login, '60s');
    EXECUTE format('ALTER ROLE %I SET idle_in_transaction_session_timeout = %L', login, '60s');
    EXECUTE format('ALTER ROLE %I SET search_path = retail, public', login);
    IF current_setting('is_superuser')::boolean THEN
        EXECUTE format('ALTER ROLE %I SET temp_file_limit = %L', login, '2GB');
    END IF;
    -- Everybody can read comments on roles: nothing here of whom it stands for.
    EXECUTE format('COMMENT ON ROLE %I IS %L', login, 'An identity of zava-mcp.');
END $$;
COMMENT ON FUNCTION zava.admit(name, uuid, text, boolean, integer[]) IS 'Gives an existing login its identity and its read-only privileges; for admins.';

DO $$
DECLARE
    object text;
BEGIN
    -- Functions start out executable by everyone; here by nobody until a login is admitted.
    REVOKE ALL ON ALL FUNCTIONS IN SCHEMA zava FROM PUBLIC;
    -- No temporary tables, no new objects: nothing to shadow ours with. In a database of somebody else's,
    -- a restricted admin may not do all of this; whoever takes it over is told what is missing.
    BEGIN
        EXECUTE format('REVOKE TEMPORARY ON DATABASE %I FROM PUBLIC', current_database());
        REVOKE CREATE ON SCHEMA public FROM PUBLIC;
    EXCEPTION WHEN insufficient_privilege OR invalid_schema_name THEN NULL;
    END;

    -- The schemas first: who takes over an object must be allowed to create in its schema, and who
    -- takes over a schema, for that moment, in the database.
    GRANT USAGE, CREATE ON SCHEMA retail, zava TO zava_owner;
    BEGIN
        EXECUTE format('GRANT CREATE ON DATABASE %I TO zava_owner', current_database());
        ALTER SCHEMA retail OWNER TO zava_owner;
        ALTER SCHEMA zava OWNER TO zava_owner;
        EXECUTE format('REVOKE CREATE ON DATABASE %I FROM zava_owner', current_database());
    EXCEPTION WHEN insufficient_privilege THEN NULL;
    END;

    FOR object IN
        SELECT format('TABLE %s', oid::regclass) FROM pg_class
         WHERE relnamespace IN ('retail'::regnamespace, 'zava'::regnamespace) AND relkind = 'r'
        UNION ALL
        SELECT format('FUNCTION %s', oid::regprocedure) FROM pg_proc WHERE pronamespace = 'zava'::regnamespace
    LOOP
        EXECUTE format('ALTER %s OWNER TO zava_owner', object);
    END LOOP;
END $$;

-- ── 004_embeddings ──
-- Search by meaning needs the type vector; a server that lacks pgvector goes without this table.
-- Run set-up again once the extension can be had: this file looks anew each time.

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

-- ── 005_comments ──
-- What the columns mean, in which units: these texts reach the model that writes the questions' SQL.

COMMENT ON SCHEMA retail IS 'Zava Retail: a DIY chain in Washington State, seven shops and one online store';
COMMENT ON SCHEMA zava IS 'Who may see what in retail, and which version of the schema this is';

COMMENT ON TABLE retail.stores IS 'One row per store: seven shops and one online store';
COMMENT ON COLUMN retail.stores.store_name IS 'e.g. Zava Retail Seattle';
COMMENT ON COLUMN retail.stores.rls_user_id IS 'identity of the store''s manager; not readable by identities';
COMMENT ON COLUMN retail.stores.is_online IS 'true for the online store';

COMMENT ON TABLE retail.customers IS 'One row per customer';
COMMENT ON COLUMN retail.customers.primary_store_id IS 'the store they usually buy from; null if none';
COMMENT ON COLUMN retail.customers.created_at IS 'when they registered, UTC';

COMMENT ON TABLE retail.categories IS 'The nine departments';
COMMENT ON COLUMN retail.categories.category_name IS 'in capitals, e.g. POWER TOOLS';

COMMENT ON TABLE retail.product_types IS 'Kinds of product within a category';
COMMENT ON COLUMN retail.product_types.type_name IS 'unique only within its category';

COMMENT ON TABLE retail.products IS 'One row per product, sold in every store';
COMMENT ON COLUMN retail.products.cost IS 'what Zava pays, US dollars';
COMMENT ON COLUMN retail.products.base_price IS 'list price before discount, US dollars';
COMMENT ON COLUMN retail.products.gross_margin_percent IS '(base_price - cost) / base_price, percent';

COMMENT ON TABLE retail.inventory IS 'Stock on hand now, one row per store and product';
COMMENT ON COLUMN retail.inventory.stock_level IS 'units on hand; 0 is out of stock';

COMMENT ON TABLE retail.orders IS 'One row per order; what was bought is in order_items';
COMMENT ON COLUMN retail.orders.store_id IS 'the store that sold it';
COMMENT ON COLUMN retail.orders.order_date IS 'the day of the order; time of day is not kept';

COMMENT ON TABLE retail.order_items IS 'One row per product in an order; revenue = sum(total_amount)';
COMMENT ON COLUMN retail.order_items.store_id IS 'same as the order''s store';
COMMENT ON COLUMN retail.order_items.quantity IS 'units';
COMMENT ON COLUMN retail.order_items.unit_price IS 'US dollars per unit before discount';
COMMENT ON COLUMN retail.order_items.discount_percent IS '0-100';
COMMENT ON COLUMN retail.order_items.discount_amount IS 'US dollars off the line';
COMMENT ON COLUMN retail.order_items.total_amount IS 'US dollars paid: quantity * unit_price - discount_amount';

-- ── 006_search ──
-- What search by meaning needs beside the vectors: room to make new ones, and ways to products by their words.

-- Vectors that `zava-mcp embed` has made but not yet published. It goes on here after a kill, and publishes
-- them in one transaction, so that a search never meets half a set. An array, so that no extension is needed.
CREATE TABLE zava.new_embeddings (
    product_id  integer PRIMARY KEY REFERENCES retail.products ON DELETE CASCADE,
    model_id    text   NOT NULL,
    text_sha256 text   NOT NULL,
    embedding   real[] NOT NULL
);
COMMENT ON TABLE zava.new_embeddings IS 'Vectors on their way to retail.product_description_embeddings; emptied when they are published.';
ALTER TABLE zava.new_embeddings ENABLE ROW LEVEL SECURITY;
ALTER TABLE zava.new_embeddings FORCE ROW LEVEL SECURITY;
-- The owner maintains every row; nobody else sees any: no identity has a privilege or a policy here.
CREATE POLICY owner_maintains ON zava.new_embeddings TO zava_owner USING (true) WITH CHECK (true);
ALTER TABLE zava.new_embeddings OWNER TO zava_owner;

-- A SKU or a full name that somebody types, in whatever case.
CREATE INDEX IF NOT EXISTS products_sku_upper ON retail.products (upper(sku));
CREATE INDEX IF NOT EXISTS products_name_lower ON retail.products (lower(product_name));
-- Search by words, where there is no search by meaning.
CREATE INDEX IF NOT EXISTS products_words ON retail.products
    USING gin (to_tsvector('english', product_name || '. ' || coalesce(product_description, '')));
-- The stock of one product in the stores somebody sees, without a look at the table.
CREATE INDEX IF NOT EXISTS inventory_product_store ON retail.inventory (product_id, store_id) INCLUDE (stock_level);
DROP INDEX IF EXISTS retail.inventory_product;

-- A product that goes takes its vector with it. What 004 creates since then, for databases that had it before.
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

-- ── 007_periods ──
-- What keeps a store's questions about a period as fast as they are while the other stores grow: its rows lie among
-- theirs, a page for each in the end, unless an index alone answers, with the store that the policies ask for in it.

-- A store's orders of a period, and whose they are: every manager's first question.
CREATE INDEX IF NOT EXISTS orders_store_date_order ON retail.orders (store_id, order_date) INCLUDE (order_id, customer_id);
DROP INDEX IF EXISTS retail.orders_store_date;
-- An order's items with their quantities and amounts.
CREATE INDEX IF NOT EXISTS order_items_order_store ON retail.order_items (order_id) INCLUDE (store_id, product_id, quantity, total_amount);
DROP INDEX IF EXISTS retail.order_items_order;

-- As 002 names it since then: the planner takes the first key that fits, by name.
DO $$ BEGIN
    IF EXISTS (SELECT FROM pg_constraint WHERE conrelid = 'retail.order_items'::regclass AND conname = 'order_items_store_of_order') THEN
        ALTER TABLE retail.order_items RENAME CONSTRAINT order_items_store_of_order TO order_items_in_store_of_order;
    END IF;
END $$;

-- ── 008_people ──
-- What changes about a database over the years: who was taken out of it, whose logins were there before, and which of
-- these files it has.

-- A login that somebody else made (an Entra user's, say) stays when its identity goes.
ALTER TABLE zava.access ADD COLUMN mapped boolean NOT NULL DEFAULT false;

-- Whom an admin took out: set-up does not let them in again.
CREATE TABLE zava.removed (
    rls_user_id  uuid PRIMARY KEY,
    display_name text NOT NULL,
    removed_at   timestamptz NOT NULL DEFAULT now()
);
COMMENT ON TABLE zava.removed IS 'Identities that an admin removed, and when.';

-- Files of the schema only go forward, each once. About older ones it is not known when.
CREATE TABLE zava.migrations (
    file       text PRIMARY KEY,
    applied_at timestamptz
);
COMMENT ON TABLE zava.migrations IS 'The files that made this schema, and when each was applied.';

-- The owner maintains every row; nobody else sees any: no identity has a privilege or a policy here.
DO $$
DECLARE
    t regclass;
BEGIN
    FOREACH t IN ARRAY ARRAY['zava.removed', 'zava.migrations']::regclass[]
    LOOP
        EXECUTE format('ALTER TABLE %s ENABLE ROW LEVEL SECURITY', t);
        EXECUTE format('ALTER TABLE %s FORCE ROW LEVEL SECURITY', t);
        EXECUTE format('CREATE POLICY owner_maintains ON %s TO zava_owner USING (true) WITH CHECK (true)', t);
        EXECUTE format('ALTER TABLE %s OWNER TO zava_owner', t);
    END LOOP;
END $$;

-- ── 009_entry ──
-- What the policies ask about the login, a session looks up once instead of with every question: for each of the
-- shop's tables that is two to four times less work in planning, which short questions feel.

-- The asking login's entry in zava.access, as it is now. VOLATILE, so that it sees what was committed after the
-- statement began that asks: a revocation must not be missed by a statement that was running meanwhile.
CREATE FUNCTION zava.entry_now() RETURNS zava.access
    LANGUAGE plpgsql VOLATILE PARALLEL SAFE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    entry zava.access;
BEGIN
    SELECT a.* INTO entry FROM zava.access a WHERE a.login = session_user;
    RETURN entry;
END $$;
COMMENT ON FUNCTION zava.entry_now() IS 'The asking login''s entry in zava.access, NULL if it is unknown; for the functions of the policies.';

-- The same, IMMUTABLE: where PL/pgSQL plans an expression that calls it, once a session, its value becomes a part of the
-- plan. Who uses it compares its login with session_user, which an admin's session can change, and uses it alone: what
-- another such function makes of it would stay in the plan when it changes. In a transaction that goes on seeing what
-- was committed when it began, there is nothing to keep for later: NULL, and each question looks it up.
CREATE FUNCTION zava.entry() RETURNS zava.access
    LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$ BEGIN RETURN CASE WHEN current_setting('transaction_isolation') = 'read committed' THEN zava.entry_now() END; END $$;
COMMENT ON FUNCTION zava.entry() IS 'The asking login''s entry as the session looked it up; for the functions of the policies.';

-- The functions that policies call have no rights beyond the asker's any more, and set nothing, which takes longer than
-- all else they do. Every name in them is written with its schema, so it does not matter where the asker looks for names.
CREATE OR REPLACE FUNCTION zava.sees_all_stores() RETURNS boolean LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE
AS $$ BEGIN
    RETURN coalesce(CASE WHEN (zava.entry()).login OPERATOR(pg_catalog.=) session_user THEN (zava.entry()).all_stores
                         ELSE (zava.entry_now()).all_stores END, false);
END $$;

CREATE OR REPLACE FUNCTION zava.visible_stores() RETURNS integer[] LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE
AS $$ BEGIN
    RETURN coalesce(CASE WHEN (zava.entry()).login OPERATOR(pg_catalog.=) session_user THEN (zava.entry()).store_ids
                         ELSE (zava.entry_now()).store_ids END, '{}');
END $$;

CREATE OR REPLACE FUNCTION zava.only_store() RETURNS integer LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE
AS $$ BEGIN
    RETURN CASE WHEN (zava.entry()).login OPERATOR(pg_catalog.=) session_user
                THEN CASE WHEN pg_catalog.cardinality((zava.entry()).store_ids) OPERATOR(pg_catalog.=) 1 THEN (zava.entry()).store_ids[1] END
                ELSE CASE WHEN pg_catalog.cardinality((zava.entry_now()).store_ids) OPERATOR(pg_catalog.=) 1
                          THEN (zava.entry_now()).store_ids[1] END END;
END $$;

CREATE OR REPLACE FUNCTION zava.is_known() RETURNS boolean LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE
AS $$ BEGIN
    RETURN CASE WHEN (zava.entry()).login OPERATOR(pg_catalog.=) session_user THEN true
                ELSE (zava.entry_now()).login IS NOT NULL END;
END $$;

-- When an entry changes, every session looks its own up again: altering a function, to what it is, ends the plans
-- that contain its value, of its own expressions and of statements that somebody prepared. One change at a time,
-- because two could not alter them at once.
CREATE FUNCTION zava.access_changed() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    LOCK TABLE zava.about IN SHARE ROW EXCLUSIVE MODE;
    ALTER FUNCTION zava.sees_all_stores() COST 100;
    ALTER FUNCTION zava.visible_stores() COST 100;
    ALTER FUNCTION zava.only_store() COST 100;
    ALTER FUNCTION zava.is_known() COST 100;
    RETURN NULL;
END $$;
COMMENT ON FUNCTION zava.access_changed() IS 'Makes sessions look their entries up again. After a change that no trigger sees: UPDATE zava.access SET login = login WHERE false.';
-- Before the rows change, so that what the changing session looks up meanwhile is undone with the change; after each
-- row too, which is all that a subscription to another server's changes sets off.
CREATE TRIGGER access_changing BEFORE INSERT OR UPDATE OR DELETE OR TRUNCATE ON zava.access
    FOR EACH STATEMENT EXECUTE FUNCTION zava.access_changed();
CREATE TRIGGER access_changed AFTER INSERT OR UPDATE OR DELETE ON zava.access
    FOR EACH ROW EXECUTE FUNCTION zava.access_changed();
ALTER TABLE zava.access ENABLE ALWAYS TRIGGER access_changing, ENABLE ALWAYS TRIGGER access_changed;

-- They tell the asker about the asker; who may use the schema may call them, as the policies' functions do for them.
GRANT EXECUTE ON FUNCTION zava.entry_now(), zava.entry() TO PUBLIC;
REVOKE ALL ON FUNCTION zava.access_changed() FROM PUBLIC;
ALTER FUNCTION zava.entry_now() OWNER TO zava_owner;
ALTER FUNCTION zava.entry() OWNER TO zava_owner;
ALTER FUNCTION zava.access_changed() OWNER TO zava_owner;
