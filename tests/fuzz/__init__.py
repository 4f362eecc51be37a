"""Bytes of strangers at every place that reads some (cameras, browsers, workers, packages, uploads): read or refused."""
