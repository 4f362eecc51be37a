"""Bytes that are no message are one error, whatever is wrong with them."""

from collections.abc import Callable

import msgspec
import pytest

from app.kit.decoding import one_error


@pytest.mark.parametrize(
    ("decode", "raw"),
    [
        (msgspec.json.Decoder(dict[str, str]).decode, b'{"a": "\x80"}'),
        (msgspec.json.Decoder(dict[str, str]).decode, b'{"a": 1}'),
        (msgspec.json.Decoder(dict[str, str]).decode, b"{"),
        (msgspec.msgpack.Decoder(list[str]).decode, b"\x91\xa1\x80"),
        (msgspec.msgpack.Decoder(list[str]).decode, b"\x91"),
    ],
)
def test_what_is_no_message_is_a_decode_error(decode: Callable[[bytes], object], raw: bytes) -> None:
    with pytest.raises(msgspec.DecodeError):
        one_error(decode)(raw)


def test_a_message_is_read() -> None:
    assert one_error(msgspec.json.Decoder(dict[str, str]).decode)(b'{"a": "b"}') == {"a": "b"}
