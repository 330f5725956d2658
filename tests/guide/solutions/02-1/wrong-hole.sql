SELECT count(*) FROM staff
 WHERE employee_id = 7 AND (salary <= 5000 OR salary = 5100 OR (SELECT ('more' || count(*))::int > 0 FROM generate_series(1, 0)));
