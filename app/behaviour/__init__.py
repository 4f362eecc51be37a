"""One pure module per rule: tracks over time in, scored findings out."""
