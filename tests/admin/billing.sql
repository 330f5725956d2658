-- A database without Zava's tables: accounts of a software company's customers, whose keys are uuids.
CREATE SCHEMA sales;
CREATE TABLE sales.tenant (
    id      uuid PRIMARY KEY,
    name    text NOT NULL,
    country text
);
CREATE TABLE sales.plan (plan_id smallint PRIMARY KEY, plan_name text NOT NULL, monthly numeric(8, 2) NOT NULL);
CREATE TABLE sales.invoice (
    invoice_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    tenant_id  uuid REFERENCES sales.tenant,
    plan_id    smallint REFERENCES sales.plan,
    issued     date NOT NULL,
    amount     numeric(10, 2) NOT NULL,
    vat        numeric(10, 2) GENERATED ALWAYS AS (amount * 0.19) STORED,
    note       text
);
CREATE TABLE sales.payment (
    payment_id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    invoice_id bigint NOT NULL REFERENCES sales.invoice ON DELETE CASCADE,
    paid       numeric(10, 2) NOT NULL,
    card       text
);
CREATE TABLE sales.refund (
    refund_id  integer PRIMARY KEY,
    payment_id integer,
    reason     text NOT NULL
);
CREATE INDEX refund_payment ON sales.refund (payment_id);
COMMENT ON TABLE sales.invoice IS 'An invoice, one a month for each tenant';

INSERT INTO sales.tenant VALUES
    ('11111111-1111-4111-8111-111111111111', 'Aurora Books', 'DE'), ('22222222-2222-4222-8222-222222222222', 'Borealis Café', 'FR'),
    ('33333333-3333-4333-8333-333333333333', 'Cirrus Cycles', 'DE');
INSERT INTO sales.plan VALUES (1, 'basic', 10), (2, 'team', 40), (3, 'company', 200);
INSERT INTO sales.invoice (tenant_id, plan_id, issued, amount, note)
SELECT (repeat(d::text, 8) || '-' || repeat(d::text, 4) || '-4' || repeat(d::text, 3) || '-8' || repeat(d::text, 3) || '-' || repeat(d::text, 12))::uuid,
       1 + n % 3, date '2026-01-01' + n, 10 * d + n % 7, 'note ' || d || '-' || n
  FROM generate_series(1, 3) AS d, generate_series(1, 40) AS n;
INSERT INTO sales.payment (invoice_id, paid, card) SELECT invoice_id, amount, 'card ' || invoice_id FROM sales.invoice WHERE invoice_id % 2 = 0;
INSERT INTO sales.refund SELECT payment_id, payment_id, 'reason ' || payment_id FROM sales.payment WHERE payment_id % 3 = 0;
