"""The converter on the published checkpoint, fetched as `make run` fetches it, against the publisher's own export."""

from pathlib import Path

import numpy as np
import onnxruntime
import pytest

from app.inference import artefacts
from app.inference.convert import yolo_pose
from app.inference.lock import read_lock

CHECKOUT = Path(__file__).resolve().parents[3]
OFFICIAL = CHECKOUT.parent / "shared" / "data" / "models" / "yolo11n-pose-dyn.onnx"
SCORES = [4, *range(7, 56, 3)]
PLACES = [i for i in range(56) if i not in SCORES]


@pytest.mark.shared
@pytest.mark.skipif(not OFFICIAL.is_file(), reason="needs ../shared/data/models")
def test_the_published_checkpoint_agrees_with_its_official_export(tmp_path: Path) -> None:
    checkpoint = artefacts.fetch(read_lock()[0].artefact, CHECKOUT / ".cache")
    yolo_pose.convert(checkpoint, tmp_path / "model.onnx")
    ours = onnxruntime.InferenceSession(tmp_path / "model.onnx", providers=["CPUExecutionProvider"])
    reference = onnxruntime.InferenceSession(OFFICIAL, providers=["CPUExecutionProvider"])
    for height, width in ((384, 640), (640, 480)):
        images = np.random.default_rng(11).integers(0, 256, (1, height, width, 3), dtype=np.uint8)
        floats = np.ascontiguousarray(images.transpose(0, 3, 1, 2)).astype(np.float32) / 255
        wanted = reference.run(None, {reference.get_inputs()[0].name: floats})[0]
        apart = np.abs(ours.run(None, {"images": images})[0] - wanted)
        assert apart[:, PLACES].max() < 5e-3
        assert apart[:, SCORES].max() < 1e-4
