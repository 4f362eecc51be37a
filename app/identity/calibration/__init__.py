"""Calibrating a face version that the chain pushed, on pictures of its own, before cameras use it."""
