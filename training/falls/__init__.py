"""Training of the trees that tell a fall from sitting, crouching and lying down; see README.md beside this file."""
