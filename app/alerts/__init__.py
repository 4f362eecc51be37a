"""Raise once, group, and work through the shared queue."""
