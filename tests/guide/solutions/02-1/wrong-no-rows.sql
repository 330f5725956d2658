SELECT salary FROM staff WHERE employee_id = 7
