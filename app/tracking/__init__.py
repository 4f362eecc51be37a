"""From detections to tracks and tracklets."""
