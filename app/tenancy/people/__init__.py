"""Users of a chain and their memberships."""
