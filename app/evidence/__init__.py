"""Evidence: clips and stills of alerts, their custody, exports that blur who is not meant, and retention."""
