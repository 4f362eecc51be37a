"""A worker without cameras: it plays acts of drawn figures through the real ingest, for demonstrations and tests."""
