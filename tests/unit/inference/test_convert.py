"""Checkpoints to ONNX: the same numbers, and nothing in the file is ever run."""

import os
import pickle
from pathlib import Path

import numpy as np
import onnxruntime
import pytest

from app.inference.convert import yolo_pose
from app.inference.convert.checkpoint import ConversionError, read
from tests.unit.inference.checkpoints import archive, tiny_pose


def run_model(path: Path, images: np.ndarray) -> np.ndarray:
    """Predictions of a converted model."""
    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    return session.run(None, {"images": images})[0]


def pictures(*shape: int) -> np.ndarray:
    """Deterministic noise."""
    return np.random.default_rng(11).integers(0, 256, shape, dtype=np.uint8)


def test_a_small_checkpoint_gives_the_golden_numbers(tmp_path: Path) -> None:
    yolo_pose.convert(tiny_pose(tmp_path / "tiny.pt"), tmp_path / "tiny.onnx")
    found = run_model(tmp_path / "tiny.onnx", pictures(1, 64, 96, 3))
    assert found.shape == (1, 56, 8 * 12 + 4 * 6 + 2 * 3)
    places = found[0][[0, 1, 2, 3, 4, 5, 6, 7, 53, 54, 55]][:, [0, 50, 100, 125]]
    np.testing.assert_allclose(places, GOLDEN, rtol=2e-4, atol=2e-4)


def test_batch_and_size_are_free(tmp_path: Path) -> None:
    yolo_pose.convert(tiny_pose(tmp_path / "tiny.pt"), tmp_path / "tiny.onnx")
    images = pictures(2, 32, 64, 3)
    both = run_model(tmp_path / "tiny.onnx", images)
    single = run_model(tmp_path / "tiny.onnx", images[1:])
    assert both.shape == (2, 56, 4 * 8 + 2 * 4 + 1 * 2)
    np.testing.assert_allclose(both[1:], single, atol=1e-4)


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"head": "Pose26"}, "YOLO26"),
        ({"one_to_one": True}, "YOLO26"),
        ({"head": "Detect"}, "kind Detect"),
        ({"keypoints": 5}, "17 COCO keypoints"),
    ],
)
def test_other_heads_are_refused_with_a_sentence(tmp_path: Path, change: dict[str, object], sentence: str) -> None:
    path = tiny_pose(tmp_path / "other.pt", **change)  # type: ignore[arg-type]
    with pytest.raises(ConversionError, match=sentence):
        yolo_pose.convert(path, tmp_path / "other.onnx")
    assert not (tmp_path / "other.onnx").exists()


class Harm:
    """Runs a command when unpickled."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[object, tuple[str]]:
        return os.system, (f"touch {self.path}",)


def test_code_in_a_checkpoint_is_not_run(tmp_path: Path) -> None:
    proof = tmp_path / "ran"
    harmful = archive(tmp_path / "harm.pt", {"a/data.pkl": pickle.dumps({"model": Harm(proof)})})
    with pytest.raises(ConversionError):
        yolo_pose.convert(harmful, tmp_path / "harm.onnx")
    assert not proof.exists()
    pickle.loads(pickle.dumps(Harm(proof)))  # noqa: S301 - shows that this pickle does harm when it is run
    assert proof.exists()


@pytest.mark.parametrize("content", [b"", b"no zip", b"PK\x03\x04 broken"])
def test_other_files_are_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "x.pt"
    path.write_bytes(content)
    with pytest.raises(ConversionError, match="no PyTorch checkpoint"):
        read(path)


@pytest.mark.parametrize("payload", [{"model": 3}, [1], {"no": 1}])
def test_a_pickle_without_a_model_is_refused(tmp_path: Path, payload: object) -> None:
    with pytest.raises(ConversionError):
        read(archive(tmp_path / "x.pt", {"a/data.pkl": pickle.dumps(payload)}))


def test_a_truncated_checkpoint_is_refused(tmp_path: Path) -> None:
    whole = tiny_pose(tmp_path / "tiny.pt").read_bytes()
    (tmp_path / "half.pt").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(ConversionError):
        read(tmp_path / "half.pt")


GOLDEN = np.array(
    [
        [0.99226, 17.18117, 82.86511, 65.45839],
        [3.26065, 35.42635, 16.64626, 35.63857],
        [112.45015, 112.24132, 230.00830, 489.67343],
        [106.71764, 106.78600, 232.62979, 471.29059],
        [0.62238, 0.61870, 0.33288, 0.43388],
        [-5.23223, 10.22341, 86.04712, 81.86127],
        [-12.27858, 20.27853, 1.64673, 71.69747],
        [0.40046, 0.40739, 0.69703, 0.34872],
        [6.08103, 21.24177, 34.27745, 46.53811],
        [-6.61192, 25.68232, -7.73331, 36.87809],
        [0.62205, 0.62762, 0.63869, 0.57599],
    ]
)
"""Rows and anchors of the tiny network, recorded when the published one agreed with its official export."""
