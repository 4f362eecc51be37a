"""How the embedded Triton shares this machine's processor among requests: pure, but for reading what the machine has."""

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Final

CPU_INFO: Final = Path("/proc/cpuinfo")
FAST: Final = ("avx512", "amx_bf16")
"""Beginnings of the flags of processors that compute in bfloat16, or in float32 twice as wide."""


@dataclass(frozen=True, slots=True)
class Share:
    """What a request gets.

    Attributes:
        threads: of an instance of the pose model.
        requests: frames that a worker has under way: one more than the cores can compute at once, sent just in time.
    """

    threads: int
    requests: int


def share_of(flags: str, cores: int) -> Share:
    """By the processor's flags and how many cores we may use.

    Two instances of one thread each are fastest where an inference takes 30 ms. Where it takes 60 and more on the same two cores,
    delay counts: two threads compute one frame in half the time, and the next is sent as that one ends.
    """
    fast = any(flag.startswith(FAST) for flag in flags.split())
    if fast or cores < 2:
        return Share(threads=1, requests=3)
    return Share(threads=2, requests=2 if cores < 4 else 3)


def share_here() -> Share:
    """On this machine."""
    try:
        lines = CPU_INFO.read_text("utf-8").splitlines()
    except OSError:
        lines = []
    flags = next((line for line in lines if line.startswith(("flags", "Features"))), "")
    return share_of(flags, len(os.sched_getaffinity(0)))
