"""Training of the gait network; see README.md beside this file."""
