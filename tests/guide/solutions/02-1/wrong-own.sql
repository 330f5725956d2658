SELECT count(*) FROM staff WHERE employee_id = 7 AND salary > 5000
