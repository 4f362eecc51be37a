"""Data-subject requests: find by photo, export, erase, with a signed proof and a clock (rule 17)."""
