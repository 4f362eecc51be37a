"""Second factor: TOTP and recovery codes of one user."""
