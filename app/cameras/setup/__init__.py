"""First set-up, with the owner's role: what must exist before anybody can sign in."""
