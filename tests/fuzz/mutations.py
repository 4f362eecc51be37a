"""Input that resembles what is well-formed: pieces changed, doubled, cut out and put in."""

from hypothesis import strategies as st

Edit = tuple[int, int, int, bytes]
TELLING = (
    b"", b"\0", b"\xff", b"\x7f", b"\x80", b"\xff\xff\xff\xff", b"\0\0\0\0", b"\x7f\xff\xff\xff", b"\r\n", b'"', b"\\",
    b"%00", b"@", b"..",
    b"\xed\xa0\x80", b"\xf0\x9f\x98\x80", b"1e999", b"-1", b"NaN", b"[" * 40,
)  # fmt: skip


def mutated(seeds: tuple[bytes, ...]) -> st.SearchStrategy[bytes]:
    """A seed after up to eight edits, or bytes from nowhere."""
    edit = st.tuples(
        st.integers(0, 1 << 16), st.integers(0, 12), st.integers(0, 3), st.sampled_from(TELLING) | st.binary(max_size=8)
    )
    edits = st.lists(edit, max_size=8)
    return st.binary(max_size=200) | st.builds(apply, st.sampled_from(seeds), edits)


def apply(seed: bytes, edits: list[Edit]) -> bytes:
    """The seed after these edits: each at a place, over some bytes."""
    raw = bytearray(seed)
    for place, length, kind, piece in edits:
        at = place % (len(raw) + 1)
        if kind == 0:
            raw[at : at + length] = piece
        elif kind == 1:
            raw[at : at + len(piece)] = piece
        elif kind == 2:
            raw[at:at] = raw[at : at + length] * 2
        elif at < len(raw):
            raw[at] ^= 1 << (length % 8)
    return bytes(raw[: 1 << 16])
