"""A version that runs beside the one in use, without effects, on a share of cameras: how far the two agree."""
