"""What the last days would have alerted with another setting: the same rules on what was kept of them."""
