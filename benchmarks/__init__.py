"""Measurements of the running product. Never part of a timed test."""
