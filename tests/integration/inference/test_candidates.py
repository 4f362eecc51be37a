"""The embedded server's shortcut: boxes and keypoints only where the score says that there may be somebody."""

import json
import subprocess
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper
from onnxruntime.quantization import CalibrationDataReader, quantize_static

from app.inference.convert import yolo_pose
from app.inference.convert.graph import Graph
from tests.integration.inference.conftest import CHECKOUT
from tests.integration.inference.test_backend import PYTHON
from tests.integration.service import pose_models
from tests.unit.inference.checkpoints import tiny_pose

SCRIPT = """
import json, sys
import numpy as np, openvino
sys.path.insert(0, sys.argv[1])
import candidates
core, shape, share = openvino.Core(), json.loads(sys.argv[3]), float(sys.argv[4])
image = np.random.default_rng(5).integers(0, 256, (1, *shape), dtype=np.uint8)
def answer(score):
    model, given = core.read_model(sys.argv[2]), {0: image}
    model.reshape([1, *shape])
    levels = 0 if score is None else candidates.thin(model)
    if levels:
        given[1] = np.array([candidates.least_logit(score)], np.float32)
    return levels, core.compile_model(model, "CPU", {"INFERENCE_PRECISION_HINT": "f32"})(given)[0][0]
dense = answer(None)[1]
score = {0.0: 0.0, 1.0: 1 - 1e-9}.get(share, float(np.quantile(dense[4], share)))
levels, thin = answer(score)
wanted = dense[4] >= score
faint = np.log(dense[4] / (1 - dense[4])) < candidates.least_logit(score) - 1e-3
apart = lambda which: float(np.abs(dense[:, which] - thin[:, which]).max(initial=0.0))
print(json.dumps({
    "levels": levels, "cells": int(dense.shape[1]), "wanted": int(wanted.sum()), "apart": apart(wanted),
    "apart_elsewhere": apart(faint), "scores": float(np.abs(dense[4] - thin[4]).max()), "finite": bool(np.isfinite(thin).all()),
}))
"""


def thinned(network: Path, share: float, shape: tuple[int, int, int] = (64, 96, 3)) -> dict[str, Any]:
    """How a network answers noise when only the best `1 - share` of its cells are wanted, beside its own answer."""
    words = [str(CHECKOUT / "triton_backends" / "onnxruntime"), str(network), json.dumps(shape), str(share)]
    done = subprocess.run([str(PYTHON), "-c", SCRIPT, *words], capture_output=True, text=True, timeout=110, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    return dict(json.loads(done.stdout.splitlines()[-1]))


@pytest.fixture(scope="module")
def network(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("deep")
    yolo_pose.convert(tiny_pose(folder / "deep.pt", deep=True), folder / "deep.onnx")
    return folder / "deep.onnx"


@pytest.mark.parametrize("share", [0.0, 0.6, 0.97], ids=["every cell, borders and corners too", "many", "few"])
def test_what_is_asked_about_is_the_networks_own_answer(network: Path, share: float) -> None:
    found = thinned(network, share)
    assert found["levels"] == 3
    assert found["wanted"] == pytest.approx((1 - share) * found["cells"], abs=2), "the case is what it says"
    assert found["scores"] == 0, "all of them are computed"
    assert found["apart"] < 1e-3, "pixels"
    assert found["finite"]
    if share:
        assert found["apart_elsewhere"] > 1, "the rest was really left out"


def test_nobody_at_all_is_an_answer_like_any_other(network: Path) -> None:
    found = thinned(network, 1.0)
    assert (found["levels"], found["wanted"], found["scores"], found["finite"]) == (3, 0, 0, True)


class Head:
    """A network of one map and its branches, with a detail that is otherwise: boxes (4), score, others (6)."""

    def __init__(self, detail: str) -> None:
        self.detail, self.graph, self._random = detail, Graph(), np.random.default_rng(7)
        self.half = TensorProto.FLOAT16 if detail == "float16 inside" else TensorProto.FLOAT

    def conv(
        self, x: str, c_in: int, c_out: int, side: int, stride: int = 1, *, silu: bool = True, one_bias: bool = False
    ) -> str:
        dtype = np.float16 if self.half == TensorProto.FLOAT16 else np.float32
        weight = self.graph.constant(self._random.normal(0, (c_in * side**2) ** -0.5, (c_out, c_in, side, side)), dtype)
        bias = self.graph.constant(self._random.normal(0, 0.5, (1, 1, 1, 1) if one_bias else c_out), dtype)
        plain = {"kernel_shape": [side] * 2, "strides": [stride] * 2, "pads": [side // 2] * 4}
        y = self.graph.apply("Conv", x, weight, *([] if one_bias else [bias]), **plain)
        y = self.graph.apply("Add", y, bias) if one_bias else y
        return self.graph.apply("Mul", y, self.graph.apply("Sigmoid", y)) if silu else y

    def branch(self, x: str, out: int) -> str:
        first = self.conv(x, 8, 5, 3)
        second = self.conv(first, 5, 6, 3)
        last = self.conv(second, 6, out, 1, silu=False, one_bias=self.detail == "one bias for all channels")
        if self.detail == "a middle that others read":
            last = self.graph.apply("Add", last, self.graph.apply("ReduceMean", first, axes=[1], keepdims=1))
        return last

    def score(self, x: str) -> str:
        if self.detail == "scores of half the size":
            small = self.conv(self.conv(x, 8, 6, 3, 2), 6, 1, 1, silu=False)
            scales = self.graph.constant([1, 1, 2, 2], np.float32)
            return self.graph.apply("Resize", small, "", scales, mode="nearest")
        found = self.conv(self.conv(x, 8, 6, 3), 6, 1, 1, silu=False)
        return self.graph.apply("Neg", found) if self.detail == "scores turned round" else found

    def level(self, x: str) -> str:
        parts = [self.branch(x, 4), self.graph.apply("Sigmoid", self.score(x)), self.branch(x, 6)]
        return self.graph.reshape(self.graph.concat(parts, axis=1), 0, 11, -1)

    def write(self, path: Path) -> Path:
        floats = self.graph.apply("Transpose", self.graph.apply("Cast", "images", to=self.half), perm=[0, 3, 1, 2])
        scale = self.graph.constant(1 / 255, np.float16 if self.half == TensorProto.FLOAT16 else np.float32)
        x = self.conv(self.graph.apply("Mul", floats, scale), 3, 8, 3, 8)
        if self.detail == "a gate of one channel":
            x = self.conv(x, 8, 8, 3)
            gate = self.graph.apply("Sigmoid", self.conv(x, 8, 1, 1, silu=False))
            found = [self.level(x), self.level(self.graph.apply("Mul", x, gate))]
        elif self.detail == "a map straight from another":
            found = [self.level(x), self.level(self.conv(x, 8, 8, 3, 2))]
        else:
            found = [self.level(x)]
        output = self.graph.apply("Cast", self.graph.concat(found, axis=2), to=TensorProto.FLOAT)
        images = helper.make_tensor_value_info("images", TensorProto.UINT8, ["N", "H", "W", 3])
        onnx.save(self.graph.model("head", [images], output, ["N", 11, "cells"]), str(path))
        return path


@pytest.mark.parametrize(
    ("detail", "levels"),
    [
        ("nothing", 1),
        ("a map straight from another", 2),
        ("a gate of one channel", 1),  # the map before the gate has two such branches
        ("scores of half the size", 0),
        ("scores turned round", 0),
        ("one bias for all channels", 0),
        ("a middle that others read", 0),
        ("float16 inside", 0),
    ],
)
def test_a_head_that_is_built_otherwise_answers_as_it_is(tmp_path: Path, detail: str, levels: int) -> None:
    found = thinned(Head(detail).write(tmp_path / "head.onnx"), 0.7)
    assert found["levels"] == levels
    assert found["wanted"] > 0
    assert (found["apart"], found["scores"]) == (pytest.approx(0, abs=1e-3), 0)
    assert (found["apart_elsewhere"] > 0.1) == bool(levels)


def test_a_quantised_network_computes_as_before(tmp_path: Path) -> None:
    """Its weights are read by operators that a search must not fold away: eight bits would become 32."""
    plain, quantised = Head("nothing").write(tmp_path / "plain.onnx"), tmp_path / "quantised.onnx"

    class Pictures(CalibrationDataReader):
        def __init__(self) -> None:
            self._left = [np.random.default_rng(n).integers(0, 256, (1, 64, 96, 3), dtype=np.uint8) for n in range(3)]

        def get_next(self) -> dict[str, np.ndarray] | None:
            return {"images": self._left.pop()} if self._left else None

    quantize_static(plain, quantised, Pictures(), op_types_to_quantize=["Conv"])
    found = thinned(quantised, 0.7)
    assert (found["levels"], found["apart"], found["apart_elsewhere"], found["scores"]) == (0, 0, 0, 0)


def test_another_network_is_left_alone(tmp_path: Path) -> None:
    yolo_pose.convert(tiny_pose(tmp_path / "shallow.pt"), tmp_path / "shallow.onnx")
    (tmp_path / "other.onnx").write_bytes(pose_models.model())
    for name in ("shallow", "other"):
        found = thinned(tmp_path / f"{name}.onnx", 0.5)
        assert (found["levels"], found["apart"], found["apart_elsewhere"]) == (0, 0, 0), name
