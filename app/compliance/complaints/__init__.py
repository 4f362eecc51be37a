"""Complaints, with their clocks and the evidence they hold."""
