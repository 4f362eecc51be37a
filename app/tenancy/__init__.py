"""Chains, stores, users, memberships, site policy."""
