"""Before Triton loads: a pushed version is still what a trusted key signed, or it is not there to be loaded."""
