"""Gait of people enrolled by their face: it supports a lead that a face led to, or cannot tell; itself it leads to nobody."""
