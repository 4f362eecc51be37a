"""The GPU worker's graph with software elements in place of NVIDIA's; runs under the system's Python, which has its bindings."""
