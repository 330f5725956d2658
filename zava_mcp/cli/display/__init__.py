"""How commands show results: tables, charts, paging, escaping."""
