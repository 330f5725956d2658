SELECT count(*) FROM staff WHERE employee_id = 7 AND 1 / (salary - 5001) > 0
