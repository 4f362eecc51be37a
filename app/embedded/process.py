"""One child process: how it is started, logged and ended."""

import asyncio
import contextlib
import os
import signal
import subprocess
import threading
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from app.embedded.lifecycle import Policy
from app.embedded.privileges import Identity, in_child

READ_BYTES = 65536
POLL_EXIT_S = 0.05
Probe = Callable[[], Awaitable[None]]
"""Returns when the part truly works; raises whatever it likes when it does not yet."""


async def no_step() -> None:
    """Nothing to do before a start."""


@dataclass(frozen=True, slots=True)
class Part:
    """A process of the product: the supervisor's list of these is all it knows.

    Attributes:
        depends_on: parts that must serve before it starts, and that stop after it.
        after: parts that go first because they need the processor first; for a minute at most, whatever becomes of them.
        ready: the probe that decides readiness.
        alive: asked again and again once it is ready; None where nothing can be asked (a one-shot).
        before: what is done before each start (it may be repeated).
        stop_signal: asks for an orderly end; `grace_s` later it is killed.
        death_signal: sent by the kernel when the supervisor dies without a word.
        identity: whom it runs as, where a server refuses root.
    """

    name: str
    command: tuple[str, ...]
    env: Mapping[str, str] = field(default_factory=dict)
    depends_on: tuple[str, ...] = ()
    after: tuple[str, ...] = ()
    ready: Probe = no_step
    alive: Probe | None = None
    before: Probe = no_step
    stop_signal: signal.Signals = signal.SIGTERM
    death_signal: signal.Signals = signal.SIGKILL
    grace_s: float = 4.0
    identity: Identity | None = None
    policy: Policy = field(default_factory=Policy)


class RotatingLog:
    """A log file bounded by size: `NAME.log` plus `keep` older ones, `max_bytes` each."""

    def __init__(self, path: Path, *, max_bytes: int = 4_000_000, keep: int = 2) -> None:
        self.path = path
        self._max_bytes = max_bytes
        self._keep = keep
        self._out = path.open("ab", buffering=0)
        self._size = self._out.tell()

    def write(self, chunk: bytes) -> None:
        """Append; a full disk loses the lines rather than the process."""
        with contextlib.suppress(OSError):
            self._out.write(chunk)
            self._size += len(chunk)
            if self._size >= self._max_bytes:
                self._rotate()

    def _rotate(self) -> None:
        for number in range(self._keep, 0, -1):
            older = self.path if number == 1 else self.path.with_name(f"{self.path.name}.{number - 1}")
            if older.exists():
                older.replace(self.path.with_name(f"{self.path.name}.{number}"))
        full, self._out = self._out, self.path.open("ab", buffering=0)
        full.close()
        self._size = 0

    def last_lines(self, count: int) -> list[str]:
        """The end of the log, for a message to the operator."""
        with self.path.open("rb") as text:
            text.seek(max(0, text.seek(0, os.SEEK_END) - 16384))
            return text.read().decode(errors="replace").strip().splitlines()[-count:]

    def close(self) -> None:
        """Close the file."""
        self._out.close()


class Child:
    """A running process of a part. Start it from the main thread: its death signal belongs to that thread."""

    def __init__(self, part: Part, log: RotatingLog, cwd: Path) -> None:
        if threading.current_thread() is not threading.main_thread():
            raise RuntimeError("Children are started from the main thread only.")
        self.part = part
        self._log = log
        self._loop = asyncio.get_running_loop()
        self.exited: asyncio.Future[int] = self._loop.create_future()
        self._read_end, write_end = os.pipe()
        os.set_blocking(self._read_end, False)
        try:
            self._process = subprocess.Popen(
                part.command,
                env=dict(part.env),
                cwd=cwd,
                stdin=subprocess.DEVNULL,
                stdout=write_end,
                stderr=write_end,
                start_new_session=True,  # Ctrl-C reaches the supervisor alone, which stops the parts in order
                preexec_fn=in_child(part.identity, part.death_signal),
            )
        except BaseException:
            os.close(self._read_end)
            raise
        finally:
            os.close(write_end)
        self._loop.add_reader(self._read_end, self._on_output)
        self._watcher = self._loop.create_task(self._watch())

    @property
    def pid(self) -> int:
        """Process id, also of its session and process group."""
        return self._process.pid

    def _on_output(self) -> None:
        try:
            chunk = os.read(self._read_end, READ_BYTES)
        except BlockingIOError:
            return
        if chunk:
            self._log.write(chunk)
        else:
            self._loop.remove_reader(self._read_end)

    async def _watch(self) -> None:
        """Wait for the end by pidfd where the kernel has it, else by polling."""
        try:
            descriptor = os.pidfd_open(self.pid)
        except OSError:
            while self._process.poll() is None:
                await asyncio.sleep(POLL_EXIT_S)
        else:
            gone = asyncio.Event()
            self._loop.add_reader(descriptor, gone.set)
            try:
                await gone.wait()  # bounded by the supervisor, which kills what does not end
            finally:
                self._loop.remove_reader(descriptor)
                os.close(descriptor)
        code = self._process.wait()
        self._clean_up()
        if not self.exited.done():
            self.exited.set_result(code)

    def _clean_up(self) -> None:
        self.signal_group(signal.SIGKILL)  # helpers it left behind
        with contextlib.suppress(OSError):
            while chunk := os.read(self._read_end, READ_BYTES):
                self._log.write(chunk)
        self._loop.remove_reader(self._read_end)
        os.close(self._read_end)

    def send(self, number: signal.Signals) -> None:
        """Signal the process itself, if it still runs."""
        with contextlib.suppress(ProcessLookupError):
            self._process.send_signal(number)

    def signal_group(self, number: signal.Signals) -> None:
        """Signal everything in its process group."""
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self.pid, number)

    async def end(self, grace_s: float) -> int:
        """Ask it to stop, kill its whole group `grace_s` later; returns the exit code."""
        self.send(self.part.stop_signal)
        try:
            return await asyncio.wait_for(asyncio.shield(self.exited), grace_s)
        except TimeoutError:
            self.signal_group(signal.SIGKILL)
            self.send(signal.SIGKILL)
            return await asyncio.wait_for(asyncio.shield(self.exited), 5.0)
