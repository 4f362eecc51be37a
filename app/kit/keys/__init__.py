"""Keys: a provider wraps one data key a tenant; the data keys seal what is stored. Nothing here is ever logged or answered."""
