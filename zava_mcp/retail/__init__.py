"""What can be asked about the shop: its tables, its sales, and the answers' form and limits."""
