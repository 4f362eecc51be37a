"""Log-ins that still stand: list and end them."""
