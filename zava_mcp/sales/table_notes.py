"""Notes on what the numbers in the tables mean, printed below the table descriptions."""

#: Tables that are described only on request, because queries about sales do not need them.
ONLY_ON_REQUEST = frozenset({"product_description_embeddings"})

_JOIN = "Join orders on order_id: a join on store_id alone pairs all rows of a store"
NOTES = {
    "customers": "you see the customers who ordered in your stores, without their orders in other stores",
    "inventory": "the current stock, without history",
    "order_items": f"revenue is after discounts. {_JOIN}",
    "products": "cost and base_price are current. Margin on sales is sum(total_amount) - sum(quantity * cost), not "
    "gross_margin_percent, which refers to the list price",
}
SAMPLE_NOTES = {
    "inventory": "the current stock, without history. In the sample, sales do not reduce it: products at 0 still sell",
    "order_items": f"revenue is after discounts; tax, shipping and returns are not in the data. {_JOIN}",
}
ALL_CUSTOMERS = "all customers, with their orders in every store"


def table_note(table: str, all_stores: bool, is_sample: bool) -> str:
    """Returns the note on a table as a line, "" if there is none."""
    notes = NOTES | SAMPLE_NOTES if is_sample else NOTES
    text = ALL_CUSTOMERS if all_stores and table == "customers" else notes.get(table, "")
    return f"\n  Note: {text}." if text else ""
