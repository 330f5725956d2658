"""Loads files with rows of a company: what they hold, how they are written, and their way into the tables."""
