"""How we talk to PostgreSQL: the only floor that imports psycopg."""
