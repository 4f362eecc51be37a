"""Certificates of `rtsps` cameras are not checked, as by the CPU worker: cameras sign them themselves (docs/security.md)."""

from typing import Any, Final

READERS: Final = frozenset({"rtspsrc"})


def leave_unchecked(source: Any) -> None:
    """Have every RTSP reader inside a bin, now or later, take any certificate.

    rtspsrc's default refuses what no authority signed, and names beside an address: all of ours. Bins make their reader when
    they please, so each element that comes into one is looked at, at whatever depth.
    """
    _look(source)
    if not hasattr(source, "iterate_recurse"):
        return
    source.connect("deep-element-added", lambda _bin, _inner, element: _look(element))
    source.iterate_recurse().foreach(_look)


def _look(element: Any) -> None:
    factory = element.get_factory()
    if factory is not None and factory.get_name() in READERS:
        element.set_property("tls-validation-flags", 0)
