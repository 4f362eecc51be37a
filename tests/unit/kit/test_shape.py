"""JSON that nests too deeply is told from what is merely long, whatever stands in its texts."""

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.kit.shape import DEEPEST, nests_deeper

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(alphabet='[]{}"\\ab,:ü', max_size=12),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(alphabet='[{"\\', max_size=3), inner, max_size=4),
    max_leaves=12,
)


def depth(value: Any) -> int:
    if isinstance(value, dict):
        return 1 + max(map(depth, value.values()), default=0)
    return 1 + max(map(depth, value), default=0) if isinstance(value, list) else 0


@settings(max_examples=150)
@given(VALUES, st.booleans())
def test_it_is_the_depth_that_counts(value: Any, plain: bool) -> None:
    raw = json.dumps(value, ensure_ascii=plain).encode()
    assert nests_deeper(raw, depth(value)) is False
    assert depth(value) == 0 or nests_deeper(raw, depth(value) - 1) is True


@pytest.mark.parametrize(
    ("raw", "deep"),
    [
        (b"[" * DEEPEST + b"]" * DEEPEST, False),
        (b"[" * (DEEPEST + 1), True),
        (b'{"a":' * 400_000, True),
        (b"[[]," * 20 + b"]" * 20, False),
        (b'["' + b"[" * 500_000 + b'"]', False),
        (b'"\\"' + b"[" * 100, False),
        (b'"\\\\"' + b"[" * 100, True),
    ],
)
def test_texts_do_not_count_and_neither_does_length(raw: bytes, deep: bool) -> None:
    assert nests_deeper(raw) is deep
