"""Whether a list of one store may be used in another: by default it may not."""
