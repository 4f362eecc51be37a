"""`pennyprotect models evaluate`: versions side by side on pictures whose truth is known, at the Triton that serves them."""
