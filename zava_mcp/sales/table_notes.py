"""What the numbers of the tables mean, beyond what their comments in the database say: a line below each table."""

#: Tables that are described only when they are named: nobody who asks about sales needs them.
LEFT_OUT = frozenset({"product_description_embeddings"})

NOTES = {
    "customers": "you see the customers who ordered in a store of yours, and none of their orders elsewhere",
    "inventory": "the last count, without date or history. In the sample, sales do not reduce it: products at 0 sell",
    "order_items": "revenue is after discounts; tax, shipping and returns are not in the data. Join orders on "
    "order_id; store_id alone pairs all rows of a store",
    "products": "cost and base_price are today's. Margin on sales is sum(total_amount) - sum(quantity * cost), not "
    "gross_margin_percent, which is of the list price",
}
ALL_CUSTOMERS = "all customers, with their orders in every store"


def note(table: str, all_stores: bool) -> str:
    """The line for a table, "" if there is none."""
    text = ALL_CUSTOMERS if all_stores and table == "customers" else NOTES.get(table, "")
    return f"\n  Note: {text}." if text else ""
