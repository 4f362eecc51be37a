"""The part of pyds 1.2 that the product uses, over the real library. `conformance` in tests/unit/workers/gpu holds both alike.

As in the real one: casts take what a list's `data` holds, lists end in None, a missing batch is None, `obj_label` copies
bytes without a terminator, tensors are views.
"""

import ctypes as c
from typing import Any

from tests.nvds import layout

_lib = layout.library()
_meta, _gst = _lib.meta, _lib.gst_meta
ANALYTICS: dict[int, Any] = {}
"""Stands in for the C++ maps that nvdsanalytics allocates: address to an object with its attributes."""


class GList:
    """A link of a list."""

    __slots__ = ("_link",)

    def __init__(self, link: Any) -> None:
        self._link = link

    @property
    def data(self) -> int:
        return int(self._link.contents.data)

    @property
    def next(self) -> "GList | None":
        return _list(self._link.contents.next_)


def _list(link: Any) -> GList | None:
    return GList(link) if link else None


def _address(given: Any) -> int:
    return given if isinstance(given, int) else c.addressof(given)


class _Cast:
    @classmethod
    def cast(cls, data: int) -> Any:
        return cls.from_address(data)  # type: ignore[attr-defined]


class NvDsBatchMeta(layout.BatchMeta, _Cast):
    @property
    def frame_meta_list(self) -> GList | None:
        return _list(self.frame_meta_list_)


class NvDsFrameMeta(layout.FrameMeta, _Cast):
    @property
    def obj_meta_list(self) -> GList | None:
        return _list(self.obj_meta_list_)

    @property
    def frame_user_meta_list(self) -> GList | None:
        return _list(self.frame_user_meta_list_)


class NvDsObjectMeta(layout.ObjectMeta, _Cast):
    @property
    def obj_user_meta_list(self) -> GList | None:
        return _list(self.obj_user_meta_list_)

    @property
    def obj_label(self) -> str:
        return c.string_at(c.addressof(self) + type(self).label_.offset).decode()

    @obj_label.setter
    def obj_label(self, text: str) -> None:
        raw = text.encode()
        assert len(raw) <= 128, "the real setter would write over the next field"
        c.memmove(c.addressof(self) + type(self).label_.offset, raw, len(raw))


class NvDsUserMeta(layout.UserMeta, _Cast):
    pass


class NvDsInferTensorMeta(layout.TensorMeta, _Cast):
    pass


class NvDsInferLayerInfo(layout.LayerInfo, _Cast):
    @property
    def layerName(self) -> str | None:  # noqa: N802 - its name
        return self.layerName_.decode() if self.layerName_ is not None else None


class NvDsAnalyticsFrameMeta:
    @staticmethod
    def cast(data: int) -> Any:
        return ANALYTICS[data]


def gst_buffer_get_nvds_batch_meta(buffer: int) -> NvDsBatchMeta | None:
    found = _gst.gst_buffer_get_nvds_batch_meta(buffer)
    return NvDsBatchMeta.from_address(found) if found else None


def nvds_acquire_obj_meta_from_pool(batch: Any) -> NvDsObjectMeta:
    return NvDsObjectMeta.from_address(_meta.nvds_acquire_obj_meta_from_pool(_address(batch)))


def nvds_add_obj_meta_to_frame(frame: Any, found: Any, parent: Any) -> None:
    _meta.nvds_add_obj_meta_to_frame(_address(frame), _address(found), None if parent is None else _address(parent))


def nvds_acquire_meta_lock(batch: Any) -> None:
    """Takes the interpreter's lock with it, as pybind11 does."""
    c.PyDLL(_meta._name).nvds_acquire_meta_lock(c.c_void_p(_address(batch)))


def nvds_release_meta_lock(batch: Any) -> None:
    c.PyDLL(_meta._name).nvds_release_meta_lock(c.c_void_p(_address(batch)))


def nvds_get_user_meta_type(_descriptor: str) -> int:
    return 4096 + 4096 + 77  # what the hash of an older release's string may give; never a type of 9.x


def get_nvds_LayerInfo(meta: Any, number: int) -> NvDsInferLayerInfo:  # noqa: N802 - its name
    info = NvDsInferLayerInfo.from_address(c.addressof(meta.output_layers_info[number]))
    info.buffer = meta.out_buf_ptrs_host[number]
    return info


def get_ptr(pointer: Any) -> int:
    return pointer or 0
