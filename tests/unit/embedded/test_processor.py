"""Threads of an instance of the pose model, by what the processor is."""

import pytest

from app.embedded.processor import threads_here, threads_of

AVX2, AVX512 = "fpu sse4_2 avx avx2 fma", "fpu avx2 avx512f avx512_bf16 amx_bf16"


@pytest.mark.parametrize(
    ("flags", "cores", "threads"),
    [
        (AVX512, 2, 1),
        (AVX512, 16, 1),
        (AVX2, 1, 1),
        (AVX2, 2, 1),  # a core for each instance
        (AVX2, 3, 1),
        (AVX2, 4, 2),  # room for two threads of both
        ("", 4, 2),  # unknown: slow
    ],
)
def test_two_threads_where_a_slow_processor_has_room_for_them(flags: str, cores: int, threads: int) -> None:
    assert threads_of(flags, cores) == threads


def test_this_machine_has_some() -> None:
    assert threads_here() in (1, 2)
