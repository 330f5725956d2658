SELECT count(*) FROM staff WHERE employee_id = 7
   AND (salary IS NULL OR (SELECT ('leak' || count(*))::int > 0 FROM generate_series(1, 0)))
