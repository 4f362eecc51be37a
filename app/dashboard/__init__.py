"""The WebSocket hub and live pictures."""
