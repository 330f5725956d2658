"""The server measured against floors taken in the same run."""
