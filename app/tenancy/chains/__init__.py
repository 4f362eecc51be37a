"""Chains of an installation: made by its operator, at the database, since nobody inside one may make another."""
