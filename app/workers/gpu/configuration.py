"""What DeepStream's elements are told, rendered from typed settings: pure text, no I/O but in `write`.

`deepstream_configs/` holds the defaults as this module renders them (a test compares) and a README on every key:

    python -m app.workers.gpu.configuration deepstream_configs
"""

import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from app.kit.errors import BadInputError

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

Point = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Literal:
    """A name of an enumeration: written without quotes."""

    name: str


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


@dataclass(frozen=True, slots=True)
class Message:
    """A message of protobuf's text format: fields in order, a repeated field as several pairs."""

    fields: tuple[tuple[str, "str | int | float | bool | Literal | Message"], ...]

    def text(self, indent: int = 0) -> str:
        """Its lines."""
        pad, lines = "  " * indent, []
        for name, value in self.fields:
            if isinstance(value, Message):
                lines.append(f"{pad}{name} {{\n{value.text(indent + 1)}{pad}}}\n")
            else:
                lines.append(f"{pad}{name}: {_scalar(value)}\n")
        return "".join(lines)


def _scalar(value: "str | int | float | bool | Literal") -> str:
    if isinstance(value, Literal):
        return value.name
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str):
        escaped = value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
        return f'"{escaped}"'
    return f"{value!r}"


def _m(*fields: tuple[str, "str | int | float | bool | Literal | Message"]) -> Message:
    return Message(fields)


def _grpc(model: str, version: int, chosen: GpuSettings) -> Message:
    server = _m(("url", chosen.triton), ("enable_cuda_buffer_sharing", chosen.same_host))
    return _m(("model_name", model), ("version", version), ("grpc", server))


def _input(name: str, width: int, height: int) -> Message:
    dims = [("dims", side) for side in (height, width, 3)]
    return _m(("name", name), *dims, ("data_type", Literal("TENSOR_DT_UINT8")))


def _preprocess(tensor: str) -> Message:
    """Letterboxed in the middle; the models take bytes and normalise themselves."""
    return _m(
        ("network_format", Literal("IMAGE_FORMAT_RGB")),
        ("tensor_order", Literal("TENSOR_ORDER_NHWC")),
        ("tensor_name", tensor),
        ("maintain_aspect_ratio", 1),
        ("symmetric_padding", 1),
        ("frame_scaling_hw", Literal("FRAME_SCALING_HW_GPU")),
        ("frame_scaling_filter", 1),
        ("normalize", _m(("scale_factor", 1.0))),
    )


def _inference(unique: int, backend: Message, tensor: str, chosen: GpuSettings) -> Message:
    return _m(
        ("unique_id", unique),
        ("gpu_ids", chosen.gpu),
        ("max_batch_size", min(chosen.batch, MODEL_BATCH)),
        ("backend", backend),
        ("preprocess", _preprocess(tensor)),
        ("postprocess", _m(("labelfile_path", "labels.txt"), ("other", _m()))),
        ("extra", _m(("copy_input_to_host_buffers", False), ("output_buffer_pool_size", 4))),
    )


def pose(chosen: GpuSettings) -> str:
    """nvinferserver's file of the primary inference: whole frames, raw tensors out."""
    width, height = chosen.network
    backend = _m(
        ("inputs", _input(chosen.pose_input, width, height)),
        ("triton", _grpc(chosen.pose_model, chosen.pose_version, chosen)),
        ("output_mem_type", Literal("MEMORY_TYPE_CPU")),
    )
    return _m(
        ("infer_config", _inference(POSE_ID, backend, chosen.pose_input, chosen)),
        ("input_control", _m(("process_mode", Literal("PROCESS_MODE_FULL_FRAME")), ("interval", 0))),
        ("output_control", _m(("output_tensor_meta", True))),
    ).text()


def face(chosen: GpuSettings) -> str:
    """nvinferserver's file of the secondary inference: crops of persons whose store allows faces, to the whole pipeline.

    The model detects, aligns and embeds; the embedding model alone would embed a person's coat.
    """
    width, height = chosen.face_crop
    backend = _m(
        ("inputs", _input("crops", width, height)),
        ("triton", _grpc("face_pipeline_crops", chosen.face_version, chosen)),
        ("output_mem_type", Literal("MEMORY_TYPE_CPU")),
    )
    smallest = _m(("min_width", chosen.least_person[0]), ("min_height", chosen.least_person[1]))
    control = _m(
        ("process_mode", Literal("PROCESS_MODE_CLIP_OBJECTS")),
        ("operate_on_gie_id", POSE_ID),
        ("operate_on_class_ids", PERSON_WHOSE_STORE_ALLOWS_FACES),
        ("secondary_reinfer_interval", chosen.face_every),
        ("object_control", _m(("bbox_filter", smallest))),
    )
    return _m(
        ("infer_config", _inference(FACE_ID, backend, "crops", chosen)),
        ("input_control", control),
        ("output_control", _m(("output_tensor_meta", True))),
    ).text()


def _ini(groups: Mapping[str, Mapping[str, object]]) -> str:
    parts = [f"[{name}]\n" + "".join(f"{key}={value}\n" for key, value in keys.items()) for name, keys in groups.items()]
    return "\n".join(parts)


def mux(chosen: GpuSettings) -> str:
    """The new nvstreammux's file. `USE_NEW_NVSTREAMMUX=yes` must be set; it scales nothing, so there is no size here."""
    return _ini(
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


NVDCF: Final[dict[str, dict[str, object]]] = {
    "BaseConfig": {"minDetectorConfidence": 0.25},
    "TargetManagement": {
        "enableBboxUnClipping": 0,
        "preserveStreamUpdateOrder": 0,
        "maxTargetsPerStream": 300,
        "minIouDiff4NewTarget": 0.6,
        "minTrackerConfidence": 0.2,
        "probationAge": 1,
        "maxShadowTrackingAge": 20,
        "earlyTerminationAge": 1,
    },
    "TrajectoryManagement": {"useUniqueID": 1, "enableReAssoc": 0},
    "DataAssociator": {
        "dataAssociatorType": 0,
        "associationMatcherType": 1,
        "checkClassMatch": 0,
        "minMatchingScore4Overall": 0.1,
        "minMatchingScore4SizeSimilarity": 0.3,
        "minMatchingScore4Iou": 0.05,
        "minMatchingScore4VisualSimilarity": 0.5,
        "matchingScoreWeight4VisualSimilarity": 0.4,
        "matchingScoreWeight4SizeSimilarity": 0.3,
        "matchingScoreWeight4Iou": 0.4,
        "tentativeDetectorConfidence": 0.4,
        "minMatchingScore4TentativeIou": 0.3,
    },
    "StateEstimator": {
        "stateEstimatorType": 1,
        "processNoiseVar4Loc": 2.0,
        "processNoiseVar4Size": 1.0,
        "processNoiseVar4Vel": 0.1,
        "measurementNoiseVar4Detector": 4.0,
        "measurementNoiseVar4Tracker": 16.0,
    },
    "VisualTracker": {
        "visualTrackerType": 2,
        "useColorNames": 1,
        "useHog": 0,
        "featureImgSizeLevel": 2,
        "featureFocusOffsetFactor_y": -0.2,
        "filterLr": 0.075,
        "filterChannelWeightsLr": 0.1,
        "gaussianSigma": 0.75,
    },
}
"""Appearance and motion: for aisles where people pass behind one another. Ages are frames: 20 at 10 a second are 2 s.
Re-association by appearance stays off: it is re-identification, which a store's policy decides."""

NVSORT: Final[dict[str, dict[str, object]]] = {
    "BaseConfig": {"minDetectorConfidence": 0.25},
    "TargetManagement": {
        "enableBboxUnClipping": 0,
        "preserveStreamUpdateOrder": 0,
        "maxTargetsPerStream": 300,
        "minIouDiff4NewTarget": 0.6,
        "minTrackerConfidence": 0.8,
        "probationAge": 1,
        "maxShadowTrackingAge": 20,
        "earlyTerminationAge": 1,
    },
    "TrajectoryManagement": {"useUniqueID": 1},
    "DataAssociator": {
        "dataAssociatorType": 0,
        "associationMatcherType": 1,
        "checkClassMatch": 0,
        "usePrediction4Assoc": 1,
        "minMatchingScore4Overall": 0.1,
        "minMatchingScore4SizeSimilarity": 0.3,
        "minMatchingScore4Iou": 0.05,
        "matchingScoreWeight4SizeSimilarity": 0.2,
        "matchingScoreWeight4Iou": 0.4,
        "tentativeDetectorConfidence": 0.4,
        "minMatchingScore4TentativeIou": 0.3,
    },
    "StateEstimator": {
        "stateEstimatorType": 2,
        "noiseWeightVar4Loc": 0.05,
        "noiseWeightVar4Vel": 0.004,
        "useAspectRatio": 1,
    },
}
"""Motion alone: a fraction of the cost. checkClassMatch stays 0 in both: a class changes with a store's policy."""


def tracker(sections: Mapping[str, Mapping[str, object]]) -> str:
    """The YAML of nvmultiobjecttracker; OpenCV's dialect, hence the first line."""
    parts = [f"{name}:\n" + "".join(f"  {key}: {value}\n" for key, value in keys.items()) for name, keys in sections.items()]
    return "%YAML:1.0\n---\n" + "\n".join(parts)


@dataclass(frozen=True, slots=True)
class AnalyticsZone:
    """A zone of a camera: corners in 0..1 of the picture; `kind` is roi, crowd or line (two points, crossed to the left)."""

    name: str
    kind: str
    points: tuple[Point, ...]
    most: int = 0


@dataclass(frozen=True, slots=True)
class StreamZones:
    """Zones of the camera at one index of the muxer."""

    stream: int
    zones: tuple[AnalyticsZone, ...] = field(default_factory=tuple)


EXAMPLE_ZONES: Final = (
    StreamZones(
        0,
        (
            AnalyticsZone("entrance", "roi", ((0.1, 0.6), (0.4, 0.6), (0.4, 1.0), (0.1, 1.0))),
            AnalyticsZone("checkout", "crowd", ((0.5, 0.5), (0.9, 0.5), (0.9, 0.9), (0.5, 0.9)), most=6),
            AnalyticsZone("door", "line", ((0.1, 0.8), (0.4, 0.8))),
        ),
    ),
)


def analytics(streams: Sequence[StreamZones], width: int = 1920, height: int = 1080) -> str:
    """nvdsanalytics' file of all streams. Loitering is not here: the element knows none, our own rules do it.

    Raises:
        BadInputError: a zone that the element could not read.
    """
    groups: dict[str, dict[str, object]] = {
        "property": {"enable": 1, "config-width": width, "config-height": height, "osd-mode": 0, "display-font-size": 12}
    }
    for stream in streams:
        for zone in stream.zones:
            group, key, points = _zone(zone, width, height)
            keys = groups.setdefault(f"{group}-stream-{stream.stream}", {"enable": 1, "class-id": "0;1"})
            keys[key] = ";".join(str(number) for point in points for number in point)
            if zone.kind == "crowd":
                keys |= {"object-threshold": zone.most, "time-threshold": 2000}
            if zone.kind == "line":
                keys |= {"extended": 0, "mode": "loose"}
    return _ini(groups)


def _zone(zone: AnalyticsZone, width: int, height: int) -> tuple[str, str, list[tuple[int, int]]]:
    """Group, key and whole pixels."""
    if not zone.name or any(not (each.isalnum() or each in "_-") for each in zone.name):
        raise BadInputError(f"A zone's name {zone.name!r} must be letters, digits, - and _ to stand in a configuration key.")
    if any(not 0 <= value <= 1 for point in zone.points for value in point):
        raise BadInputError(f"Zone {zone.name}: corners lie in 0..1 of the picture.")
    points = [(round(x * (width - 1)), round(y * (height - 1))) for x, y in zone.points]
    if zone.kind == "line":
        if len(points) != 2 or points[0] == points[1]:
            raise BadInputError(f"Line {zone.name} needs two different points.")
        (ax, ay), (bx, by) = points
        middle = ((ax + bx) // 2, (ay + by) // 2)
        # The direction counted: to the left of a -> b as seen in the picture, a tenth of its height away.
        length = max(1.0, ((bx - ax) ** 2 + (by - ay) ** 2) ** 0.5)
        step = height / 10
        tip = (
            min(width - 1, max(0, round(middle[0] + (by - ay) / length * step))),
            min(height - 1, max(0, round(middle[1] - (bx - ax) / length * step))),
        )
        return "line-crossing", f"line-crossing-{zone.name}", [middle, tip, *points]
    if len(points) < 3:
        raise BadInputError(f"Zone {zone.name} needs three corners or more.")
    if zone.kind == "crowd":
        return "overcrowding", f"roi-{zone.name}", points
    if zone.kind == "roi":
        return "roi-filtering", f"roi-{zone.name}", points
    raise BadInputError(f"Zone {zone.name} is of the kind {zone.kind!r}; nvdsanalytics knows roi, crowd and line.")


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
