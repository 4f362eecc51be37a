"""A store's floor plan: one picture of the floor, and where on it each camera hangs and looks."""
