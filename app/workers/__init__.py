"""Camera workers: desired state in, tracked frames out."""
