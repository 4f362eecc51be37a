"""A store's own match thresholds: only above the measured one, by two people (rule 10)."""
