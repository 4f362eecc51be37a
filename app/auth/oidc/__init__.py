"""Sign-in by the operator's OpenID Connect provider."""
