"""A promoted version is watched: failing, slow or too far from the one before it, and the promotion is taken back."""
