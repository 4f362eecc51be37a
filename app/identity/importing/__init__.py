"""Many entries at once: a CSV file beside pictures, row by row through the same gates as one entry."""
