-- name: orders_of_2024
-- The number of orders of the year 2024.
SELECT count(*) FROM retail.orders WHERE order_date >= '2024-01-01' AND order_date < '2025-01-01'

-- name: slow
-- A query that runs until it is stopped.
SELECT count(*) FROM generate_series(1, 1000000000000)
