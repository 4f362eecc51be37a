"""Back-up and restore of the embedded default: one folder with a manifest, read back into an empty state folder."""
