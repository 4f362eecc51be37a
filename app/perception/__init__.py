"""Values that describe what a camera sees: geometry, detections, keypoints."""
