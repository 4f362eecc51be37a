"""What workers measured of served versions: frames, failures, persons, scores and latency of each camera."""
