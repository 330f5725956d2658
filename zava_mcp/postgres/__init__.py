"""Run-time access to PostgreSQL as one identity. With admin/ the only layer that imports psycopg."""
