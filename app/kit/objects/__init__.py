"""Objects: bytes under a key, on this machine's disk or in S3, behind one interface."""
