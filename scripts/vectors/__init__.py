"""How well and how fast products are found among many: synthetic ones, around the sample's."""
