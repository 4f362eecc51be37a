"""Visits: which finished tracks of a store are one visit. Anonymous, behind the re-identification switch, gone in a day."""
