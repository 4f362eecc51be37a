"""The embedded default: supervisor and real servers from wheels."""
