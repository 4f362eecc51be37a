"""Site policy: what a store may run, by whose decision, and the evidence for it."""
