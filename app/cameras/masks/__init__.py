"""Privacy masks of a camera: what nobody and no model may see."""
