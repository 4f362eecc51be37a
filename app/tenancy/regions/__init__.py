"""Regions: names for groups of a chain's stores."""
