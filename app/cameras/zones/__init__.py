"""Zones of a camera: named polygons in its picture."""
