"""The audit as auditors read it: who did what to what, and whether the record is whole."""
