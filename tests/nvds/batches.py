"""Batches as a DeepStream pipeline would hand them over, made by the real library's pools and attached to real GstBuffers."""

import ctypes as c
import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from app.contracts.control import DesiredCamera
from tests.nvds import layout

WIDTH, HEIGHT = 1280, 720
NETWORK = (640, 384)
ANCHORS = 5040


def camera(number: int, *, face: bool = False, revision: int = 3) -> DesiredCamera:
    """A desired camera."""
    return DesiredCamera(
        uuid.UUID(int=0x7000 + number), uuid.UUID(int=number), "rtsp://c", 10.0, "yolo_pose", "1", revision, face, gait=False
    )


def pose_tensor(people: Sequence[tuple[float, float, float, float]], seed: int = 1, extra: int = 6) -> np.ndarray[Any, Any]:
    """(56, anchors) as YOLO-pose answers: `people` are cx, cy, w, h in pixels of the network; each seen by several anchors."""
    random = np.random.default_rng(seed)
    raw = np.zeros((56, ANCHORS), np.float32)
    raw[4] = random.uniform(0, 0.2, ANCHORS)
    places = random.permutation(ANCHORS)
    for index, (cx, cy, w, h) in enumerate(people):
        for copy in range(1 + extra):
            at = places[index * (1 + extra) + copy]
            shift = random.normal(0, 1.0, 4) if copy else np.zeros(4)
            raw[:4, at] = np.array([cx, cy, w, h]) + shift
            raw[4, at] = 0.9 - 0.05 * copy - 0.1 * index / len(people)
            points = random.uniform(-0.45, 0.45, (17, 2)) * [w, h] + [cx, cy]
            raw[5:, at] = np.column_stack([points, random.uniform(0.3, 1, 17)]).reshape(-1)
    return raw


EIGHT = [(40.0 + 75 * i, 190.0, 50.0, 170.0) for i in range(8)]


@dataclass
class Frame:
    """One frame of a batch to make."""

    source_id: int
    tensor: np.ndarray[Any, Any] | None = None
    number: int = 0
    pts_ns: int = 0
    ntp_ns: int = 0
    size: tuple[int, int] = (WIDTH, HEIGHT)
    layer: str = "predictions"
    null: bool = False


@dataclass
class Batch:
    """A made batch.

    Attributes:
        buffer: address of the GstBuffer.
        keep: memory that the metadata points to.
    """

    buffer: int
    meta: int
    frames: list[int]
    keep: list[Any] = field(default_factory=list)

    def objects(self, frame: int) -> list[layout.ObjectMeta]:
        """Of the frame at this position, as the list has them."""
        link = layout.FrameMeta.from_address(self.frames[frame]).obj_meta_list_
        found = []
        while link:
            found.append(layout.ObjectMeta.from_address(link.contents.data))
            link = link.contents.next_
        return found

    def track(self, *, moved: float = 3.0, first: int = 100, untracked: int = 0) -> None:
        """What nvtracker does: ids (by the place from left to right), boxes moved; the detector's box stays."""
        for frame in range(len(self.frames)):
            objects = sorted(self.objects(frame), key=lambda each: each.detector_bbox_info.org_bbox_coords.left)
            for number, each in enumerate(objects):
                if number < len(objects) - untracked:
                    each.object_id = first + number
                each.rect_params.left += moved
                each.tracker_bbox_info.org_bbox_coords.left = each.rect_params.left


_TENSORS: dict[Any, tuple[Any, ...]] = {}
"""Tensor metadata by array: what the library frees is the user meta around it, never this."""


def _tensor_meta(unique: int, name: str, array: Any, network: tuple[int, int], null: bool) -> tuple[Any, ...]:
    kinds = {np.dtype(np.float32): 0, np.dtype(np.float16): 1, np.dtype(np.int32): 3}
    info = layout.LayerInfo(dataType=kinds[array.dtype], layerName_=name.encode())
    info.inferDims.numDims = array.ndim
    info.inferDims.d[: array.ndim] = array.shape
    hosts = (c.c_void_p * 1)(0 if null else array.ctypes.data)
    devices = (c.c_void_p * 1)(0)
    meta = layout.TensorMeta(
        unique_id=unique,
        num_output_layers=1,
        output_layers_info=c.pointer(info),
        out_buf_ptrs_host=c.cast(hosts, c.POINTER(c.c_void_p)),
        out_buf_ptrs_dev=c.cast(devices, c.POINTER(c.c_void_p)),
        network_info=layout.NetworkInfo(*network, 3),
    )
    return array, info, hosts, devices, meta


def attach_tensor(
    batch: Batch, owner: int, to: str, unique: int, name: str, array: Any, network: tuple[int, int], null: bool = False
) -> None:
    """Tensor metadata on a frame or an object, as nvinferserver attaches it: host buffers, device pointers null."""
    lib = layout.library()
    key = (id(array), unique, name, network, null)
    if key not in _TENSORS:
        _TENSORS[key] = (array, *_tensor_meta(unique, name, np.ascontiguousarray(array), network, null))
    meta = _TENSORS[key][-1]
    user = lib.meta.nvds_acquire_user_meta_from_pool(batch.meta)
    own = layout.UserMeta.from_address(user)
    own.user_meta_data, own.base_meta.meta_type = c.addressof(meta), layout.TENSOR_META
    getattr(lib.meta, f"nvds_add_user_meta_to_{to}")(owner, user)


@contextmanager
def made(frames: Sequence[Frame], *, most: int = 16) -> Iterator[Batch]:
    """A buffer with a batch of these frames; freed at the end."""
    lib = layout.library()
    buffer = lib.gst.gst_buffer_new()
    batch = Batch(buffer, lib.meta.nvds_create_batch_meta(most), [])
    release = c.cast(lib.meta.nvds_batch_meta_release_func, c.c_void_p)
    copy = c.cast(lib.meta.nvds_batch_meta_copy_func, c.c_void_p)
    gst_meta = lib.gst_meta.gst_buffer_add_nvds_meta(buffer, batch.meta, None, copy, release)
    layout.NvdsMeta.from_address(gst_meta).meta_type = layout.BATCH_META
    for index, each in enumerate(frames):
        address = lib.meta.nvds_acquire_frame_meta_from_pool(batch.meta)
        own = layout.FrameMeta.from_address(address)
        own.source_id = own.pad_index = each.source_id
        own.batch_id, own.frame_num = index, each.number
        own.buf_pts, own.ntp_timestamp = each.pts_ns, each.ntp_ns
        own.source_frame_width, own.source_frame_height = each.size
        lib.meta.nvds_add_frame_meta_to_batch(batch.meta, address)
        batch.frames.append(address)
        if each.tensor is not None:
            attach_tensor(batch, address, "frame", 1, each.layer, each.tensor, NETWORK, each.null)
    try:
        yield batch
    finally:
        lib.gst.gst_mini_object_unref(buffer)
