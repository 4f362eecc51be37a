"""Rule settings. A removed one is disabled and emptied, since the application role deletes nothing."""
