"""RTSP in: packets, decoded frames, reconnection as a pure state machine."""
