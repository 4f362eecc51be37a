"""Versions of the face embedding: when cameras may go over to one. Templates are made by `app.identity`, which comes later."""
