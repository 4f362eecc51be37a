"""How many threads an instance of the embedded Triton's pose model gets: pure, but for reading what the machine has."""

import os
from pathlib import Path
from typing import Final

CPU_INFO: Final = Path("/proc/cpuinfo")
FAST: Final = ("avx512", "amx_bf16")
"""Beginnings of the flags of processors that compute in bfloat16, or in float32 twice as wide."""
ENOUGH_CORES: Final = 4
"""For two threads of each of the two instances."""


def threads_of(flags: str, cores: int) -> int:
    """By the processor's flags and how many cores we may use.

    Two instances of one thread each move most frames on two cores. Where there are cores for it and an inference takes 50 ms,
    two threads answer sooner (measured on two cores only: 26 ms for 46, at the cost of frames that then wait).
    """
    fast = any(flag.startswith(FAST) for flag in flags.split())
    return 1 if fast or cores < ENOUGH_CORES else 2


def threads_here() -> int:
    """On this machine."""
    try:
        lines = CPU_INFO.read_text("utf-8").splitlines()
    except OSError:
        lines = []
    flags = next((line for line in lines if line.startswith(("flags", "Features"))), "")
    return threads_of(flags, len(os.sched_getaffinity(0)))
