"""An operator's first week, from an empty database to one that came back from its backup."""
