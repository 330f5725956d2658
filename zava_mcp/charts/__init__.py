"""Charts of query results: choose the kind, lay it out, render it as PNG, terminal text or client view."""
