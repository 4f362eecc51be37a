"""Tiny pose models in the served contract, and packages of them: they find one person, wherever they are told."""

import io
import tarfile
from pathlib import Path

import numpy as np
import onnx
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from onnx import TensorProto, helper, numpy_helper

from app.inference.contract import SERVED
from app.models.signing import sign

PACKAGE = """
model = "yolo_pose"
artefact = "tiny pose"
publisher = "Tests"
licence = "MIT"
training_data = "Nothing: it is constant."
[tolerance]
keypoint_px = 2.0
score = 0.05
"""


def answer(x: float) -> np.ndarray:
    """(1, 56, 3): one person at x, of score 0.9, and two candidates of none."""
    found = np.zeros((1, 56, 3), np.float32)
    found[0, :5, 0] = [x, 200, 60, 160, 0.9]
    found[0, 5:, 0] = np.tile([x, 200, 0.9], 17)
    return found


def model(x: float = 300.0, *, output: str = "predictions", rows: int = 56, nan: bool = False, slow: int = 0) -> bytes:
    """An ONNX file: the answer plus a thousandth of the picture's mean, after `slow` convolutions that change nothing."""
    weights = [
        numpy_helper.from_array(answer(x)[:, :rows], "answer"),
        numpy_helper.from_array(np.float32(float("nan") if nan else 1e-3), "scale"),
    ]
    nodes = [
        helper.make_node("Cast", ["images"], ["floats"], to=TensorProto.FLOAT),
        helper.make_node("Transpose", ["floats"], ["c0"], perm=[0, 3, 1, 2]),
    ]
    for index in range(slow):
        kernel = np.random.default_rng(index).standard_normal((24, 24 if index else 3, 5, 5)).astype(np.float32)
        weights.append(numpy_helper.from_array(kernel / 30, f"k{index}"))
        nodes.append(helper.make_node("Conv", [f"c{index}", f"k{index}"], [f"c{index + 1}"], pads=[2, 2, 2, 2]))
    weights.append(numpy_helper.from_array(np.float32(1e-6 if slow else 1.0), "kept"))
    nodes += [
        helper.make_node("ReduceMean", [f"c{slow}"], ["mean"], axes=[1, 2, 3], keepdims=0),
        helper.make_node("Mul", ["mean", "scale"], ["small"]),
        helper.make_node("Mul", ["small", "kept"], ["smaller"]),
        helper.make_node("Reshape", ["smaller", "shape"], ["column"]),
        helper.make_node("Add", ["column", "answer"], [output]),
    ]
    weights.append(numpy_helper.from_array(np.array([-1, 1, 1], np.int64), "shape"))
    graph = helper.make_graph(
        nodes, "tiny",
        [helper.make_tensor_value_info("images", TensorProto.UINT8, ["N", "H", "W", 3])],
        [helper.make_tensor_value_info(output, TensorProto.FLOAT, ["N", rows, 3])],
        weights,
    )  # fmt: skip
    made = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8)
    return bytes(made.SerializeToString())


def write(folder: Path, content: bytes, key: Ed25519PrivateKey, x: float = 300.0, package: str = PACKAGE) -> Path:
    """A signed package whose golden outputs have the person at `x`."""
    folder.mkdir()
    (folder / "model.onnx").write_bytes(content)
    (folder / "contract.toml").write_bytes((SERVED / "yolo_pose" / "contract.toml").read_bytes())
    (folder / "package.toml").write_text(package, "utf-8")
    np.savez(folder / "golden.npz", images=np.full((1, 384, 640, 3), 9, np.uint8), predictions=answer(x))
    sign(folder, key)
    return folder


def tar(folder: Path) -> bytes:
    """What is sent."""
    content = io.BytesIO()
    with tarfile.open(fileobj=content, mode="w") as archive:
        for path in sorted(folder.iterdir()):
            archive.add(path, arcname=path.name)
    return content.getvalue()


def checked(content: bytes) -> bytes:
    """The same, once ONNX's own checker takes it."""
    onnx.checker.check_model(onnx.load_from_string(content))
    return content
