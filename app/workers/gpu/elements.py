"""DeepStream's elements for the graph: the factory that a machine with a GPU uses. Nothing here ran on a GPU yet.

Properties are those of DeepStream 9's documentation. Where a release lacks one that only tunes, it is left at its default.
"""

import logging
import os
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from app.workers.gpu.configuration import ANALYTICS_FILE, FACE_FILE, MUX_FILE, POSE_FILE, TRACKER_FILES
from app.workers.gpu.copies import CopiedPicture, copy_of
from app.workers.gpu.cuda import CudaMemory
from app.workers.gpu.graph import Masks, Wanted
from app.workers.gpu.heads import CopiedHead, WholeBox, cut
from app.workers.gpu.masks import SurfaceMasker
from app.workers.gpu.readers import guard_readers
from app.workers.gpu.surfaces import HEAD_BYTES, entry_bytes

TRACKER_LIBRARY: Final = "/opt/nvidia/deepstream/deepstream/lib/libnvds_nvmultiobjecttracker.so"
TCP: Final = 4
"""`select-rtp-protocol`: TCP alone; the default tries UDP first and loses five seconds of every start."""

LATENCY_MS: Final = 200
log = logging.getLogger(__name__)


@dataclass
class DeepStream:
    """Elements of one pipeline.

    Attributes:
        folder: holds the rendered configuration.
        tracker: nvdcf or nvsort.
        faces: whether the secondary inference is in the graph from the start; `face` changes it while it runs.
        analytics: whether nvdsanalytics is in the graph.
    """

    folder: Path
    gpu: int = 0
    tracker: str = "nvdcf"
    faces: bool = False
    analytics: bool = False
    network: tuple[int, int] = (640, 384)

    def __post_init__(self) -> None:
        # Read when the element is loaded: the new muxer passes frames on as they are, the old one scales all to one size.
        os.environ["USE_NEW_NVSTREAMMUX"] = "yes"

    def _make(self, kind: str, name: str | None, **properties: Any) -> Any:
        from gi.repository import Gst

        element = Gst.ElementFactory.make(kind, name)
        if element is None:
            return None
        for key, value in properties.items():
            set_known(element, key.replace("_", "-"), value)
        return element

    def muxer(self, most: int) -> Any:
        """The new nvstreammux; `attach-sys-ts` off, so that a camera's own clock (RTCP) travels on."""
        return self._make(
            "nvstreammux", "muxer", batch_size=most, config_file_path=str(self.folder / MUX_FILE), sync_inputs=False,
            attach_sys_ts=False, drop_pipeline_eos=True,
        )  # fmt: skip

    def stages(self) -> list[tuple[str, Any]]:
        """Inference, tracker and what is switched on; a leaky queue in front, so that a slow model costs frames, not delay."""
        found = [
            ("queue", self._make("queue", "waiting", leaky=2, max_size_buffers=4, max_size_bytes=0, max_size_time=0)),
            ("pose", self.pose(self.folder / POSE_FILE)),
            ("tracker", self._tracker()),
        ]
        if self.analytics:
            found.append(("analytics", self._make("nvdsanalytics", "analytics", config_file=str(self.folder / ANALYTICS_FILE))))
        found.append(("face", self.face(on=self.faces)))
        # The last element under a name of its own, whatever is switched on: the second probe sits there.
        return [*found, ("out", self._make("queue", "out", max_size_buffers=4, max_size_bytes=0, max_size_time=0))]

    def pose(self, file: Path) -> Any:
        """The primary inference by a configuration of its own; a promoted version is another file."""
        return self._make("nvinferserver", None, config_file_path=str(file))

    def face(self, *, on: bool) -> Any:
        """The secondary inference, or nothing in its place: no face model is called or loaded where no store allows it."""
        if not on:
            return self._make("identity", None)
        return self._make("nvinferserver", None, config_file_path=str(self.folder / FACE_FILE))

    def _tracker(self) -> Any:
        return self._make(
            "nvtracker", "tracker", gpu_id=self.gpu, ll_lib_file=TRACKER_LIBRARY,
            ll_config_file=str(self.folder / TRACKER_FILES[self.tracker]), tracker_width=self.network[0],
            tracker_height=self.network[1], display_tracking_id=0, tracking_id_reset_mode=1,
        )  # fmt: skip

    def source(self, camera: uuid.UUID, pad: int, wanted: Wanted) -> Any:
        """nvurisrcbin. It may reconnect by itself within seconds; the graph's own watchdog is slower and tears it down whole."""
        made = self._make(
            "nvurisrcbin", None, uri=wanted.address, source_id=pad, gpu_id=self.gpu, latency=LATENCY_MS, drop_on_latency=True,
            select_rtp_protocol=TCP, rtsp_reconnect_interval=0, disable_audio=True, file_loop=False, num_extra_surfaces=2,
        )  # fmt: skip
        if made is not None:
            guard_readers(made, wanted.address)
        return made

    def masker(self, polygons: Masks) -> Callable[[Any], object]:
        """Writes into the decoder's own picture, whose buffer holds its NvBufSurface."""
        own = SurfaceMasker(polygons, CudaMemory())
        return lambda buffer: own.apply(buffer.extract_dup(0, HEAD_BYTES))

    def copied(self, buffer: Any) -> CopiedPicture:
        """Both planes, out of the GPU's memory."""
        return copy_of(buffer.extract_dup(0, HEAD_BYTES), CudaMemory())

    def cut(self, buffer: int, number: int, box: WholeBox) -> CopiedHead:
        """A part of one of a batch's pictures, out of the GPU's memory."""
        return cut(buffer, number, box, CudaMemory(), entry_bytes())


def set_known(element: Any, name: str, value: Any) -> bool:
    """Set a property where this release has it; whether it had."""
    if element.find_property(name) is None:
        log.info("%s of this release has no property %s", element.get_name(), name)
        return False
    element.set_property(name, value)
    return True
