"""What an identity can query: rows, table descriptions, product search, exports."""
