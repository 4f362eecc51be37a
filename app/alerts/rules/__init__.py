"""How each kind of rule is set for a store, a camera or a zone."""
