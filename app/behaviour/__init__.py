"""Behaviours: who is where (`people`), and one pure module a rule over it, listed in `rules`.

Positions are shares of the picture (0..1), lengths are body heights, so that state survives a change of stream size.
"""
