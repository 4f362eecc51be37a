"""Leads, what people said of them, and what follows."""
