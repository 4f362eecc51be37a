"""What became of alerts: how often they were right, how fast somebody reacted, when they came."""
