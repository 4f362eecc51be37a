"""What a deployment without the embedded supervisor needs made for it."""
