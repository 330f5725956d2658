"""Run-time access to PostgreSQL as one identity. With admin/ and open_database.py the only importer of psycopg."""
