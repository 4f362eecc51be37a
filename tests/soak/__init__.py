"""The whole product for an hour, with viewers that come and go and models that change: what of it grows."""
