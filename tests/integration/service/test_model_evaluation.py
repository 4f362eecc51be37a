"""Served versions side by side on pictures with truth, at the real Triton."""

import json
from pathlib import Path

import pytest

from app.kit.errors import BadInputError
from app.models.evaluation.measuring import evaluate
from app.models.evaluation.timing import time_versions
from app.models.trial import Serving
from tests.integration.inference.conftest import Server
from tests.integration.service import pose_models
from tests.integration.service.test_models import server  # noqa: F401 - a fixture
from tests.unit.models.test_evaluation import write_folder


@pytest.mark.timeout(300)
async def test_two_served_versions_are_evaluated_side_by_side(server: Server, tmp_path: Path) -> None:  # noqa: F811 - a fixture
    folder = server.models / "yolo_pose" / "2"
    folder.mkdir()
    (folder / "model.onnx").write_bytes(pose_models.checked(pose_models.model(300.0)))
    serving = Serving(server.url)
    await serving.load("yolo_pose")
    await serving.close()
    pictures = write_folder(tmp_path / "set", {1: [300.0], 2: [300.0]})
    truth = json.loads((pictures / "truth.json").read_text())
    for each in truth["annotations"]:  # the tiny model says all keypoints at one place
        each["keypoints"] = [300.0, 200.0, 2] * 17
    (pictures / "truth.json").write_text(json.dumps(truth))
    document = await evaluate(server.url, "yolo_pose", ["1", "2"], pictures)
    first, second = document["versions"]
    assert (first["accuracy"]["ap"], second["accuracy"]["ap"]) == (0.0, pytest.approx(1.0, abs=1e-3))
    assert document["last_less_first"]["ap"] == pytest.approx(1.0, abs=1e-3)
    assert min(first["p50_ms"], second["p50_ms"]) > 0
    timed = await time_versions(server.url, "yolo_pose", ["1", "2"], 0.2)
    assert [(each["version"], each["requests_at_once"]) for each in timed["versions"]] == [("1", 1), ("1", 4), ("2", 1), ("2", 4)]
    assert all(each["frames_per_s"] > 0 for each in timed["versions"])
    for refused in (evaluate(server.url, "yolo_pose", ["9"], pictures), time_versions(server.url, "yolo_pose", ["9"], 0.2)):
        with pytest.raises(BadInputError, match="does not serve version 9"):
            await refused
