"""How well search finds: labelled questions on two catalogues, and what a search costs."""
