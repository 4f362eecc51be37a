"""The RTSP readers inside a source: they follow no redirect, and take the certificates that cameras sign themselves."""

import ctypes
from typing import Any, Final
from urllib.parse import urlsplit

READER: Final = "rtspsrc"
MOVED: Final = "The camera sends readers on to another address, which is not followed; enter that address itself."
_REQUEST, _DESCRIBE = 1, 1
Place = tuple[str | None, int | None]


class _Request(ctypes.Structure):
    _fields_ = (("method", ctypes.c_int), ("uri", ctypes.c_char_p))


class _Message(ctypes.Structure):
    """Head of a GstRTSPMessage that is a request (gstrtspmessage.h)."""

    _fields_ = (("type", ctypes.c_int), ("request", _Request))


def guard_readers(source: Any, address: str) -> None:
    """Look after every RTSP reader inside a bin, now or later: bins make theirs when they please, at whatever depth.

    Args:
        address: the judged one, which the bin opens.
    """
    place = _place(address)
    _guard(source, place)
    if not hasattr(source, "iterate_recurse"):
        return
    source.connect("deep-element-added", lambda _bin, _inner, element: _guard(element, place))
    source.iterate_recurse().foreach(lambda element: _guard(element, place))


def _guard(element: Any, place: Place) -> None:
    factory = element.get_factory()
    if factory is None or factory.get_name() != READER:
        return
    element.connect("before-send", _may_be_sent, place)
    # Its default refuses what no authority signed, and names beside an address: all of ours (docs/security.md).
    element.set_property("tls-validation-flags", 0)


def _may_be_sent(reader: Any, message: Any, place: Place) -> bool:
    """On the reader's thread. After a redirect, in answer to whatever, it describes the new address: that is not sent.

    Other requests may name other hosts: they go over the same connection, and cameras behind a router name themselves wrongly.
    What fails here is not sent either: PyGObject makes False of an exception.
    """
    sent = _Message.from_address(hash(message))  # PyGObject's hash of a boxed value is its address
    if sent.type != _REQUEST or sent.request.method != _DESCRIBE or _place(sent.request.uri.decode()) == place:
        return True
    _tell(reader)
    return False


def _tell(reader: Any) -> None:
    from gi.repository import GLib, Gst

    error = GLib.Error.new_literal(Gst.ResourceError.quark(), MOVED, int(Gst.ResourceError.OPEN_READ))
    reader.post_message(Gst.Message.new_error(reader, error, ""))


def _place(address: str) -> Place:
    parts = urlsplit(address)
    return parts.hostname, parts.port
