"""What a deployment needs, computed from measured and assumed unit costs."""
