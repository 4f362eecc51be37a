"""DeepStream's metadata, read and written through pyds: the only importer of it.

What the probes need is the protocol `MetaReader`, so that another binding (pyservicemaker) can take pyds' place. A reader
works on the streaming thread, inside a pad probe; everything it hands out that is not a plain value dies with the buffer.

Rules learned from the real bindings:
- Tensor views die with the buffer: decode or copy before the probe returns.
- The metadata lock is never taken. The buffer is ours alone while the probe runs, and pyds waits for that lock holding
  the interpreter's, which deadlocks as soon as two Python threads meet.
- Lists come newest first, and their end is None (older ones raise StopIteration): nothing is looked up by position.
- `obj_label` overflows 128 bytes: labels are cut to 127 bytes of UTF-8, at a character.
"""

import ctypes
import functools
import importlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from types import ModuleType
from typing import Any, Final, Protocol

import numpy as np
import numpy.typing as npt

from app.kit.errors import SetupError
from app.perception.detections import Detections

UNTRACKED: Final = 2**64 - 1
TENSOR_META: Final = 12
"""NVDSINFER_TENSOR_OUTPUT_META."""

FRAME_ANALYTICS: Final = frozenset((32,))
"""NVDS_FRAME_META_NVDSANALYTICS of 9.x; the string of older releases is looked up beside it."""

ANALYTICS_NAME: Final = "NVIDIA.DSANALYTICSFRAME.USER_META"
LONGEST_LABEL: Final = 127
MOST_DIMS: Final = 8
_TYPES: Final[dict[int, tuple[Any, type[np.generic]]]] = {
    0: (ctypes.c_float, np.float32),
    1: (ctypes.c_uint16, np.float16),
    2: (ctypes.c_int8, np.int8),
    3: (ctypes.c_int32, np.int32),
    4: (ctypes.c_int64, np.int64),
    5: (ctypes.c_uint8, np.uint8),
}
"""NvDsInferDataType."""

Array = npt.NDArray[Any]


@dataclass(slots=True)
class FrameMeta:
    """One frame of a batch. `native` is the binding's own and dies with the buffer.

    Attributes:
        source_id: index of the muxer's pad.
        pts_ns: presentation time, the same before and behind the muxer.
        ntp_ns: wall clock of the camera by RTCP sender reports; 0 or nonsense where there is none.
        width, height: of the frame as it came from the decoder, pixels.
    """

    native: Any
    batch: Any
    source_id: int
    frame_number: int
    pts_ns: int
    ntp_ns: int
    width: int
    height: int

    @property
    def number_in_batch(self) -> int:
        """Of its picture among the batch's surfaces."""
        return int(self.native.batch_id)


@dataclass(slots=True)
class Tensors:
    """Outputs of one inference on one frame or object: name to a view that dies with the buffer, and the input's size."""

    outputs: dict[str, Array]
    width: int
    height: int


@dataclass(slots=True)
class ObjectMeta:
    """One object of a frame. What few ask for is read when they do.

    Attributes:
        track_id: None while the tracker has not taken it.
        corner: left and top as the detector said, which the tracker leaves alone; pixels of the frame.
        native: the binding's own; dies with the buffer.
    """

    native: Any
    component_id: int
    track_id: int | None
    corner: tuple[float, float]

    @property
    def class_id(self) -> int:
        return int(self.native.class_id)

    @property
    def box(self) -> tuple[float, float, float, float]:
        """Left, top, width, height as the last element left it."""
        rect = self.native.rect_params
        return rect.left, rect.top, rect.width, rect.height

    @property
    def detected_size(self) -> tuple[float, float]:
        """Width and height as the detector said."""
        seen = self.native.detector_bbox_info.org_bbox_coords
        return seen.width, seen.height


@dataclass(frozen=True, slots=True)
class ZoneCounts:
    """nvdsanalytics' word on one frame: objects in each zone, crossings of each line so far, crowded zones."""

    inside: dict[str, int] = field(default_factory=dict)
    crossed: dict[str, int] = field(default_factory=dict)
    crowded: frozenset[str] = frozenset()


class MetaReader(Protocol):
    """What the probes do with a buffer's metadata."""

    def frames(self, buffer: int) -> list[FrameMeta]:
        """The frames of the batch at this buffer's address; none when it carries no batch."""
        ...

    def tensors(self, frame: FrameMeta, component_id: int) -> Tensors | None:
        """Raw outputs that an inference attached to a frame."""
        ...

    def object_tensors(self, found: ObjectMeta, component_id: int) -> Tensors | None:
        """Raw outputs that an inference attached to an object."""
        ...

    def objects(self, frame: FrameMeta) -> list[ObjectMeta]:
        """All objects of a frame, in no particular order."""
        ...

    def add(self, frame: FrameMeta, found: Detections, class_id: int, component_id: int, label: str) -> None:
        """Attach an object for each person, so that tracker and secondary inference see them."""
        ...

    def zones(self, frame: FrameMeta) -> ZoneCounts | None:
        """What nvdsanalytics attached to a frame."""
        ...


def cut_label(text: str) -> str:
    """At most 127 bytes of UTF-8, without half a character."""
    return text.encode()[:LONGEST_LABEL].decode("utf-8", "ignore")


def make_reader() -> MetaReader:
    """The reader of this machine.

    Raises:
        SetupError: pyds is not here, or the index's package of that name is.
    """
    try:
        pyds = importlib.import_module("pyds")
    except ImportError as error:
        raise SetupError(
            "pyds is not installed here. It comes with NVIDIA's DeepStream (docs/gpu.md), never from the package index: use the "
            "worker-gpu image, or `pennyprotect worker-cpu` on this machine."
        ) from error
    if not hasattr(pyds, "gst_buffer_get_nvds_batch_meta"):
        raise SetupError(
            "The installed pyds is another package (of planetary data). Remove it; DeepStream's is not on the index."
        )
    return PydsReader(pyds)


def _each(link: Any, cast: Any) -> Iterator[Any]:
    """The casted payloads of a GList."""
    while link is not None:
        yield cast(link.data)
        try:
            link = link.next
        except StopIteration:
            return


@functools.cache
def _buffer_type(c_type: Any, count: int) -> Any:
    return c_type * count


def view(address: int, kind: int, shape: Sequence[int]) -> Array:
    """An array over memory that somebody else owns. ValueError for a null address or a type that is not known."""
    if not address or kind not in _TYPES:
        raise ValueError(f"no readable tensor (address {address:#x}, type {kind})")
    c_type, dtype = _TYPES[kind]
    count = 1
    for side in shape:
        count *= side
    return np.frombuffer(_buffer_type(c_type, count).from_address(address), dtype).reshape(shape)


class PydsReader:
    """`MetaReader` by pyds."""

    def __init__(self, pyds: ModuleType | Any) -> None:
        self._pyds = pyds
        self._frame, self._object = pyds.NvDsFrameMeta.cast, pyds.NvDsObjectMeta.cast
        self._user, self._tensor = pyds.NvDsUserMeta.cast, pyds.NvDsInferTensorMeta.cast
        self._analytics = FRAME_ANALYTICS | self._older_analytics()

    def _older_analytics(self) -> frozenset[int]:
        try:
            return frozenset((int(self._pyds.nvds_get_user_meta_type(ANALYTICS_NAME)),))
        except (AttributeError, TypeError, ValueError):
            return frozenset()

    def frames(self, buffer: int) -> list[FrameMeta]:
        """See `MetaReader.frames`."""
        batch = self._pyds.gst_buffer_get_nvds_batch_meta(buffer)
        if batch is None:
            return []
        return [
            FrameMeta(
                native, batch, native.source_id, native.frame_num, native.buf_pts, native.ntp_timestamp,
                native.source_frame_width, native.source_frame_height,
            )
            for native in _each(batch.frame_meta_list, self._frame)
        ]  # fmt: skip

    def tensors(self, frame: FrameMeta, component_id: int) -> Tensors | None:
        """See `MetaReader.tensors`."""
        return self._tensors(frame.native.frame_user_meta_list, component_id)

    def object_tensors(self, found: ObjectMeta, component_id: int) -> Tensors | None:
        """See `MetaReader.object_tensors`."""
        return self._tensors(found.native.obj_user_meta_list, component_id)

    def _tensors(self, users: Any, component_id: int) -> Tensors | None:
        for user in _each(users, self._user):
            if int(user.base_meta.meta_type) != TENSOR_META:
                continue
            meta = self._tensor(user.user_meta_data)
            if int(meta.unique_id) == component_id:
                return Tensors(self._outputs(meta), int(meta.network_info.width), int(meta.network_info.height))
        return None

    def _outputs(self, meta: Any) -> dict[str, Array]:
        found = {}
        for number in range(int(meta.num_output_layers)):
            layer = self._pyds.get_nvds_LayerInfo(meta, number)  # points `buffer` at the host's copy
            dims = layer.inferDims
            count = int(dims.numDims)
            if count > MOST_DIMS:
                raise ValueError(f"a tensor of {count} dimensions")
            shape = [int(side) for side in dims.d[:count]]
            found[str(layer.layerName)] = view(int(self._pyds.get_ptr(layer.buffer)), int(layer.dataType), shape)
        return found

    def objects(self, frame: FrameMeta) -> list[ObjectMeta]:
        """See `MetaReader.objects`."""
        found = []
        for native in _each(frame.native.obj_meta_list, self._object):
            seen, track = native.detector_bbox_info.org_bbox_coords, native.object_id
            corner = (seen.left, seen.top)
            found.append(ObjectMeta(native, native.unique_component_id, None if track == UNTRACKED else track, corner))
        return found

    def add(self, frame: FrameMeta, found: Detections, class_id: int, component_id: int, label: str) -> None:
        """See `MetaReader.add`. Best score last in, hence first in the list."""
        # The setter copies bytes and writes no terminator, into memory that another label may have been in before.
        pyds, text = self._pyds, cut_label(label) + "\0"
        rows = zip(found.boxes.tolist(), found.scores.tolist(), strict=True)
        for (left, top, right, bottom), score in reversed(list(rows)):
            native = pyds.nvds_acquire_obj_meta_from_pool(frame.batch)
            rect, seen, width, height = native.rect_params, native.detector_bbox_info.org_bbox_coords, right - left, bottom - top
            rect.left, rect.top, rect.width, rect.height, rect.border_width = left, top, width, height, 0
            seen.left, seen.top, seen.width, seen.height = left, top, width, height
            native.unique_component_id, native.class_id = component_id, class_id
            native.object_id, native.confidence = UNTRACKED, score
            native.obj_label = text
            pyds.nvds_add_obj_meta_to_frame(frame.native, native, None)

    def zones(self, frame: FrameMeta) -> ZoneCounts | None:
        """See `MetaReader.zones`."""
        for user in _each(frame.native.frame_user_meta_list, self._user):
            if int(user.base_meta.meta_type) in self._analytics:
                meta = self._pyds.NvDsAnalyticsFrameMeta.cast(user.user_meta_data)
                return ZoneCounts(
                    {str(name): int(count) for name, count in meta.objInROIcnt.items()},
                    {str(name): int(count) for name, count in meta.objLCCumCnt.items()},
                    frozenset(str(name) for name, crowded in meta.ocStatus.items() if crowded),
                )
        return None
