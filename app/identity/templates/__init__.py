"""How templates are protected at rest: turned by a secret of the chain, and sealed by its data key."""
