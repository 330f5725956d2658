-- What makes a twin of the database of tenants, which differs in the rows of other tenants than {name} alone.

-- name: deleted
DELETE FROM sales.refund WHERE zava_store IS DISTINCT FROM (SELECT store_id FROM zava.stores WHERE store_name = '{name}');
DELETE FROM sales.invoice WHERE zava_store IS DISTINCT FROM (SELECT store_id FROM zava.stores WHERE store_name = '{name}')

-- name: multiplied
INSERT INTO sales.invoice (invoice_id, tenant_id, plan_id, issued, amount, note) OVERRIDING SYSTEM VALUE
SELECT -invoice_id, tenant_id, plan_id, issued, amount, note FROM sales.invoice
 WHERE zava_store IS DISTINCT FROM (SELECT store_id FROM zava.stores WHERE store_name = '{name}');
INSERT INTO sales.payment (payment_id, invoice_id, paid, card) OVERRIDING SYSTEM VALUE
SELECT -payment_id, -invoice_id, paid, card FROM sales.payment
 WHERE zava_store IS DISTINCT FROM (SELECT store_id FROM zava.stores WHERE store_name = '{name}');
INSERT INTO sales.refund (refund_id, payment_id, reason)
SELECT -refund_id, -payment_id, reason FROM sales.refund
 WHERE zava_store IS DISTINCT FROM (SELECT store_id FROM zava.stores WHERE store_name = '{name}')

-- name: rewritten
-- The others' rows have other values, and half of them belong to another tenant; one to none.
UPDATE sales.invoice i SET amount = 3 * amount + 1, note = reverse(note), issued = issued - 1000, plan_id = 1 + plan_id % 3,
       tenant_id = CASE WHEN invoice_id % 9 = 0 THEN NULL WHEN invoice_id % 2 = 0 THEN (
                        SELECT t.id FROM sales.tenant t WHERE t.name <> '{name}' AND t.id IS DISTINCT FROM i.tenant_id LIMIT 1) ELSE tenant_id END
 WHERE zava_store IS DISTINCT FROM (SELECT store_id FROM zava.stores WHERE store_name = '{name}');
UPDATE sales.payment SET paid = paid + 7, card = 'x' || card
 WHERE zava_store IS DISTINCT FROM (SELECT store_id FROM zava.stores WHERE store_name = '{name}');
UPDATE sales.refund SET reason = upper(reason)
 WHERE zava_store IS DISTINCT FROM (SELECT store_id FROM zava.stores WHERE store_name = '{name}')
