"""Training pipelines. Not part of the product: their environments are their own."""
