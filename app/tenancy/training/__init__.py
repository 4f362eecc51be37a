"""Training: courses, records with an end, and the gates they open."""
