"""What must be seen on a real GPU, as one command of at most ten minutes: `python -m app.workers.gpu.check`."""
