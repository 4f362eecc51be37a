"""What scores mean: a lead or unknown, and how often a threshold will be wrong. Pure functions."""
