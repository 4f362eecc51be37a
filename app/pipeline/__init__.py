"""Tracked frames to track state to alerts, by leased shards."""
