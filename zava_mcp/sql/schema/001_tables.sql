-- The retail tables, without the keys of orders. The next files add keys, indexes and policies after the rows of a new
-- database are loaded, because building them over existing rows is faster.

CREATE SCHEMA retail;
CREATE SCHEMA zava;

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

-- Rows of a store are in a partition of that store (schema zava): the query of a store's manager does not open the
-- others. Keys of a partitioned table include the store.
CREATE TABLE retail.inventory (
    store_id    integer NOT NULL,
    product_id  integer NOT NULL,
    stock_level integer NOT NULL,
    PRIMARY KEY (store_id, product_id)
) PARTITION BY LIST (store_id);

CREATE TABLE retail.orders (
    order_id    integer NOT NULL,
    customer_id integer NOT NULL,
    store_id    integer NOT NULL,
    order_date  date    NOT NULL
) PARTITION BY LIST (store_id);

CREATE TABLE retail.order_items (
    order_item_id    integer       NOT NULL,
    order_id         integer       NOT NULL,
    store_id         integer       NOT NULL,
    product_id       integer       NOT NULL,
    quantity         integer       NOT NULL,
    unit_price       numeric(10,2) NOT NULL,
    discount_percent integer       NOT NULL DEFAULT 0,
    discount_amount  numeric(10,2) NOT NULL DEFAULT 0,
    total_amount     numeric(10,2) NOT NULL
) PARTITION BY LIST (store_id);

-- include: seed_statistics.sql

SELECT zava.seed_statistics('retail.orders'), zava.seed_statistics('retail.order_items'), zava.seed_statistics('retail.inventory');
