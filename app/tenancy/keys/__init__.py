"""A chain's key: what it protects, and its end by two people."""
