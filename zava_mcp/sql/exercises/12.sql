-- Statements of the exercises of chapter 12. A scratch database's owner runs them.

-- name: items
-- Creates the table `items` in one schema for each copy: the original, the same rows in another order, and damaged ones.
CREATE SCHEMA original;
CREATE TABLE original.items (item_id integer, store_id integer, note text, amount numeric);
INSERT INTO original.items VALUES
    (1, 12, 's', 1), (2, 1, 'a', 10.5), (3, 1, NULL, 5), (4, 2, 'b', NULL), (4, 2, 'b', NULL),
    (5, 2, 'c', 7), (6, 1, 'p', 4), (7, 1, 'd', 9), (8, 1, 'e', 9), (9, 2, 'f', 2);
DO $$
DECLARE
    copy name;
BEGIN
    FOREACH copy IN ARRAY ARRAY['reordered', 'lost', 'replaced', 'doubled', 'swapped', 'emptied', 'zeroed', 'shifted', 'joined']
    LOOP
        EXECUTE format('CREATE SCHEMA %I', copy);
        EXECUTE format('CREATE TABLE %I.items AS SELECT * FROM original.items ORDER BY md5(item_id::text)', copy);
    END LOOP;
END
$$;
DELETE FROM lost.items WHERE item_id = 7;
DELETE FROM replaced.items WHERE item_id = 7;
INSERT INTO replaced.items SELECT * FROM original.items WHERE item_id = 8;
INSERT INTO doubled.items SELECT i.* FROM original.items i, generate_series(1, 2) WHERE item_id = 9;
UPDATE swapped.items SET amount = CASE item_id WHEN 5 THEN 2 ELSE 7 END WHERE item_id IN (5, 9);
UPDATE emptied.items SET note = '' WHERE item_id = 3;
UPDATE zeroed.items SET amount = 0 WHERE item_id = 4;
UPDATE shifted.items SET item_id = 11, store_id = 2 WHERE item_id = 1;
UPDATE joined.items SET note = 'p,4', amount = NULL WHERE item_id = 6;
