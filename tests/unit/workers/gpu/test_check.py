"""The checks for a real GPU, as far as one is not needed: their lines, and the device's over CUDA's calls in plain memory."""

import ctypes
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from app.workers.gpu import cuda
from app.workers.gpu.check import __main__ as whole
from app.workers.gpu.check import device
from app.workers.gpu.surfaces import SurfaceError

CHECKOUT = Path(__file__).resolve().parents[4]


class PlainCuda:
    """The driver's calls that are used, on memory of this process, with the driver's own arguments."""

    def __init__(self) -> None:
        self.held: dict[int, Any] = {}
        self.miss = 0
        self.current = 0

    def __getattr__(self, name: str) -> Any:
        return lambda *_about: 0  # contexts

    def cuCtxPushCurrent_v2(self, _context: Any) -> int:  # noqa: N802 - its name
        self.current += 1
        return 0

    def cuCtxPopCurrent_v2(self, _context: Any) -> int:  # noqa: N802
        self.current -= 1
        return 0

    def cuMemAlloc_v2(self, pointer: Any, size: Any) -> int:  # noqa: N802
        memory = ctypes.create_string_buffer(size.value)
        pointer._obj.value = ctypes.addressof(memory)
        self.held[pointer._obj.value] = memory
        return 0

    def cuMemFree_v2(self, pointer: Any) -> int:  # noqa: N802
        del self.held[pointer.value]
        return 0

    def cuMemsetD8_v2(self, pointer: Any, value: Any, size: Any) -> int:  # noqa: N802
        ctypes.memset(pointer.value, value.value, size.value)
        return 0

    def cuMemsetD2D8_v2(self, address: int, pitch: int, value: int, width: int, height: int) -> int:  # noqa: N802
        return self._rows(address, pitch, bytes((value,)) * width, height)

    def cuMemsetD2D16_v2(self, address: int, pitch: int, value: int, width: int, height: int) -> int:  # noqa: N802
        return self._rows(address, pitch, value.to_bytes(2, "little") * width, height)

    def _rows(self, address: int, pitch: int, line: bytes, height: int) -> int:
        for row in range(height):
            ctypes.memmove(address + row * pitch + self.miss, line, len(line))
        return 0

    def cuMemcpy2D_v2(self, about: Any) -> int:  # noqa: N802
        copy = about._obj
        for row in range(copy.height):
            ctypes.memmove(copy.dst_host + row * copy.dst_pitch, copy.src_device + row * copy.src_pitch, copy.width)
        return 0


@pytest.fixture
def plain(monkeypatch: pytest.MonkeyPatch) -> Iterator[PlainCuda]:
    own = PlainCuda()
    monkeypatch.setattr(cuda, "_library", lambda: own)
    monkeypatch.setattr(cuda, "_context", lambda _gpu: ctypes.c_void_p())
    monkeypatch.setattr(device, "TIMES", 1)
    yield own
    assert not own.held, "every allocation was freed"
    assert own.current == 0, "every context was given back"


@pytest.mark.parametrize("depth", [1, 2])
def test_masks_of_both_depths_pass_where_the_driver_does_as_it_is_told(plain: PlainCuda, depth: int) -> None:
    assert "blackened, read back" in device.masks(depth)
    plain.miss = 64
    with pytest.raises(SurfaceError, match="reads back otherwise"):
        device.masks(depth)


def test_a_head_is_copied_by_the_drivers_own_arguments(plain: PlainCuda) -> None:
    assert "copied out" in device.heads()


def test_each_check_has_a_line_and_the_whole_fits_into_ten_minutes() -> None:
    command = [sys.executable, "-m", "app.workers.gpu.check", "surface-library", "triton"]
    environment = {"PATH": "/usr/bin:/bin", "PYTHONPATH": str(CHECKOUT)}
    done = subprocess.run(command, cwd=CHECKOUT, env=environment, capture_output=True, text=True, timeout=100, check=False)
    first, second, last = done.stdout.strip().split("\n")
    assert first.startswith("FAIL surface-library (")
    assert "libnvbufsurface.so is not here" in first
    assert second.startswith("SKIP triton (")
    assert (last, done.returncode) == ("FAIL all: 1 failed.", 1)
    assert sum(check.seconds for check in whole.CHECKS.values()) <= 570
    assert whole.main(["nonsense"]) == 2
    for name in {check.module for check in whole.CHECKS.values()}:
        module = __import__(f"app.workers.gpu.check.{name}", fromlist=["CHECKS"])
        assert set(module.CHECKS) == {each for each, check in whole.CHECKS.items() if check.module == name}


def test_a_process_that_dies_or_hangs_costs_its_own_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "executable", "/bin/false")
    assert whole._outside("driver", 20) == "FAIL Its process ended with 1: nothing was printed"
    monkeypatch.setattr(subprocess, "run", _never)
    assert whole._outside("driver", 20) == "FAIL It did not end within 20 s."


def _never(command: list[str], **_more: Any) -> Any:
    raise subprocess.TimeoutExpired(command, 20)
