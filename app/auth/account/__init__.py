"""One's own account, and what a chain asks of log-ins."""
