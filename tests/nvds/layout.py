"""The library, and the layouts of its structures from the public headers of DeepStream 9 (sizes asserted when it is loaded)."""

import ctypes as c
import functools
import os
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).resolve().parents[2] / ".venv-nvds"
UNTRACKED = 2**64 - 1
BATCH_META, TENSOR_META, FRAME_ANALYTICS = 4097, 12, 32


class GList(c.Structure):
    pass


GList._fields_ = [("data", c.c_void_p), ("next_", c.POINTER(GList)), ("prev", c.POINTER(GList))]
List = c.POINTER(GList)


class BaseMeta(c.Structure):
    _fields_ = [
        ("batch_meta", c.c_void_p),
        ("meta_type", c.c_int),
        ("uContext", c.c_void_p),
        ("copy_func", c.c_void_p),
        ("release_func", c.c_void_p),
    ]


class Coordinates(c.Structure):
    _fields_ = [("left", c.c_float), ("top", c.c_float), ("width", c.c_float), ("height", c.c_float)]


class BoxInfo(c.Structure):
    _fields_ = [("org_bbox_coords", Coordinates)]


class Colour(c.Structure):
    _fields_ = [("red", c.c_double), ("green", c.c_double), ("blue", c.c_double), ("alpha", c.c_double)]


class RectParams(c.Structure):
    _fields_ = [
        *Coordinates._fields_,
        ("border_width", c.c_uint),
        ("border_color", Colour),
        ("has_bg_color", c.c_uint),
        ("reserved", c.c_uint),
        ("bg_color", Colour),
        ("has_color_info", c.c_int),
        ("color_id", c.c_int),
        ("rotation_angle", c.c_float),
    ]


class MaskParams(c.Structure):
    _fields_ = [("data", c.c_void_p), ("size", c.c_uint), ("threshold", c.c_float), ("width", c.c_uint), ("height", c.c_uint)]


class FontParams(c.Structure):
    _fields_ = [("font_name", c.c_char_p), ("font_size", c.c_uint), ("font_color", Colour)]


class TextParams(c.Structure):
    _fields_ = [
        ("display_text", c.c_void_p),
        ("x_offset", c.c_uint),
        ("y_offset", c.c_uint),
        ("font_params", FontParams),
        ("set_bg_clr", c.c_int),
        ("text_bg_clr", Colour),
    ]


class BatchMeta(c.Structure):
    """Up to its lists; the mutex and what follows are the library's business."""

    _fields_ = [
        ("base_meta", BaseMeta),
        ("max_frames_in_batch", c.c_uint),
        ("num_frames_in_batch", c.c_uint),
        *[(f"{name}_pool", c.c_void_p) for name in ("frame", "obj", "classifier", "display", "user", "label")],
        ("frame_meta_list_", List),
        ("batch_user_meta_list_", List),
    ]


class MetaPool(c.Structure):
    _fields_ = [
        ("meta_type", c.c_int),
        ("max_elements_in_pool", c.c_uint),
        ("element_size", c.c_uint),
        ("num_empty_elements", c.c_uint),
        ("num_full_elements", c.c_uint),
    ]


class FrameMeta(c.Structure):
    _fields_ = [
        ("base_meta", BaseMeta),
        ("pad_index", c.c_uint),
        ("batch_id", c.c_uint),
        ("frame_num", c.c_int),
        ("buf_pts", c.c_uint64),
        ("ntp_timestamp", c.c_uint64),
        ("source_id", c.c_uint),
        ("num_surfaces_per_frame", c.c_int),
        ("source_frame_width", c.c_uint),
        ("source_frame_height", c.c_uint),
        ("surface_type", c.c_uint),
        ("surface_index", c.c_uint),
        ("num_obj_meta", c.c_uint),
        ("bInferDone", c.c_int),
        ("obj_meta_list_", List),
        ("display_meta_list_", List),
        ("frame_user_meta_list_", List),
        ("misc_frame_info", c.c_int64 * 4),
        ("pipeline_width", c.c_uint),
        ("pipeline_height", c.c_uint),
        ("sensor_source", c.c_uint),
        ("sensor_names", c.c_void_p * 3),
        ("reserved", c.c_int64 * 4),
    ]


class ObjectMeta(c.Structure):
    _fields_ = [
        ("base_meta", BaseMeta),
        ("parent", c.c_void_p),
        ("unique_component_id", c.c_int),
        ("class_id", c.c_int),
        ("object_id", c.c_uint64),
        ("detector_bbox_info", BoxInfo),
        ("tracker_bbox_info", BoxInfo),
        ("confidence", c.c_float),
        ("tracker_confidence", c.c_float),
        ("rect_params", RectParams),
        ("mask_params", MaskParams),
        ("text_params", TextParams),
        ("label_", c.c_char * 128),
        ("classifier_meta_list_", List),
        ("obj_user_meta_list_", List),
        ("misc_obj_info", c.c_int64 * 4),
        ("reserved", c.c_int64 * 4),
    ]


class UserMeta(c.Structure):
    _fields_ = [("base_meta", BaseMeta), ("user_meta_data", c.c_void_p)]


class Dims(c.Structure):
    _fields_ = [("numDims", c.c_uint), ("d", c.c_uint * 8), ("numElements", c.c_uint)]


class LayerInfo(c.Structure):
    _fields_ = [
        ("dataType", c.c_int),
        ("inferDims", Dims),
        ("bindingIndex", c.c_int),
        ("layerName_", c.c_char_p),
        ("buffer", c.c_void_p),
        ("isInput", c.c_int),
    ]


class NetworkInfo(c.Structure):
    _fields_ = [("width", c.c_uint), ("height", c.c_uint), ("channels", c.c_uint)]


class TensorMeta(c.Structure):
    _fields_ = [
        ("unique_id", c.c_uint),
        ("num_output_layers", c.c_uint),
        ("output_layers_info", c.POINTER(LayerInfo)),
        ("out_buf_ptrs_host", c.POINTER(c.c_void_p)),
        ("out_buf_ptrs_dev", c.POINTER(c.c_void_p)),
        ("gpu_id", c.c_int),
        ("priv_data", c.c_void_p),
        ("network_info", NetworkInfo),
        ("maintain_aspect_ratio", c.c_int),
        ("symmetric_padding", c.c_int),
    ]


SIZES = {FrameMeta: 232, ObjectMeta: 552, UserMeta: 48}


class NvdsMeta(c.Structure):
    """The GstMeta that carries a batch: GstMeta is a flags word and a pointer."""

    _fields_ = [
        ("flags", c.c_int),
        ("info", c.c_void_p),
        ("meta_data", c.c_void_p),
        ("user_data", c.c_void_p),
        ("meta_type", c.c_int),
    ]


class Library:
    """libnvds_meta.so, libnvdsgst_meta.so and GStreamer's core, with the functions that are used."""

    def __init__(self, folder: Path) -> None:
        self.gst = c.CDLL("libgstreamer-1.0.so.0")
        self.gst.gst_init(None, None)
        self.meta = c.CDLL(str(folder / "libnvds_meta.so"), mode=c.RTLD_GLOBAL)
        self.gst_meta = c.CDLL(str(folder / "libnvdsgst_meta.so"), mode=c.RTLD_GLOBAL)
        pointers = {
            self.gst: ["gst_buffer_new", "gst_mini_object_unref"],
            self.meta: [
                "nvds_create_batch_meta", "nvds_destroy_batch_meta", "nvds_acquire_frame_meta_from_pool",
                "nvds_acquire_obj_meta_from_pool", "nvds_acquire_user_meta_from_pool", "nvds_add_frame_meta_to_batch",
                "nvds_add_obj_meta_to_frame", "nvds_add_user_meta_to_frame", "nvds_add_user_meta_to_obj",
                "nvds_batch_meta_copy_func", "nvds_batch_meta_release_func", "nvds_acquire_meta_lock", "nvds_release_meta_lock",
            ],
            self.gst_meta: ["gst_buffer_add_nvds_meta", "gst_buffer_get_nvds_batch_meta"],
        }  # fmt: skip
        for library, names in pointers.items():
            for name in names:
                getattr(library, name).restype = c.c_void_p
        self.meta.nvds_create_batch_meta.argtypes = [c.c_uint]
        self.gst_meta.gst_buffer_add_nvds_meta.argtypes = [c.c_void_p] * 5
        self.gst_meta.gst_buffer_get_nvds_batch_meta.argtypes = [c.c_void_p]
        self.gst.gst_mini_object_unref.argtypes = [c.c_void_p]
        one, two, three = [c.c_void_p], [c.c_void_p] * 2, [c.c_void_p] * 3
        for name in pointers[self.meta][1:]:
            adds = "nvds_add" in name or name.endswith("_func")
            getattr(self.meta, name).argtypes = three if name == "nvds_add_obj_meta_to_frame" else two if adds else one
        self._check()

    def _check(self) -> None:
        for layout, size in SIZES.items():
            assert c.sizeof(layout) == size, (layout.__name__, c.sizeof(layout), size)
        batch = self.meta.nvds_create_batch_meta(4)
        head = BatchMeta.from_address(batch)
        for pool, layout in ((head.frame_pool, FrameMeta), (head.obj_pool, ObjectMeta), (head.user_pool, UserMeta)):
            own = MetaPool.from_address(pool).element_size
            assert own == SIZES[layout], f"the library's {layout.__name__} has {own} bytes"
        self.meta.nvds_destroy_batch_meta(batch)


def find() -> Path | None:
    """The folder of the libraries; None where the environment was not made."""
    found = sorted(FOLDER.glob("lib/python3*/site-packages/nvidia/deepstream_videodecode/_libs/libnvds_meta.so"))
    return found[0].parent if found else None


@functools.cache
def library() -> Library:
    """Loaded once. OSError or AssertionError where it cannot be."""
    folder = find()
    if folder is None:
        raise OSError(f"{FOLDER} holds no libnvds_meta.so; `make test` installs it")
    return Library(folder)


class SurfaceWish(c.Structure):
    """NvBufSurfaceCreateParams."""

    _fields_ = [
        *[(name, c.c_uint32) for name in ("gpu", "width", "height", "size")],
        ("contiguous", c.c_bool),
        *[(name, c.c_int) for name in ("colour", "layout", "memory")],
    ]


SYSTEM_MEMORY = 6


@functools.cache
def surfaces(folder: Path) -> Any:
    """libnvbufsurface.so, which makes pictures in plain memory without a GPU.

    It is linked against CUDA's driver and calls none of it for those: a copy in `folder` names the C library in its place.
    """
    own = find()
    assert own is not None
    c.CDLL(str(own.parents[1] / "cu13" / "lib" / "libcudart.so.13"), mode=c.RTLD_GLOBAL)
    (folder / "libnvbuf_fdmap.so").symlink_to(own / "libnvbuf_fdmap.so")
    raw = (own / "libnvbufsurface.so").read_bytes()
    assert raw.count(b"\0libcuda.so.1\0") == 1
    (folder / "libnvbufsurface.so").write_bytes(raw.replace(b"\0libcuda.so.1\0", b"\0libc.so.6\0\0\0\0"))
    library = c.CDLL(str(folder / "libnvbufsurface.so"), mode=os.RTLD_LAZY)
    library.NvBufSurfaceCreate.argtypes = [c.c_void_p, c.c_uint, c.POINTER(SurfaceWish)]
    library.NvBufSurfaceDestroy.argtypes = [c.c_void_p]
    return library


def why_not() -> str:
    """Why the double cannot be used here; "" when it can. Under CI=true that is an error."""
    try:
        library()
    except OSError as error:
        if os.environ.get("CI") == "true":
            raise
        return str(error)
    return ""


def address_of(thing: Any) -> int:
    """Of a structure."""
    return c.addressof(thing)
