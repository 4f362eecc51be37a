"""What a passer-by is told: the public policy page and the sign at the door."""
