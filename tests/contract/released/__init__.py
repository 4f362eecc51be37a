"""What the workers of released versions say, recorded once, and what they understand."""
