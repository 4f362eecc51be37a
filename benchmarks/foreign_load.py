"""How much of the machine others took while something was measured: cores busy, or taken by the hypervisor, less our own."""

import time
from dataclasses import dataclass
from typing import Self

import psutil


@dataclass(frozen=True, slots=True)
class Reading:
    """Processor seconds so far: of the whole machine (busy and stolen), and of the processes that measure."""

    at_s: float
    machine_s: float
    ours_s: float

    @classmethod
    def now(cls, ours: list[psutil.Process]) -> Self:
        """Read the counters, which tick in hundredths of a second."""
        times = psutil.cpu_times()
        machine = times.user + times.nice + times.system + times.irq + times.softirq + times.steal
        own = 0.0
        for process in ours:
            try:
                spent = process.cpu_times()
            except psutil.NoSuchProcess:
                continue
            own += spent.user + spent.system
        return cls(time.monotonic(), machine, own)

    def foreign_cores_since(self, earlier: Self) -> float:
        """Cores that others kept busy since `earlier`."""
        elapsed = max(1e-6, self.at_s - earlier.at_s)
        return max(0.0, (self.machine_s - earlier.machine_s - self.ours_s + earlier.ours_s) / elapsed)


def own_processes() -> list[psutil.Process]:
    """This process and everything below it."""
    here = psutil.Process()
    return [here, *here.children(recursive=True)]
