SELECT extract(quarter FROM order_date) AS quarter, count(*) FROM orders WHERE order_date >= '2025-01-01' AND order_date < '2026-01-01' GROUP BY 1
