"""Persons in frames, asked of a Triton server: the one way the product calls a pose model."""

import asyncio
import ipaddress
import socket
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import grpc
import numpy.typing as npt
from tritonclient.grpc import InferInput, InferRequestedOutput, aio
from tritonclient.utils import InferenceServerException

from app.inference.contract import PoseContract
from app.inference.families import FAMILIES, Selection
from app.inference.patience import unless_it_lives
from app.inference.picture import Picture, UInt8, picture_of
from app.inference.pose import Letterbox, decode
from app.inference.slots import Slot, SlotPool, hide
from app.kit.backoff import Backoff
from app.kit.errors import BadInputError, UnavailableError
from app.kit.logs import logger
from app.perception.detections import Detections

_log = logger(__name__)

AGAIN: Final = Backoff(first_s=0.3, longest_s=2.0)
"""Between two tries while a model's process starts anew; another instance may answer at once."""
STARTS_ANEW: Final = "is not healthy"
"""What Triton says of such a process: one that had no turn of the processor for a second is taken for dead."""

_CHANNEL = [
    # gRPC's own back-off grows to two minutes; a restarted server should be found within a second.
    ("grpc.initial_reconnect_backoff_ms", 100),
    ("grpc.min_reconnect_backoff_ms", 100),
    ("grpc.max_reconnect_backoff_ms", 1000),
    ("grpc.max_send_message_length", -1),
    ("grpc.max_receive_message_length", -1),
    # Several clients in a process must not share a connection, or one's failure delays the other.
    ("grpc.use_local_subchannel_pool", 1),
]


class RefusedError(BadInputError):
    """The server answered that it will not do this: unknown model or version, or an input it does not take."""

    title = "The model refused this"


class UnreachableError(UnavailableError):
    """Nobody listens there; no request of ours is running."""


@dataclass(frozen=True, slots=True)
class CallOptions:
    """How to call.

    Attributes:
        deadline_s: seconds until a request counts as lost, waiting for a free slot included.
        patience_s: seconds more while the server says that it lives: it is slow, and what it was asked is as good as done.
        in_flight: requests under way at once; two for each instance of the model keep it busy.
        batch: frames of one size sent in one request. 1 is best on a CPU; a GPU server batches by itself.
        shared_memory: None: when the server is on this machine.
        long_side: pixels, instead of the contract's.
    """

    deadline_s: float = 5.0
    patience_s: float = 0.0
    in_flight: int = 4
    batch: int = 1
    shared_memory: bool | None = None
    long_side: int | None = None


class TritonPose:
    """A pose model at a Triton server. Use from one event loop; `close` when done."""

    def __init__(
        self,
        url: str,
        model: str = "yolo_pose",
        version: str = "",
        *,
        contract: PoseContract | None = None,
        selection: Selection | None = None,
        options: CallOptions | None = None,
    ) -> None:
        self._url, self._model, self._version = url, model, version
        self._contract = contract or PoseContract.of(model)
        self._selection = selection or Selection()
        self._options = options or CallOptions()
        self._longest_s = self._options.deadline_s + self._options.patience_s
        self._side = self._options.long_side or self._contract.long_side
        self._client = aio.InferenceServerClient(url, channel_args=_CHANNEL)
        wanted = self._options.shared_memory
        self._shared = is_local(url) if wanted is None else wanted
        self._pool = self._make_pool()
        self._free = asyncio.Semaphore(self._options.in_flight)
        self._connection = 0

    async def detect(self, frames: Sequence[Picture | UInt8]) -> list[Detections]:
        """Persons of each frame, in pixels of that frame; arrays are (h, w, 3) uint8 RGB.

        Raises:
            UnavailableError: no answer within the deadline, or no server.
            RefusedError: the server does not take this.
        """
        pictures = [picture_of(frame) for frame in frames]
        boxes = [Letterbox.fit(p.width, p.height, self._side, self._contract.stride) for p in pictures]
        groups = _groups(boxes, self._options.batch)
        try:
            async with asyncio.timeout(self._longest_s) as limit:
                with unless_it_lives(limit, self._options.deadline_s, self._options.patience_s, self._client):
                    if len(groups) == 1:
                        answers = [await self._ask(pictures, boxes)]
                    else:
                        calls = (self._ask([pictures[i] for i in g], [boxes[i] for i in g]) for g in groups)
                        answers = await asyncio.gather(*calls)
        except TimeoutError as error:
            raise UnavailableError(f"Triton at {self._url} gave no answer in time.") from error
        results = [Detections.empty()] * len(pictures)
        for group, found in zip(groups, answers, strict=True):
            for index, persons in zip(group, found, strict=True):
                results[index] = persons
        return results

    async def ready(self) -> bool:
        """Whether the server says that the model is ready. False when it does not answer."""
        try:
            answer = await self._client.is_model_ready(self._model, self._version, client_timeout=self._options.deadline_s)
        except (InferenceServerException, grpc.RpcError):
            return False
        return bool(answer)

    async def close(self) -> None:
        """Unregister and remove this client's memory, and hang up. Requests under way fail."""
        for slot in self._pool.slots:
            if slot.registered >= 0:
                try:
                    await self._client.unregister_system_shared_memory(slot.name, client_timeout=1.0)
                except (InferenceServerException, grpc.RpcError):
                    break
        self._pool.close()
        await self._client.close()

    def _make_pool(self) -> SlotPool:
        frame = self._side * self._side * 3
        outputs = sum(FAMILIES[self._contract.family].output_bytes(self._side, self._side))
        # One stride of slack on each side, for a long side that is no multiple of it.
        size = (frame + outputs) * self._options.batch * 5 // 4
        return SlotPool(self._options.in_flight, size, shared=self._shared)

    async def _ask(self, pictures: Sequence[Picture], boxes: Sequence[Letterbox]) -> list[Detections]:
        """One request: pictures whose letterboxes have one size."""
        async with self._free:
            slot = self._pool.take()
            abandoned = True
            try:
                views = slot.frames(len(boxes), boxes[0])
                for row, (picture, box) in enumerate(zip(pictures, boxes, strict=True)):
                    box.paint(picture, views[row], self._contract.pad, padded=slot.painted.get(row) == box)
                    slot.painted[row] = box
                outputs = await self._infer(slot, views)
                persons = [
                    decode(self._contract, [output[row] for output in outputs], box, self._selection)
                    for row, box in enumerate(boxes)
                ]
                abandoned = False
                return persons
            except BadInputError:
                abandoned = False
                raise
            except UnreachableError:
                # A dead server writes to no memory: neither this slot nor those of lost requests need to rest.
                abandoned = False
                self._pool.wake()
                raise
            finally:
                self._pool.give_back(slot, abandoned=abandoned and bool(slot.name))

    async def _infer(self, slot: Slot, views: UInt8) -> list[npt.NDArray[Any]]:
        """Raw outputs. A server that forgot our memory (it restarted) is told again, once.

        One whose model process had no turn of the processor for a second takes it for dead, and starts it anew: with patience it
        is asked again, until `detect` ends.
        """
        told, attempt = False, 0
        while True:
            if self._shared and slot.registered != self._connection:
                if slot.registered >= 0:
                    self._pool.renew(slot)
                    views = slot.memory[: views.nbytes].reshape(views.shape)
                await self._register(slot)
            try:
                return await self._send(slot, views)
            except (InferenceServerException, grpc.RpcError) as error:
                if not told and self._shared and "shared memory region" in str(error):
                    told = True
                    self._connection += 1
                elif self._options.patience_s and STARTS_ANEW in str(error):
                    await asyncio.sleep(AGAIN.delay_s(attempt))
                    attempt += 1
                else:
                    raise self._error(error) from error

    async def _send(self, slot: Slot, views: UInt8) -> list[npt.NDArray[Any]]:
        tensor = InferInput(self._contract.input_name, list(views.shape), "UINT8")
        wanted = [InferRequestedOutput(name) for name in self._contract.outputs]
        offsets = []
        if self._shared and slot.name:
            tensor.set_shared_memory(slot.name, views.nbytes)
            offset = -(-views.nbytes // 64) * 64
            sizes = FAMILIES[self._contract.family].output_bytes(views.shape[2], views.shape[1])
            for output, size in zip(wanted, sizes, strict=True):
                output.set_shared_memory(slot.name, size * len(views), offset)
                offsets.append(offset)
                offset += size * len(views)
        else:
            tensor.set_data_from_numpy(views)
        result = await self._client.infer(
            self._model, [tensor], self._version, outputs=wanted, client_timeout=self._longest_s, parameters=self._selection.asked
        )
        if not offsets:
            return [result.as_numpy(name) for name in self._contract.outputs]
        return [
            slot.output(offset, result.get_output(name).shape)
            for name, offset in zip(self._contract.outputs, offsets, strict=True)
        ]

    async def _register(self, slot: Slot) -> None:
        """Tell the server of a slot's memory; where it cannot see it (a container), send frames inline from now on."""
        try:
            await self._client.register_system_shared_memory(slot.name, slot.name, slot.size, client_timeout=self._longest_s)
        except (InferenceServerException, grpc.RpcError) as error:
            if _is_unreachable(error):
                raise self._error(error) from error
            if "already" not in str(error):
                _log.warning("shared memory refused, sending frames inline", url=self._url, reason=str(error)[:200])
                self._shared = False
                return
        slot.registered = self._connection
        hide(slot)

    def _error(self, error: Exception) -> UnavailableError | RefusedError:
        if _is_unreachable(error):
            if "UNAVAILABLE" in _status(error):
                return UnreachableError(f"Triton at {self._url} cannot be reached; it is down or starting.")
            return UnavailableError(f"Triton at {self._url} did not answer in time or is overloaded.")
        return RefusedError(f"Triton refused {self._model} version {self._version or 'latest'}: {str(error)[:300]}")


_PASSING = ("UNAVAILABLE", "DEADLINE_EXCEEDED", "CANCELLED", "RESOURCE_EXHAUSTED", "ABORTED", "INTERNAL")


def _status(error: Exception) -> str:
    return str(error.status() if isinstance(error, InferenceServerException) else error.args)


def _is_unreachable(error: Exception) -> bool:
    status = _status(error)
    return any(name in status for name in _PASSING) and "shared memory" not in str(error)


def is_local(url: str) -> bool:
    """Whether `host:port` is this machine, so that memory can be shared with it."""
    host = url.rsplit(":", 1)[0].strip("[]")
    if host in ("localhost", socket.gethostname()):
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _groups(boxes: Sequence[Letterbox], batch: int) -> list[list[int]]:
    """Indices of frames that go into one request: inputs of one size, at most `batch` of them."""
    by_size: dict[tuple[int, int], list[int]] = {}
    for index, box in enumerate(boxes):
        by_size.setdefault((box.width, box.height), []).append(index)
    return [group[i : i + batch] for group in by_size.values() for i in range(0, len(group), batch)]
