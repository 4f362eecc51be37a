"""Each scenario runs a graph and prints what it saw as one JSON line: `python3 -m tests.software_graph.scenarios NAME`."""

import itertools
import json
import socket
import ssl
import subprocess
import sys
import tempfile
import threading
import time
import uuid
from collections.abc import Callable
from contextlib import suppress
from itertools import pairwise
from typing import Any

from app.workers.gpu.graph import Change, NotAdmitted, Wanted
from app.workers.gpu.pipeline import Graph
from tests.software_graph.elements import Gst, Software

SMALL = "test://32x32@10"
JUDGED = threading.Event()


def camera(number: int) -> uuid.UUID:
    """A camera's id."""
    return uuid.UUID(int=number + 1)


def admit(address: str) -> str:
    """What the worker's own does: pins, refuses or takes its time. `?held` until `JUDGED`, `?refused`, `?no` for
    longer, `?pinned` another size."""
    if "held" in address:
        JUDGED.wait(60)
    if "refused" in address:
        raise NotAdmitted("The camera is on no network of cameras.")
    if "?no" in address:
        raise NotAdmitted("The camera refuses this password.", answered_no=True)
    if "unjudged" in address:
        raise ZeroDivisionError(address)
    return "test://48x32@10" if "pinned" in address else address


class Bench:
    """A running graph and what happened in it."""

    def __init__(self, most: int = 16, **more: Any) -> None:
        self.changes: list[Change] = []
        self.fatal: list[str] = []
        self.seen: dict[int, list[float]] = {}
        self.elements = Software()
        self.graph = Graph(
            self.elements,
            most,
            admit,
            self.changes.append,
            on_fatal=self.fatal.append,
            probes={"tracker": lambda _address: None},
            **more,
        )
        self.graph.start()
        pad = self.graph._stages["tracker"].get_static_pad("src")
        pad.add_probe(Gst.PadProbeType.BUFFER, self._saw)

    def _saw(self, _pad: Any, info: Any) -> Any:
        self.seen.setdefault(info.get_buffer().offset, []).append(time.monotonic())
        return Gst.PadProbeReturn.OK

    def want(self, **addresses: str) -> None:
        """c0="test://..." and so on."""
        self.graph.want({camera(int(name[1:])): Wanted(address, 100.0) for name, address in addresses.items()})

    def until(self, condition: Callable[[], bool], seconds: float = 10.0) -> bool:
        """Whether it came true in time."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            if condition():
                return True
            time.sleep(0.01)
        return False

    def count(self, pad: int) -> int:
        """Frames of a pad that came through."""
        return len(self.seen.get(pad, []))

    def states(self, number: int) -> list[str]:
        """What was told of a camera."""
        return [change.state.value for change in self.changes if change.camera == camera(number)]

    def gaps(self, pad: int, since: float) -> float:
        """The longest interval between two frames of a pad after a moment."""
        times = [at for at in self.seen.get(pad, []) if at >= since]
        return max((later - sooner for sooner, later in pairwise(times)), default=99.0)

    def end(self, **found: Any) -> None:
        """Stop, and print."""
        stopped = self.graph.stop()
        print(json.dumps({**found, "stopped": stopped, "fatal": self.fatal, "threads": threading.active_count()}))  # noqa: T201


def add_and_remove() -> None:
    """One, then another, then the first goes; the pad is used again."""
    numbers = itertools.count(7)
    next(numbers)  # another graph of this worker has opened one
    bench = Bench(numbers=numbers)
    bench.want(c0=SMALL)
    first = bench.until(lambda: bench.count(0) > 5)
    bench.want(c0=SMALL, c1=SMALL)
    second = bench.until(lambda: bench.count(1) > 5)
    bench.want(c1=SMALL)
    time.sleep(0.3)
    count = bench.count(0)
    time.sleep(0.5)
    bench.want(c1=SMALL, c2=SMALL)
    again = bench.until(lambda: bench.count(0) > count + 5)
    bench.end(
        numbers=[c.connection for c in bench.changes if c.state.value == "live"],
        first=first, second=second, silent=bench.count(0) - count >= 0, again=again, states=bench.states(0),
        facts={str(key.int): value.connection for key, value in bench.graph.facts().items()},
    )  # fmt: skip


def end_of_stream() -> None:
    """One camera ends again and again; the other never notices."""
    bench = Bench()
    bench.want(c0=f"{SMALL}?frames=6", c1=SMALL)
    back = bench.until(
        lambda: bench.graph.facts().get(camera(0)) is not None and bench.graph.facts()[camera(0)].connection >= 3, 15
    )
    since = bench.seen[1][3]
    bench.end(back=back, states=bench.states(0)[:6], gap=bench.gaps(1, since), others=bench.states(1))


def trouble() -> None:
    """A malformed address, a refusing server, a file that is no video, a factory that throws; a good camera beside them."""
    bench = Bench()
    bench.want(c0=SMALL, c1="rtsp://user:s3cret@127.0.0.1:9/x", c2="file:///etc/hostname", c3="nonsense", c4="bad://a:s3cret@b/")
    good = bench.until(lambda: bench.count(0) > 20)
    told = bench.until(lambda: all("reconnecting" in bench.states(number) for number in (1, 2, 3, 4)))
    since = bench.seen[0][3]
    reasons = {
        str(number): [c.reason for c in bench.changes if c.camera == camera(number) and c.reason][:1] for number in (1, 2, 3, 4)
    }
    bench.end(good=good, told=told, reasons=reasons, gap=bench.gaps(0, since))


def admission() -> None:
    """Addresses that may not be opened, one that takes long to judge, one whose name means another place; a good one beside."""
    bench = Bench()
    secret = "test://32x32@10?a:s3cret@"  # the software factory's addresses have no user
    bench.want(c0=SMALL)
    bench.until(lambda: bench.count(0) > 5)
    since = time.monotonic()
    bench.want(
        c0=SMALL, c1=f"{secret}refused", c2=f"{secret}unjudged", c3=f"{SMALL}?held", c4=f"{SMALL}?pinned", c5=f"{SMALL}?no"
    )
    told = bench.until(lambda: all("reconnecting" in bench.states(number) for number in (1, 2, 5)))
    slowly = bench.graph._slots[camera(5)].due_at - since > 3.7
    waits = bench.states(3) == ["connecting"]
    JUDGED.set()
    late = bench.until(lambda: bench.count(3) > 5)
    pinned = bench.until(lambda: (48, 32) in [c.size for c in bench.changes if c.camera == camera(4)])
    again = bench.until(lambda: bench.graph.facts()[camera(1)].connection >= 2)
    reasons = [next(c.reason for c in bench.changes if c.camera == camera(number) and c.reason) for number in (1, 2)]
    bench.end(
        slowly=slowly, told=told, waits=waits, late=late, pinned=pinned, again=again, reasons=reasons,
        asked=sorted(set(bench.elements.asked)), gap=bench.gaps(0, since),
    )  # fmt: skip


def judging() -> None:
    """A name server that does not answer in time: told, tried again, and what it says too late opens nothing."""
    bench = Bench(judged_s=1.0)
    bench.want(c0=f"{SMALL}?held")
    told = bench.until(lambda: any("could not be judged" in c.reason for c in bench.changes))
    JUDGED.set()
    live = bench.until(lambda: "live" in bench.states(0), 20)
    bench.end(told=told, live=live, connections=[c.connection for c in bench.changes if c.state == "live"])


def thread_fails() -> None:
    """The graph's own thread meets what it cannot go on after: that is told, not silent."""
    bench = Bench()
    bench.graph._orders.put((lambda: 1 / 0, ()))
    told = bench.until(lambda: bool(bench.fatal))
    reasons = list(bench.fatal)
    bench.fatal.clear()
    bench.end(told=told, reasons=reasons)


def secure() -> None:
    """A camera by `rtsps` with a certificate that nobody signed: what it is asked inside TLS."""
    with tempfile.TemporaryDirectory() as folder, socket.create_server(("127.0.0.1", 0)) as server:
        key, signed = f"{folder}/key.pem", f"{folder}/cert.pem"
        curve = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-subj", "/CN=camera"]
        command = ["openssl", "req", "-x509", "-days", "2", *curve, "-keyout", key, "-out", signed]
        subprocess.run(command, check=True, capture_output=True, timeout=30)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(signed, key)
        asked: list[str] = []

        def serve() -> None:
            while True:
                plain, _ = server.accept()
                with suppress(OSError), context.wrap_socket(plain, server_side=True) as inside:
                    asked.append(inside.recv(4096).decode().split(" ")[0])

        threading.Thread(target=serve, daemon=True).start()
        bench = Bench()
        bench.want(c0=f"rtsps://u:s3cret@127.0.0.1:{server.getsockname()[1]}/x")
        told = bench.until(lambda: bool(asked), 20)
        bench.end(told=told, asked=asked[:1])


SDP = "v=0\r\no=- 0 0 IN IP4 10.9.9.9\r\ns=x\r\nt=0 0\r\nm=video 0 RTP/AVP 96\r\na=rtpmap:96 H264/90000\r\n"


def camera_by_rtsp(server: socket.socket, asked: list[str], moved: dict[str, str]) -> None:
    """Answers every request; its control address names another host, as that of cameras behind a router does."""

    def serve(connection: socket.socket) -> None:
        heads = connection.makefile("rb")
        with suppress(OSError), connection:
            while line := heads.readline().decode():
                method, sequence = line.split(" ")[0], "0"
                while (header := heads.readline().decode().strip()) != "":
                    sequence = header.partition(":")[2] if header.startswith("CSeq:") else sequence
                asked.append(method)
                body = SDP + "a=control:rtsp://10.9.9.9/track1\r\n" if method == "DESCRIBE" else ""
                more = "Transport: RTP/AVP/TCP;unicast;interleaved=0-1\r\n" if method == "SETUP" else ""
                more += "Public: DESCRIBE, SETUP, PLAY\r\nSession: 1\r\nContent-Type: application/sdp\r\n"
                first = f"302 Moved\r\nLocation: {moved[method]}" if method in moved else "200 OK"
                said = f"RTSP/1.0 {first}\r\nCSeq: {sequence}\r\n{more}Content-Length: {len(body)}\r\n\r\n{body}"
                connection.sendall(said.encode())

    while True:
        with suppress(OSError):
            threading.Thread(target=serve, args=(server.accept()[0],), daemon=True).start()


def redirects() -> None:
    """Cameras that send their reader elsewhere at each step, although they did not when they were asked; one that does not."""
    with socket.create_server(("127.0.0.1", 0)) as inside:
        reached: list[str] = []
        threading.Thread(target=camera_by_rtsp, args=(inside, reached, {}), daemon=True).start()
        there = f"rtsp://127.0.0.1:{inside.getsockname()[1]}/x"
        steps, heard, wanted = ("OPTIONS", "DESCRIBE", "PLAY", ""), dict[str, list[str]](), dict[str, str]()
        for number, step in enumerate(steps):
            server = socket.create_server(("127.0.0.1", 0))
            heard[step] = []
            moved = {step: there} if step else {}
            threading.Thread(target=camera_by_rtsp, args=(server, heard[step], moved), daemon=True).start()
            wanted[f"c{number}"] = f"rtsp://127.0.0.1:{server.getsockname()[1]}/x"
        bench = Bench()
        bench.want(**wanted)
        told = [
            bench.until(
                lambda at=number: any(c.camera == camera(at) and "another address" in c.reason for c in bench.changes), 20
            )
            for number in range(3)
        ]
        plays = bench.until(lambda: "PLAY" in heard[""], 20)
        bench.end(told=told, plays=plays, reached=sorted(set(reached)))


def freeze_and_caps() -> None:
    """One freezes and is opened again; another changes its size and is told so."""
    bench = Bench(silent_s=1.0)
    bench.want(c0=f"{SMALL}?freeze=8", c1=f"{SMALL}?caps=8")
    frozen = bench.until(lambda: "frozen" in bench.states(0))
    back = bench.until(lambda: bench.states(0).count("live") >= 2)
    sizes = bench.until(lambda: (64, 32) in [c.size for c in bench.changes if c.camera == camera(1) and c.state == "live"])
    facts = bench.graph.facts()
    bench.end(frozen=frozen, back=back, sizes=sizes, connection=facts[camera(0)].connection, others=facts[camera(1)].connection)


def masks() -> None:
    """White pictures: a camera without masks, one with (two at once too), one whose masks fail at its third; then other masks."""
    white, left, whole = f"{SMALL}?pattern=3", ((0.0, 0.0), (0.5, 0.0), (0.5, 1.0)), ((0.0, 0.0), (1.0, 0.0), (1.0, 1.0))
    broken = ((0.0, 0.0), (1.0, 1.0))
    bench = Bench()
    pictures: dict[int, set[str]] = {0: set(), 1: set(), 2: set()}

    def look(_pad: Any, info: Any) -> Any:
        rows = info.get_buffer().extract_dup(0, 32 * 32)
        halves = [{rows[32 * y + x] > 200 for y in range(32) for x in half} for half in (range(16), range(16, 32))]
        pictures[info.get_buffer().offset].add("|".join("".join("bw"[white] for white in sorted(half)) for half in halves))
        return Gst.PadProbeReturn.OK

    bench.graph._stages["pose"].get_static_pad("sink").add_probe(Gst.PadProbeType.BUFFER, look)

    def want(second: Any) -> None:
        of_each = {0: (), 1: (second,), 2: (broken,)}
        bench.graph.want({camera(number): Wanted(white, 100.0, own) for number, own in of_each.items()})

    want(left)
    passed = bench.until(lambda: bench.count(0) > 10 and bench.count(1) > 10)
    several, out = Gst.BufferList.new(), bench.graph._slots[camera(1)].bin.get_static_pad("src")
    for _ in range(2):
        picture = Gst.Buffer.new_wrapped(b"\xff" * 1024)
        picture.offset = 1
        several.insert(-1, picture)
    out.push_list(several)
    count = bench.count(1)
    passed &= bench.until(lambda: bench.count(1) > count + 5)
    told = bench.until(lambda: "reconnecting" in bench.states(2))
    first = {pad: sorted(kinds) for pad, kinds in pictures.items()}
    broken_count, unmasked = bench.count(2), bench.graph.facts()[camera(2)].unmasked
    want(whole)
    stopped_at = bench.until(lambda: bench.states(1).count("live") == 2)
    pictures[1].clear()
    count = bench.count(1)
    again = bench.until(lambda: bench.count(1) > count + 5)
    bench.end(
        passed=passed, told=told, first=first, broken_count=broken_count, unmasked=unmasked, other=stopped_at and again,
        then=sorted(pictures[1]), reasons=[c.reason for c in bench.changes if c.camera == camera(2) and c.reason][:1],
        connections=bench.graph.facts()[camera(0)].connection,
    )  # fmt: skip


def packets(file: str) -> None:
    """The encoded packets of two sources that send the same file, whole pictures and unit by unit; a third sends none."""
    seen: dict[int, list[Any]] = {0: [], 1: [], 2: []}

    def keep(slot: Any, connection: int, packet: Any) -> None:
        seen[slot.pad].append((connection, packet))
        raise ZeroDivisionError  # whoever keeps packets fails: the stream goes on

    bench = Bench(on_packet=keep)
    bench.want(c0=f"recorded://{file}", c1=f"recorded://{file}?nal", c2=SMALL)
    count = bench.until(lambda: len(seen[0]) >= 45 and len(seen[1]) >= 45)
    flows = bench.until(lambda: bench.count(0) > 3 and bench.count(2) > 3)
    passed = bench.until(lambda: min(bench.elements.passed.get(f"recorded-{pad}", 0) for pad in (0, 1)) >= 45)
    bench.end(count=count, flows=flows, passed=passed, none=len(seen[2]), packets=[
        [(at, each.codec, each.pts_ns, each.is_key, each.body.hex(), each.extradata.hex()) for at, each in seen[pad]]
        for pad in (0, 1)
    ])  # fmt: skip


def too_many() -> None:
    """More cameras than the batch holds: those that fit run, the rest are told."""
    bench = Bench(most=2)
    bench.want(c0=SMALL, c1=SMALL, c2=SMALL)
    run = bench.until(lambda: bench.count(0) > 3 and bench.count(1) > 3)
    reasons = [change.reason for change in bench.changes if change.camera == camera(2)]
    bench.want(c1=SMALL, c2=SMALL)
    place = bench.until(lambda: "live" in bench.states(2))
    bench.end(run=run, reasons=reasons, place=place)


def promote() -> None:
    """Another model version takes a stage's place; no source is opened again, no frame is missing for long."""
    bench = Bench()
    bench.want(c0=SMALL, c1=SMALL)
    bench.until(lambda: bench.count(0) > 5 and bench.count(1) > 5)
    since, told = time.monotonic(), []
    before = bench.elements.passed["pose-1"]
    bench.graph.replace("pose", bench.elements.broken_stage, told.append)
    bench.until(lambda: len(told) == 1)
    kept = bench.until(lambda: bench.elements.passed["pose-1"] > before + 10)
    bench.graph.replace("pose", lambda: bench.elements.stage("pose-2"), told.append)
    bench.until(lambda: len(told) == 2)
    new = bench.until(lambda: bench.elements.passed["pose-2"] > 10)
    old = bench.elements.passed["pose-1"]
    time.sleep(0.5)
    bench.end(
        told=told, kept=kept, new=new, old_still=bench.elements.passed["pose-1"] - old, made=bench.elements.made,
        connections=[facts.connection for facts in bench.graph.facts().values()],
        gap=max(bench.gaps(0, since), bench.gaps(1, since)),
    )  # fmt: skip


def sixty_four() -> None:
    """64 sources at 5 frames a second; one is taken away and one comes, five times: how long do the others wait for a frame?"""
    bench = Bench(most=65)
    slow = "test://16x16@5"
    all_of_them = {f"c{number}": slow for number in range(64)}
    bench.want(**all_of_them)
    ready = bench.until(lambda: all(bench.count(pad) > 5 for pad in range(64)), 30)
    since = time.monotonic()
    for round_ in range(5):
        bench.want(**{name: address for name, address in all_of_them.items() if name != "c7"})
        time.sleep(0.4)
        bench.want(**all_of_them)
        time.sleep(0.6 + 0.05 * round_)
    others = [pad for pad in range(64) if pad != 7]
    gaps = sorted(bench.gaps(pad, since) for pad in others)
    back = bench.graph.facts()[camera(7)]
    bench.end(ready=ready, worst_ms=gaps[-1] * 1000, median_ms=gaps[32] * 1000, back=back.frames_in)


def shutdown() -> None:
    """Stopping with sources in every state ends in time and leaves no thread of ours."""
    bench = Bench()
    bench.want(c0=SMALL, c1=f"{SMALL}?frames=2", c2="rtsp://127.0.0.1:9/x", c3=f"{SMALL}?freeze=1")
    bench.until(lambda: bench.count(0) > 5)
    began = time.monotonic()
    stopped = bench.graph.stop()
    seconds = time.monotonic() - began
    count = bench.count(0)
    time.sleep(0.3)
    left = [thread.name for thread in threading.enumerate() if thread.name in ("graph", "disposer")]
    print(json.dumps({"stopped": stopped, "seconds": seconds, "more": bench.count(0) - count, "left": left}))  # noqa: T201


if __name__ == "__main__":
    globals()[sys.argv[1]](*sys.argv[2:])
