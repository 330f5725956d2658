SELEKT salary FROM staff
