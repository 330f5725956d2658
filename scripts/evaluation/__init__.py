"""How well a model answers business questions with the server's tools."""
