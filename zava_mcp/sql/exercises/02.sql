-- name: staff
-- Salaries of two stores, with a policy that returns the right rows and lets conditions see others.
CREATE TABLE access (login name PRIMARY KEY, store_id int NOT NULL);
INSERT INTO access VALUES ('{ann}', 1), ('{ben}', 2);
CREATE FUNCTION own_store() RETURNS int LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
  RETURN (SELECT a.store_id FROM public.access a WHERE a.login = session_user);
CREATE TABLE staff (employee_id int PRIMARY KEY, store_id int NOT NULL, salary int NOT NULL);
INSERT INTO staff VALUES (1, 1, 4200), (2, 1, 5100), (7, 2, 4800);
ALTER TABLE staff ENABLE ROW LEVEL SECURITY;
CREATE POLICY own_store ON staff FOR SELECT USING (store_id = own_store());
GRANT SELECT ON staff TO {ann}, {ben};

-- name: pay
-- Another salary for the hidden row.
UPDATE staff SET salary = {salary} WHERE employee_id = 7

-- name: expenses
-- Expenses of three teams without any policy, and who may see which.
CREATE TABLE access (login name PRIMARY KEY, team_ids int[] NOT NULL);
INSERT INTO access VALUES ('{ann}', '{1}'), ('{ben}', '{2,3}');
CREATE TABLE expenses (expense_id int PRIMARY KEY, team_id int NOT NULL, amount int NOT NULL, note text);
INSERT INTO expenses VALUES (1, 1, 20, 'paint'), (2, 1, 35, NULL), (3, 2, 777, 'crane'), (4, 3, 90, NULL);
GRANT SELECT ON expenses TO {ann}, {ben}, {eve};

-- name: own_expenses
-- What each login must see.
SELECT expense_id, team_id, amount, note FROM expenses

-- name: existence
-- A condition that fails if it is evaluated on a row of another team, by the row's key.
SELECT count(*) FROM expenses WHERE expense_id = 4
   AND (amount IS NULL OR (SELECT ('leak' || count(*))::int > 0 FROM generate_series(1, 0)))

-- name: amount_of
-- A condition that fails if it is evaluated on a row of another team, by a value.
SELECT count(*) FROM expenses
 WHERE CASE WHEN amount = ANY ('{777}') THEN (SELECT ('leak' || count(*))::int > 0 FROM generate_series(1, 0)) ELSE false END

-- name: team_of
-- A condition that fails if it is evaluated on a row of another team, by the column of the policy.
SELECT count(*) FROM expenses
 WHERE CASE WHEN team_id = ANY ('{3}') THEN (SELECT ('leak' || count(*))::int > 0 FROM generate_series(1, 0)) ELSE false END
