"""Every DeepStream file: rendered as committed, understood by the described schema, and a mistake is refused by name."""

import re
from pathlib import Path

import pytest

from app.inference.families import Selection
from app.kit.errors import BadInputError, SetupError
from app.tracking.limits import USUAL_FPS
from app.workers.gpu.configuration import (
    FACE_FILE,
    MUX_FILE,
    PERSON_WHOSE_STORE_ALLOWS_FACES,
    POSE_FILE,
    TRACKER_FILES,
    GpuSettings,
    defaults,
    face,
    mux,
    pose,
    render,
)
from app.workers.gpu.schema import CONFIGS, check_file, ini_groups, parse_inference, yaml_groups
from app.workers.gpu.zones import AnalyticsZone, StreamZones, analytics

COMMITTED = sorted(path for path in CONFIGS.iterdir() if path.suffix in (".txt", ".yml"))


def test_the_committed_files_are_the_rendered_ones() -> None:
    """`python -m app.workers.gpu.configuration deepstream_configs` writes them anew."""
    assert {path.name: path.read_text("utf-8") for path in COMMITTED} == defaults()


@pytest.mark.parametrize("path", COMMITTED, ids=lambda path: path.name)
def test_every_file_is_understood_and_every_key_explained(path: Path) -> None:
    text = path.read_text("utf-8")
    check_file(path.name, text)
    explained = set(re.findall(r"[\w-]+", (CONFIGS / "README.md").read_text("utf-8")))
    said = re.findall(r"^\s*([\w-]+)\s*[:={]", text, re.MULTILINE) if path.name != "labels.txt" else []
    frames = {"infer_config", "backend", "preprocess", "postprocess", "extra", "input_control", "output_control", "name"}
    for key in set(said) - frames:
        assert key in explained or key.startswith(("roi-", "line-crossing-")) or key[0].isupper(), key


@pytest.mark.parametrize(("same_host", "triton"), [(True, "127.0.0.1:8001"), (False, "triton.example:8001")])
def test_what_inference_is_told(same_host: bool, triton: str) -> None:
    chosen = GpuSettings(batch=64, triton=triton, same_host=same_host, pose_version=7)
    said = parse_inference(pose(chosen))
    server = said.infer_config.backend.triton
    assert (server.model_name, server.version, server.grpc.url) == ("yolo_pose", 7, triton)
    assert server.grpc.enable_cuda_buffer_sharing is same_host
    assert said.infer_config.WhichOneof("postprocessing") == "postprocess"
    assert said.infer_config.postprocess.WhichOneof("process_type") == "other"
    assert said.output_control.output_tensor_meta
    assert list(said.infer_config.backend.inputs[0].dims) == [384, 640, 3]
    faces = parse_inference(face(chosen))
    assert faces.infer_config.backend.triton.model_name == "face_pipeline_crops", "an embedding of a whole person says nothing"
    assert list(faces.input_control.operate_on_class_ids) == [PERSON_WHOSE_STORE_ALLOWS_FACES]
    assert faces.input_control.operate_on_gie_id == said.infer_config.unique_id
    assert faces.input_control.WhichOneof("inference_interval") == "secondary_reinfer_interval"
    assert faces.infer_config.max_batch_size <= 16


def test_deepstream_s_trackers_are_told_what_the_measured_one_is(monkeypatch: pytest.MonkeyPatch) -> None:
    """`deepstream_configs/README.md` says which setting stands for which, and why."""
    from app.tracking import ocsort

    told: dict[str, float] = {}
    monkeypatch.setattr(ocsort, "OCSORTTracker", lambda **options: told.update(options))
    ocsort.OcSort(USUAL_FPS)
    for name in TRACKER_FILES.values():
        keys = {key: float(value) for group in yaml_groups(defaults()[name], name).values() for key, value in group.items()}
        assert keys["minDetectorConfidence"] == keys["tentativeDetectorConfidence"] == told["high_conf_det_threshold"]
        assert keys["minMatchingScore4Iou"] == keys["minMatchingScore4TentativeIou"] == told["minimum_iou_threshold"]
        lost_s = told["lost_track_buffer"] / 30  # the library counts in frames of 30 a second
        assert keys["maxShadowTrackingAge"] == keys["earlyTerminationAge"] == lost_s * USUAL_FPS
        assert keys["probationAge"] == told["minimum_consecutive_frames"]
        assert (keys["minIouDiff4NewTarget"], keys["maxTargetsPerStream"]) == (Selection().overlap, Selection().most)
    overlap_alone = (
        keys["matchingScoreWeight4Iou"],
        keys["matchingScoreWeight4SizeSimilarity"],
        keys["minMatchingScore4Overall"],
    )
    assert overlap_alone == (1, 0, told["minimum_iou_threshold"]), "NvSORT weighs as OC-SORT does"
    table = (CONFIGS / "README.md").read_text("utf-8")
    for key in ("minDetectorConfidence", "minMatchingScore4TentativeIou", "maxShadowTrackingAge", "minIouDiff4NewTarget"):
        assert f"`{key}` {keys[key]:g}" in table, "the table says other figures"


BAD = [
    (POSE_FILE, pose(GpuSettings()).replace("unique_id", "uniqueid"), "uniqueid"),
    (POSE_FILE, pose(GpuSettings()).replace("version: 1", 'version: "1"'), "version"),
    (FACE_FILE, face(GpuSettings()).replace("operate_on_gie_id: 1", "operate_on_gie_id: 1\n  interval: 0"), "oneof"),
    (POSE_FILE, pose(GpuSettings()).replace("TENSOR_ORDER_NHWC", "TENSOR_ORDER_NCHW"), "TENSOR_ORDER_NCHW"),
    (MUX_FILE, mux(GpuSettings()) + "width=1920\n", "width"),
    (MUX_FILE, "[propert]\nbatch-size=4\n", "propert"),
    (MUX_FILE, "[property]\nadaptive-batching=1\n", "batch-size"),
    (MUX_FILE, "batch-size=4\n", "line 1"),
    ("config_tracker_NvDCF.yml", "TargetManagement:\n  maxTargetPerStream: 3\n", "maxTargetPerStream"),
    ("config_tracker_NvDCF.yml", "StateEstimator:\n  stateEstimatorType: 1\n", "TargetManagement"),
    ("config_nvdsanalytics.txt", analytics(()) + "[roi-filtering-stream-0]\nenable=1\nroi-a=1;2;3\n", "roi-a"),
    ("config_nvdsanalytics.txt", analytics(()) + "[roi-filtering-stream-0]\nroi-a=-1;2;3;4;5;6\n", "roi-a"),
    ("config_nvdsanalytics.txt", analytics(()) + "[line-crossing-stream-0]\nline-crossing-a=1;2;3;4;5;6\n", "4 points"),
    ("config_nvdsanalytics.txt", analytics(()) + "[loitering-stream-0]\nenable=1\n", "loitering"),
]


@pytest.mark.parametrize(("name", "text", "named"), BAD, ids=range(len(BAD)))
def test_a_mistake_is_refused_by_its_name(name: str, text: str, named: str) -> None:
    with pytest.raises(BadInputError, match=named) as refused:
        check_file(name, text)
    assert name in refused.value.detail


def test_settings_that_cannot_work_are_refused() -> None:
    for wrong in ({"batch": 0}, {"batch": 999}, {"network": (640, 380)}, {"triton": "host"}, {"pose_version": 0}):
        with pytest.raises(BadInputError):
            GpuSettings(**wrong)  # type: ignore[arg-type]


def test_zones_become_whole_pixels_and_a_line_has_a_direction() -> None:
    zones = (
        AnalyticsZone("door-1", "line", ((0.0, 0.5), (1.0, 0.5))),
        AnalyticsZone("aisle", "roi", ((0, 0), (1, 0), (1, 1))),
        AnalyticsZone("till", "crowd", ((0, 0), (1, 0), (1, 1)), most=4),
    )
    groups = ini_groups(analytics([StreamZones(3, zones)], 100, 50), "x")
    assert groups["roi-filtering-stream-3"]["roi-aisle"] == "0;0;99;0;99;49"
    assert groups["overcrowding-stream-3"]["object-threshold"] == "4"
    middle_x, middle_y, tip_x, tip_y = [int(n) for n in groups["line-crossing-stream-3"]["line-crossing-door-1"].split(";")[:4]]
    assert (middle_x, tip_x) == (49, 49)
    assert tip_y < middle_y, "left of a line drawn to the right is up"
    for bad in (
        AnalyticsZone("a b", "roi", zones[1].points),
        AnalyticsZone("a", "roi", ((0, 0), (2, 0), (1, 1))),
        AnalyticsZone("a", "loitering", zones[1].points),
        AnalyticsZone("a", "line", ((0, 0), (0, 0))),
        AnalyticsZone("a", "roi", ((0, 0), (1, 0))),
    ):
        with pytest.raises(BadInputError):
            analytics([StreamZones(0, (bad,))])


def test_yaml_and_rendered_files_of_any_settings_hold() -> None:
    for chosen in (GpuSettings(), GpuSettings(batch=256, network=(320, 320), pose_model="rtmo", pose_version=12)):
        for name, text in render(chosen, ()).items():
            check_file(name, text)
    assert yaml_groups("A:\n  b: 1 # why\n", "x") == {"A": {"b": "1"}}
    with pytest.raises(BadInputError):
        yaml_groups("  b: 1\n", "x")


def test_a_model_with_other_outputs_is_refused_and_both_are_named() -> None:
    from app.inference.shapes import compare, promised

    wanted = promised("yolo_pose")
    compare("yolo_pose", wanted, {"predictions": ("FP32", [-1, 56, -1])})
    compare("yolo_pose", wanted, {"predictions": ("FP32", [-1, 56, 5040])})
    for found, named in (
        ({"predictions": ("FP32", [-1, 84, -1])}, r"84.*N,56,anchors"),
        ({"predictions": ("FP16", [-1, 56, -1])}, "FP16.*FP32"),
        ({"predictions": ("FP32", [56, -1])}, r"\[56, -1\].*N,56"),
        ({"boxes": ("FP32", [-1, 56, -1])}, "predictions.*boxes"),
    ):
        with pytest.raises(SetupError, match=named):
            compare("yolo_pose", wanted, found)  # type: ignore[arg-type]
