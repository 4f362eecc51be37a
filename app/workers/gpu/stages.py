"""The shared part of a graph: muxer, inference, tracker and sink in a row, any of them exchanged between two buffers."""

import threading
from collections.abc import Callable, Iterable, Mapping
from itertools import pairwise
from typing import Any, Final

from app.workers.gpu.graph import Elements, Fatal, Slot, plain

DISPOSERS: Final = 4


def owner_of(slots: Iterable[Slot], element: Any) -> Slot | None:
    """The source in whose bin an element is."""
    held = list(slots)
    while element is not None:
        for slot in held:
            if slot.bin is not None and slot.bin == element:
                return slot
        element = element.get_parent()
    return None


def size_of(caps: Any) -> tuple[int, int] | None:
    """Width and height that caps of video fix."""
    structure = caps.get_structure(0)
    width, height = structure.get_int("width"), structure.get_int("height")
    return (width[1], height[1]) if width[0] and height[0] and width[1] and height[1] else None


def first_error(gst: Any, pipeline: Any) -> str:
    """What the first error on a pipeline's bus says."""
    message = pipeline.get_bus().pop_filtered(gst.MessageType.ERROR)
    return plain(message.parse_error()[0].message) if message is not None else "no element says why"


class Leaving:
    """Elements that were taken out of a pipeline and end beside it: a dead network makes that take seconds.

    Attributes:
        ended: how many have.
    """

    def __init__(self, gst: Any, pipeline: Any) -> None:
        self._gst, self._pipeline = gst, pipeline
        self._elements: list[Any] = []
        self._few = threading.Semaphore(DISPOSERS)
        self.ended = 0

    def is_shared(self, element: Any) -> bool:
        """Whether an element belongs to the shared part; what was or is being taken out does not."""
        while element is not None and element not in self._elements:
            if element == self._pipeline:
                return True
            element = element.get_parent()
        return False

    def let_go(self, element: Any) -> None:
        """End an element on a thread of its own."""
        self._elements.append(element)
        element.set_locked_state(True)
        threading.Thread(target=self._end, args=(element,), name="disposer", daemon=True).start()

    def _end(self, element: Any) -> None:
        with self._few:
            element.set_state(self._gst.State.NULL)
            self._pipeline.remove(element)
            self._elements.remove(element)
            self.ended += 1


class Stages:
    """The elements in a row, by name.

    Args:
        probes: stage name to a function of the buffer's address, called on its source pad.
    """

    def __init__(self, gst: Any, pipeline: Any, leaving: Leaving, probes: Mapping[str, Callable[[int], None]]) -> None:
        self._gst, self._pipeline, self._leaving, self._probes = gst, pipeline, leaving, probes
        self._by_name: dict[str, Any] = {}

    def __getitem__(self, name: str) -> Any:
        return self._by_name[name]

    def build(self, elements: Elements, most: int) -> Any:
        """Make and link them; the muxer. Fatal when one is missing or does not fit."""
        muxer = elements.muxer(most)
        sink = self._gst.ElementFactory.make("fakesink", "sink")
        for name, value in (("sync", False), ("async", False), ("enable-last-sample", False), ("qos", False)):
            sink.set_property(name, value)
        chain = [("muxer", muxer), *elements.stages(), ("sink", sink)]
        for name, element in chain:
            if element is None:
                raise Fatal(f"The element for {name} cannot be made; is this the worker-gpu image? (docs/gpu.md)")
            self._pipeline.add(element)
        for (name, upper), (_, lower) in pairwise(chain):
            if not upper.link(lower):
                raise Fatal(f"{name} cannot be linked to what follows it.")
        self._by_name = dict(chain)
        for name, probe in self._probes.items():
            self._watch(self._by_name[name].get_static_pad("src"), probe)
        return muxer

    def replace(self, stage: str, make: Callable[[], Any], done: Callable[[bool], None]) -> None:
        """Between two buffers: the pad above is blocked, the element changed, the block lifted."""
        old = self._by_name[stage]
        above = old.get_static_pad("sink").get_peer()

        def blocked(_pad: Any, _info: Any) -> Any:
            done(self._swap(stage, old, make))
            return self._gst.PadProbeReturn.REMOVE

        above.add_probe(self._gst.PadProbeType.IDLE, blocked)

    def _swap(self, stage: str, old: Any, make: Callable[[], Any]) -> bool:
        """On whatever thread found the pad idle. The new element is tried first; when it does not start the old one stays."""
        gst = self._gst
        new = make()
        if new is None:
            return False
        above, below = old.get_static_pad("sink").get_peer(), old.get_static_pad("src").get_peer()
        self._pipeline.add(new)
        if new.set_state(gst.State.PAUSED) == gst.StateChangeReturn.FAILURE:
            new.set_state(gst.State.NULL)
            self._pipeline.remove(new)
            return False
        above.unlink(old.get_static_pad("sink"))
        old.get_static_pad("src").unlink(below)
        above.link(new.get_static_pad("sink"))
        new.get_static_pad("src").link(below)
        if stage in self._probes:
            self._watch(new.get_static_pad("src"), self._probes[stage])
        self._by_name[stage] = new
        new.sync_state_with_parent()
        self._leaving.let_go(old)
        return True

    def _watch(self, pad: Any, probe: Callable[[int], None]) -> None:
        def passed(_pad: Any, info: Any) -> Any:
            probe(hash(info.get_buffer()))  # PyGObject's hash of a boxed value is its address, which is what pyds wants
            return self._gst.PadProbeReturn.OK

        pad.add_probe(self._gst.PadProbeType.BUFFER, passed)
