"""For every test: a machine that is busy with something else is no failure, so hypothesis sets no time limit to an example."""

from hypothesis import settings

settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")
