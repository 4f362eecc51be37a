"""Keys for workers and integrations."""
