"""Layouts of the live page: which cameras, in which order, how large; one's own and those of the store."""
