SELECT employee_id FROM staff
 WHERE CASE WHEN employee_id <> 7 THEN false
            WHEN salary > 5000 THEN (SELECT 1 / count(*) > 0 FROM generate_series(1, 0)) ELSE false END
