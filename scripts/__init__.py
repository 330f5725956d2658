"""The scripts of contributors. They contain no product logic."""
