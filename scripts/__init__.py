"""What a contributor types, and what that runs. No product logic."""
