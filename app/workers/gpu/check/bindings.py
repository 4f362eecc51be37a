"""pyds, GStreamer's elements with every property that the factory sets, and the rendered files."""

import importlib
import logging
import tempfile
import uuid
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final

from app.workers.gpu import configuration, schema
from app.workers.gpu.check.result import demand
from app.workers.gpu.configuration import GpuSettings
from app.workers.gpu.elements import DeepStream
from app.workers.gpu.graph import Wanted
from app.workers.gpu.nvds import make_reader

USED: Final = {
    "NvDsFrameMeta": ("cast", "source_id", "batch_id", "frame_num", "buf_pts", "ntp_timestamp", "obj_meta_list"),
    "NvDsObjectMeta": ("cast", "object_id", "class_id", "rect_params", "detector_bbox_info", "obj_label", "obj_user_meta_list"),
    "NvDsUserMeta": ("cast", "base_meta", "user_meta_data"),
    "NvDsInferTensorMeta": ("cast", "num_output_layers", "network_info", "unique_id"),
    "NvDsAnalyticsFrameMeta": ("cast",),
}  # fmt: skip
FUNCTIONS: Final = (
    "gst_buffer_get_nvds_batch_meta", "nvds_acquire_obj_meta_from_pool", "nvds_add_obj_meta_to_frame", "get_nvds_LayerInfo",
    "get_ptr",
)  # fmt: skip


def bindings() -> str:
    """Everything of pyds that is used is there."""
    make_reader()
    pyds = importlib.import_module("pyds")
    missing = [name for name in (*FUNCTIONS, *USED) if not hasattr(pyds, name)]
    missing += [
        f"{kind}.{name}" for kind, names in USED.items() for name in names if not hasattr(getattr(pyds, kind, None), name)
    ]
    demand(not missing, f"pyds lacks {', '.join(missing)}.")
    return f"{len(FUNCTIONS) + sum(map(len, USED.values()))} names are there; numpy {version('numpy')}."


class _Heard(logging.Handler):
    """Keeps what the factory says of properties that a release lacks."""

    def __init__(self) -> None:
        super().__init__(logging.INFO)
        self.lacking: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.lacking.append(record.getMessage())


def elements() -> str:
    """The factory's elements can be made, and have the properties that it sets."""
    gst = gstreamer()
    heard, log = _Heard(), logging.getLogger("app.workers.gpu.elements")
    log.addHandler(heard)
    log.setLevel(logging.INFO)
    with tempfile.TemporaryDirectory() as folder:
        configuration.write(configuration.render(GpuSettings()), Path(folder))
        factory = DeepStream(Path(folder), faces=True, analytics=True)
        made = {"muxer": factory.muxer(4), "source": factory.source(uuid.UUID(int=1), 0, Wanted("file:///dev/null"))}
        made |= dict(factory.stages())
    missing = [name for name, element in made.items() if element is None]
    demand(not missing, f"These cannot be made: {', '.join(missing)}.")
    demand(not heard.lacking, " ".join(heard.lacking))
    return f"{', '.join(element.get_factory().get_name() for element in made.values())}; {gst.version_string()}."


def gstreamer() -> Any:
    """GStreamer, started."""
    import gi

    gi.require_version("Gst", "1.0")
    from gi.repository import Gst

    Gst.init(None)
    return Gst


def files() -> str:
    """What would be rendered here passes the committed description of DeepStream's keys."""
    rendered = configuration.render(GpuSettings())
    for name, text in rendered.items():
        schema.check_file(name, text)
    return f"{len(rendered)} files hold; whether DeepStream reads them so, `graph` and `triton` say."


CHECKS: Final[dict[str, Callable[[], str]]] = {"pyds": bindings, "elements": elements, "configuration": files}
