"""Starts the parts in dependency order, restarts what dies, stops all in reverse order.

The decisions are `lifecycle`'s; here are the processes, the probes and the clock.
"""

import asyncio
import itertools
import json
import signal
import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

from app.embedded import lifecycle
from app.embedded.guard import Guard
from app.embedded.holds import held_parts
from app.embedded.lifecycle import Phase, Status
from app.embedded.liveness import until_silent
from app.embedded.process import Child, Part, RotatingLog
from app.kit.cancellation import heed_cancellation
from app.kit.errors import SetupError
from app.kit.logs import redact

ALMOST_OVERDUE_S = 0.08
COURTESY_S = 60.0
"""A part leaves the processor to others for no longer: what erases and seals must run where no model ever loads."""
HOLD_EVERY_S = 0.5
PROBE_LIMIT_S = 15.0
BEFORE_LIMIT_S = 180.0
STOP_LIMIT_S = 10.0
END_TRIES = 5
END_AGAIN_S = 1.0
LAST_LINES = 6
OUR_SENTENCE = "pennyprotect: "
Report = Callable[[Part, Status], None]


async def _end(tasks: "set[asyncio.Future[Any]]") -> None:
    """Cancel them and wait; again where that was lost on its way. What does not end even so must not hold the stop up."""
    left = tasks
    for _ in range(END_TRIES):
        for task in left:
            task.cancel()
        done, left = await asyncio.wait(left, timeout=END_AGAIN_S)
        for task in done:
            if not task.cancelled():
                task.exception()  # the caller asks `work`; nobody asks the others
        if not left:
            return


def check_order(parts: Iterable[Part]) -> None:
    """ValueError unless each part comes after everything it waits for."""
    seen: set[str] = set()
    for part in parts:
        missing = [name for name in (*part.depends_on, *part.after) if name not in seen]
        if missing:
            raise ValueError(f"{part.name} waits for {missing}, which do not come before it.")
        if part.name in seen:
            raise ValueError(f"{part.name} is listed twice.")
        seen.add(part.name)


class Supervisor:
    """Runs a list of parts until `stop` is set.

    Args:
        parts: in an order in which each comes after what it depends on.
        logs: folder of the log files.
        report: called on each change of phase.
        cwd: working directory of the parts.
        state_file: where each part's process id and phase are written, for people and tests; None for nowhere.
    """

    def __init__(self, parts: list[Part], logs: Path, report: Report, cwd: Path, state_file: Path | None = None) -> None:
        check_order(parts)
        self.parts = parts
        self.status = {part.name: Status() for part in parts}
        self._report = report
        self._cwd = cwd
        self._hold_folder = state_file.parent / "hold" if state_file else None
        self._state_file = state_file
        self._logs = {part.name: RotatingLog(logs / f"{part.name}.log") for part in parts}
        self._children: dict[str, Child] = {}
        self._guard = Guard(str(logs.parent))
        self._serving = {part.name: asyncio.Event() for part in parts}
        self._last_error: dict[str, str] = {}

    async def run(self, stop: asyncio.Event, on_ready: Callable[[], None], hurry: asyncio.Event | None = None) -> None:
        """Run until `stop` is set; `on_ready` is called once, when every part is ready. `hurry` kills while stopping.

        Raises:
            SetupError: a part could not be started; everything else was stopped.
        """
        keepers = [asyncio.create_task(self._keep(part), name=part.name) for part in self.parts]
        work: asyncio.Future[Any] = asyncio.gather(*keepers, self._announce(on_ready))
        stopping: asyncio.Future[Any] = asyncio.create_task(stop.wait())
        try:
            await asyncio.wait({work, stopping}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            failed = work.done()
            await _end({stopping, work, *keepers})
            await self._stop_all(hurry or asyncio.Event())
            self._guard.close()
            for log in self._logs.values():
                log.close()
        if failed:
            work.result()

    def _held(self) -> frozenset[str]:
        return held_parts(self._hold_folder) if self._hold_folder else frozenset()

    async def _announce(self, on_ready: Callable[[], None]) -> None:
        for serving in self._serving.values():
            await serving.wait()  # ends by cancellation
        on_ready()

    def _set(self, part: Part, status: Status) -> None:
        before, self.status[part.name] = self.status[part.name], status
        if status.serves_dependants:
            self._serving[part.name].set()  # stays set: dependants of a part that restarts reconnect by themselves
        if status.phase is not before.phase:
            self._report(part, status)
            self._write_state()

    def _write_state(self) -> None:
        if self._state_file is None:
            return
        pids = {name: child.pid for name, child in self._children.items()}
        known = {
            name: {"pid": pids.get(name), "phase": status.phase, "failures": status.failures}
            for name, status in self.status.items()
        }
        fresh = self._state_file.with_name(f"{self._state_file.name}.new")
        with suppress(OSError):  # it is for looking at; a full disk must not stop anything
            fresh.write_text(json.dumps(known, indent=1))
            fresh.replace(self._state_file)

    async def _keep(self, part: Part) -> None:
        """Start a part, and again whenever it ends; returns when a one-shot is done."""
        for name in part.depends_on:
            await self._serving[name].wait()  # ends by cancellation
        with suppress(TimeoutError):
            async with asyncio.timeout(COURTESY_S):
                for name in part.after:
                    await self._serving[name].wait()
        while True:
            while part.name in self._held():
                await asyncio.sleep(HOLD_EVERY_S)
            code = await self._run_once(part)
            if part.name in self._held():
                self._set(part, lifecycle.held(self.status[part.name], time.monotonic()))
                continue
            status = lifecycle.ended(self.status[part.name], time.monotonic(), part.policy, code)
            if status.phase is Phase.ABSENT:
                status = replace(status, reason=self._why(part, status))
            self._set(part, status)
            if status.phase is Phase.DONE:
                return
            if status.phase is Phase.FAILED:
                raise SetupError(self._why(part, status))
            await asyncio.sleep(max(0.0, (status.until or 0.0) - time.monotonic()))

    async def _run_once(self, part: Part) -> int:
        """One life of the process; its exit code, or 1 when it could not even be started."""
        try:
            async with asyncio.timeout(BEFORE_LIMIT_S):
                await part.before()
            child = Child(part, self._logs[part.name], self._cwd)
        except SetupError:
            if not self.status[part.name].ever_ready:
                raise
            return 1
        except Exception as error:  # a full disk, a missing binary: it may pass
            self._note(part, error)
            self._logs[part.name].write(f"supervisor: cannot start: {self._last_error[part.name]}\n".encode())
            return 1
        self._children[part.name] = child
        self._guard.watch(child.pid)
        self._set(part, lifecycle.started(self.status[part.name], time.monotonic(), part.policy))
        await self._see_through(part, child)
        del self._children[part.name]
        self._guard.forget(child.pid)
        return child.exited.result()

    async def _see_through(self, part: Part, child: Child) -> None:
        """Probe until ready, kill when overdue, return when the process is gone."""
        waits: set[asyncio.Future[Any]] = {child.exited}
        prober = None
        if not part.policy.one_shot:
            prober = asyncio.create_task(self._probe(part))
            waits.add(prober)
        try:
            await asyncio.wait(waits, timeout=part.policy.ready_within_s, return_when=asyncio.FIRST_COMPLETED)
            now = time.monotonic()
            if prober is not None and prober.done() and not child.exited.done():
                self._set(part, lifecycle.answered(self.status[part.name], now, part.policy))
            elif not child.exited.done() and lifecycle.overdue(self.status[part.name], now + ALMOST_OVERDUE_S):
                await child.end(part.grace_s)
            await self._while_it_lives(part, child)
        finally:
            if prober is not None:
                prober.cancel()
                await asyncio.gather(prober, return_exceptions=True)

    async def _while_it_lives(self, part: Part, child: Child) -> None:
        """Return when the process is gone; one that is held, or hangs, is ended."""
        hung: set[asyncio.Future[Any]] = set()
        if part.alive is not None and not part.policy.one_shot:
            hung.add(asyncio.create_task(until_silent(part.alive, part.policy.patience)))
        try:
            while not child.exited.done():
                if part.name in self._held():
                    await child.end(part.grace_s)
                elif any(each.done() for each in hung):
                    self._logs[part.name].write(b"supervisor: it lives but does not answer; it is ended and started again\n")
                    await child.end(part.grace_s)
                await asyncio.wait({child.exited, *hung}, timeout=HOLD_EVERY_S, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for each in hung:
                each.cancel()
            await asyncio.gather(*hung, return_exceptions=True)

    async def _probe(self, part: Part) -> None:
        for asked in itertools.count():
            try:
                async with asyncio.timeout(PROBE_LIMIT_S):
                    await part.ready()
                return
            except Exception as error:  # whatever a server that is not up yet may cause
                heed_cancellation()
                self._note(part, error)
            await asyncio.sleep(lifecycle.probe_pause_s(asked))

    def _note(self, part: Part, error: Exception) -> None:
        self._last_error[part.name] = redact(f"{type(error).__name__}: {error}")

    def _why(self, part: Part, status: Status) -> str:
        log = self._logs[part.name]
        for line in reversed(log.last_lines(LAST_LINES)):
            if line.startswith(OUR_SENTENCE):  # the role itself said what is wrong and what to do
                return redact(line.removeprefix(OUR_SENTENCE))
        last = "\n".join(f"  {line}" for line in log.last_lines(LAST_LINES)) or "  (nothing)"
        probe = self._last_error.get(part.name)
        hint = f" Its last probe: {probe}." if probe else ""
        return f"{part.name} could not be started ({status.reason}).{hint} Its log {log.path} ends with:\n{redact(last)}"

    async def _stop_all(self, hurry: asyncio.Event) -> None:
        """Dependants first, everything within STOP_LIMIT_S; what is left then is killed."""
        gone = {part.name: asyncio.Event() for part in self.parts}

        async def stop_one(part: Part) -> None:
            for other in self.parts:
                if part.name in other.depends_on:
                    await gone[other.name].wait()  # bounded by the caller
            child = self._children.pop(part.name, None)
            if child is not None:
                await child.end(part.grace_s)
            self._set(part, lifecycle.stopped(self.status[part.name], time.monotonic()))
            gone[part.name].set()

        children = list(self._children.values())
        orderly: asyncio.Future[Any] = asyncio.gather(*(stop_one(part) for part in self.parts))
        impatient: asyncio.Future[Any] = asyncio.create_task(hurry.wait())
        await asyncio.wait({orderly, impatient}, timeout=STOP_LIMIT_S, return_when=asyncio.FIRST_COMPLETED)
        for task in (orderly, impatient):
            task.cancel()
        await asyncio.gather(orderly, impatient, return_exceptions=True)
        for child in children:
            child.signal_group(signal.SIGKILL)
        with suppress(TimeoutError):
            async with asyncio.timeout(3):
                await asyncio.gather(*(asyncio.shield(child.exited) for child in children))
