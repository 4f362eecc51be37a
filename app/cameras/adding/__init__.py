"""Adding many cameras: what answers on the network (ONVIF WS-Discovery), and lists as CSV."""
