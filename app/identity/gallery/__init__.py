"""Templates that are searched, and how: exactly in memory, or approximately in the database."""
