"""Permissions, principals, passwords, tokens."""
