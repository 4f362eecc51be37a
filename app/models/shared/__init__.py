"""Pushed versions in a bucket: Tritons that share no disk bring their folders level with it."""
