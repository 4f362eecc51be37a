"""Worker for machines without a GPU: PyAV decode, Triton pose, Python tracker."""
