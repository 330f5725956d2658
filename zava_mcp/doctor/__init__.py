"""Checks of an installation: this machine, its clients, the database and its isolation."""
