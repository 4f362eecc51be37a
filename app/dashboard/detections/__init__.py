"""Stored tracklets: who was seen when, as boxes once a second."""
