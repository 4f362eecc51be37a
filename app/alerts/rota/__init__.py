"""Who is on duty when, and what comes to them when nobody else reacts."""
