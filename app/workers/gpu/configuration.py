"""What DeepStream's elements are told, rendered from typed settings: pure text, no I/O but in `write`.

`deepstream_configs/` holds the defaults as this module renders them (a test compares) and a README on every key:

    python -m app.workers.gpu.configuration deepstream_configs
"""

import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from app.kit.errors import BadInputError
from app.workers.gpu.messages import Literal, Message, message
from app.workers.gpu.trackers import NVDCF, NVSORT, tracker
from app.workers.gpu.zones import EXAMPLE_ZONES, StreamZones, analytics, ini

POSE_ID: Final = 1
FACE_ID: Final = 2
"""`unique_id` of the two inference elements; metadata says by it who made it."""

PERSON: Final = 0
PERSON_WHOSE_STORE_ALLOWS_FACES: Final = 1
"""Class ids that the pose probe gives. The face element takes class 1 alone, so a batch may mix stores."""

LABELS: Final = ("person", "person_face_allowed")
LARGEST_BATCH: Final = 256

MODEL_BATCH: Final = 16
"""`max_batch_size` of the models' own configurations; a larger batch of frames is inferred in parts."""

POSE_FILE: Final = "config_infer_primary_pose.txt"
FACE_FILE: Final = "config_infer_secondary_face.txt"
MUX_FILE: Final = "config_nvstreammux.txt"
ANALYTICS_FILE: Final = "config_nvdsanalytics.txt"
TRACKER_FILES: Final = {"nvdcf": "config_tracker_NvDCF.yml", "nvsort": "config_tracker_NvSORT.yml"}


@dataclass(frozen=True, slots=True)
class GpuSettings:
    """Everything the files depend on.

    Attributes:
        batch: frames in a batch, and cameras of one pipeline at most.
        network: width and height of the pose network's input, pixels, multiples of 32.
        triton: host:port of gRPC. `same_host` shares CUDA buffers with it, which works on one machine only.
        pose_model, pose_version: as the desired state names them.
        face_version: of `face_pipeline_crops`.
        face_crop: width and height that a person's crop is scaled to for the face pipeline, pixels.
        face_every: frames between two looks at the same track.
        least_person: width and height below which a person's face is not looked for, pixels.
        least_fps, most_fps: batches a second: the muxer pushes an incomplete batch when 1/least_fps has passed.
    """

    batch: int = 16
    network: tuple[int, int] = (640, 384)
    triton: str = "127.0.0.1:8001"
    same_host: bool = True
    pose_model: str = "yolo_pose"
    pose_version: int = 1
    pose_input: str = "images"
    face_version: int = 1
    face_crop: tuple[int, int] = (320, 640)
    face_every: int = 5
    least_person: tuple[int, int] = (40, 100)
    least_fps: int = 30
    most_fps: int = 120
    gpu: int = 0

    def __post_init__(self) -> None:
        if not 1 <= self.batch <= LARGEST_BATCH:
            raise BadInputError(f"A batch of {self.batch} frames cannot be had; give 1 to {LARGEST_BATCH}.")
        if any(side < 32 or side % 32 for side in self.network):
            raise BadInputError(f"The pose network's input {self.network} must have sides that are multiples of 32.")
        if ":" not in self.triton:
            raise BadInputError(f"Triton's address {self.triton!r} must be host:port of its gRPC endpoint.")
        if self.pose_version < 1 or self.face_version < 1:
            raise BadInputError("nvinferserver needs the number of a model version, 1 or more; the pointer names one.")


def _grpc(model: str, version: int, chosen: GpuSettings) -> Message:
    server = message(("url", chosen.triton), ("enable_cuda_buffer_sharing", chosen.same_host))
    return message(("model_name", model), ("version", version), ("grpc", server))


def _input(name: str, width: int, height: int) -> Message:
    dims = [("dims", side) for side in (height, width, 3)]
    return message(("name", name), *dims, ("data_type", Literal("TENSOR_DT_UINT8")))


def _preprocess(tensor: str) -> Message:
    """Letterboxed in the middle; the models take bytes and normalise themselves."""
    return message(
        ("network_format", Literal("IMAGE_FORMAT_RGB")),
        ("tensor_order", Literal("TENSOR_ORDER_NHWC")),
        ("tensor_name", tensor),
        ("maintain_aspect_ratio", 1),
        ("symmetric_padding", 1),
        ("frame_scaling_hw", Literal("FRAME_SCALING_HW_GPU")),
        ("frame_scaling_filter", 1),
        ("normalize", message(("scale_factor", 1.0))),
    )


def _inference(unique: int, backend: Message, tensor: str, chosen: GpuSettings) -> Message:
    return message(
        ("unique_id", unique),
        ("gpu_ids", chosen.gpu),
        ("max_batch_size", min(chosen.batch, MODEL_BATCH)),
        ("backend", backend),
        ("preprocess", _preprocess(tensor)),
        ("postprocess", message(("labelfile_path", "labels.txt"), ("other", message()))),
        ("extra", message(("copy_input_to_host_buffers", False), ("output_buffer_pool_size", 4))),
    )


def pose(chosen: GpuSettings) -> str:
    """nvinferserver's file of the primary inference: whole frames, raw tensors out."""
    width, height = chosen.network
    backend = message(
        ("inputs", _input(chosen.pose_input, width, height)),
        ("triton", _grpc(chosen.pose_model, chosen.pose_version, chosen)),
        ("output_mem_type", Literal("MEMORY_TYPE_CPU")),
    )
    return message(
        ("infer_config", _inference(POSE_ID, backend, chosen.pose_input, chosen)),
        ("input_control", message(("process_mode", Literal("PROCESS_MODE_FULL_FRAME")), ("interval", 0))),
        ("output_control", message(("output_tensor_meta", True))),
    ).text()


def face(chosen: GpuSettings) -> str:
    """nvinferserver's file of the secondary inference: crops of persons whose store allows faces, to the whole pipeline.

    The model detects, aligns and embeds; the embedding model alone would embed a person's coat.
    """
    width, height = chosen.face_crop
    backend = message(
        ("inputs", _input("crops", width, height)),
        ("triton", _grpc("face_pipeline_crops", chosen.face_version, chosen)),
        ("output_mem_type", Literal("MEMORY_TYPE_CPU")),
    )
    smallest = message(("min_width", chosen.least_person[0]), ("min_height", chosen.least_person[1]))
    control = message(
        ("process_mode", Literal("PROCESS_MODE_CLIP_OBJECTS")),
        ("operate_on_gie_id", POSE_ID),
        ("operate_on_class_ids", PERSON_WHOSE_STORE_ALLOWS_FACES),
        ("secondary_reinfer_interval", chosen.face_every),
        ("object_control", message(("bbox_filter", smallest))),
    )
    return message(
        ("infer_config", _inference(FACE_ID, backend, "crops", chosen)),
        ("input_control", control),
        ("output_control", message(("output_tensor_meta", True))),
    ).text()


def mux(chosen: GpuSettings) -> str:
    """The new nvstreammux's file. `USE_NEW_NVSTREAMMUX=yes` must be set; it scales nothing, so there is no size here."""
    return ini(
        {
            "property": {
                "algorithm-type": 1,
                "batch-size": chosen.batch,
                "adaptive-batching": 1,
                "max-same-source-frames": 1,
                "max-fps-control": 0,
                "overall-max-fps-n": chosen.most_fps,
                "overall-max-fps-d": 1,
                "overall-min-fps-n": chosen.least_fps,
                "overall-min-fps-d": 1,
            }
        }
    )


def render(chosen: GpuSettings, zones: Sequence[StreamZones] = ()) -> dict[str, str]:
    """File name to content of everything one pipeline reads."""
    return {
        MUX_FILE: mux(chosen),
        POSE_FILE: pose(chosen),
        FACE_FILE: face(chosen),
        TRACKER_FILES["nvdcf"]: tracker(NVDCF),
        TRACKER_FILES["nvsort"]: tracker(NVSORT),
        ANALYTICS_FILE: analytics(zones),
        "labels.txt": "".join(f"{label}\n" for label in LABELS),
    }


def defaults() -> dict[str, str]:
    """What `deepstream_configs/` holds: both places a Triton can be, and zones as an example."""
    here = GpuSettings()
    there = GpuSettings(triton="triton:8001", same_host=False)
    files = render(here, EXAMPLE_ZONES)
    for name in (POSE_FILE, FACE_FILE):
        files[name.replace(".txt", "_same_host.txt")] = files.pop(name)
    for name, text in ((POSE_FILE, pose(there)), (FACE_FILE, face(there))):
        files[name.replace(".txt", "_remote.txt")] = text
    return files


def write(files: Mapping[str, str], folder: Path) -> None:
    """Put files into a folder, each whole."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in files.items():
        part = folder / f".{name}.part"
        part.write_text(text, "utf-8")
        part.replace(folder / name)


if __name__ == "__main__":
    write(defaults(), Path(sys.argv[1]))
