"""Cameras, zones, stream sessions, the workers' desired state."""
