"""Test a camera: can it be read, what does it send, what does it see."""

import queue
import threading
import time
from dataclasses import dataclass

from app.capture.diagnosis import diagnose
from app.capture.failures import CaptureError, FailureKind, failure
from app.capture.pictures import jpeg_of
from app.capture.reader import KEYFRAME_PATIENCE_S, open_source
from app.capture.source import NOWHERE, Source, parse_source
from app.kit.errors import BadInputError
from app.kit.gate import Gate


@dataclass(frozen=True, slots=True)
class Probe:
    """What a camera sends: pixels, frames a second as announced (0.0: not announced), FFmpeg's codec name, one JPEG."""

    width: int
    height: int
    fps: float
    codec: str
    snapshot: bytes


def probe(url: str, deadline_s: float = 12.0, gate: Gate | None = None) -> Probe:
    """Open a camera, decode one picture and hang up (blocking; call it in a thread).

    Raises:
        BadInputError: with one sentence that says what is wrong; never with the URL or its password.
    """
    source = parse_source(url, gate)
    if source is None:
        raise BadInputError(failure(FailureKind.BAD_ADDRESS, NOWHERE).sentence, kind=FailureKind.BAD_ADDRESS.value)
    answers: queue.SimpleQueue[Probe | BaseException] = queue.SimpleQueue()
    # A thread of its own, since a library that hangs cannot be interrupted: it is left behind to end by its time-outs.
    threading.Thread(target=_answer, args=(source, deadline_s, answers), name="probe", daemon=True).start()
    try:
        answer: Probe | BaseException = answers.get(timeout=deadline_s)
    except queue.Empty:
        answer = CaptureError(failure(FailureKind.TIMEOUT, source))
    if isinstance(answer, Probe):
        return answer
    found = answer.failure if isinstance(answer, CaptureError) else diagnose(answer, source)
    raise BadInputError(found.sentence, kind=found.kind.value) from None


def _answer(source: Source, deadline_s: float, answers: "queue.SimpleQueue[Probe | BaseException]") -> None:
    try:
        answers.put(_first_picture(source, deadline_s))
    except Exception as error:
        answers.put(error)


def _first_picture(source: Source, deadline_s: float) -> Probe:
    started, joined = time.monotonic(), False
    container, video = open_source(source)
    with container:
        for packet in container.demux(video):
            waited = time.monotonic() - started
            if waited > deadline_s:
                break
            joined = joined or packet.is_keyframe or waited > KEYFRAME_PATIENCE_S
            for picture in packet.decode() if joined else ():
                if not picture.is_corrupt:
                    rate = float(video.average_rate or 0)
                    return Probe(picture.width, picture.height, rate, video.codec_context.name, jpeg_of(picture))
    raise CaptureError(failure(FailureKind.NO_PICTURE, source))
