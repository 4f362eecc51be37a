"""Triton client and the numpy pre- and post-processing that CPU and GPU workers share."""
