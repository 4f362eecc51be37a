"""Versions of served models: pushed, checked, promoted for a share of cameras, rolled back, retired."""
