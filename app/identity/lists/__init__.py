"""Lists and where they are searched."""
