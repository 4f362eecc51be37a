"""The viewers' relay of the embedded default: encoded pictures from the worker out to browsers by WebRTC."""
