"""Tiny face embeddings in the served contract, and packages of them: an embedding is the mean colour, spread by a matrix."""

from pathlib import Path

import numpy as np
import onnx
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from onnx import TensorProto, helper, numpy_helper

from app.inference.contract import SERVED
from app.models.signing import sign

PACKAGE = """
model = "face_embedding"
artefact = "tiny faces"
publisher = "Tests"
licence = "MIT"
training_data = "Nothing: it is random."
[tolerance]
cosine = 0.999
"""
CHIPS = np.stack([np.full((150, 150, 3), colour, np.uint8) for colour in ((200, 20, 20), (20, 20, 200))])


def _matrix(seed: int) -> np.ndarray:
    return np.random.default_rng(seed).standard_normal((3, 128)).astype(np.float32)


def answer(seed: int) -> np.ndarray:
    """(2, 128) of `CHIPS`."""
    return CHIPS.astype(np.float32).mean(axis=(1, 2)) @ _matrix(seed)


def model(seed: int) -> bytes:
    """An ONNX file."""
    nodes = [
        helper.make_node("Cast", ["chips"], ["floats"], to=TensorProto.FLOAT),
        helper.make_node("ReduceMean", ["floats"], ["mean"], axes=[1, 2], keepdims=0),
        helper.make_node("MatMul", ["mean", "matrix"], ["embedding"]),
    ]
    graph = helper.make_graph(
        nodes, "tiny",
        [helper.make_tensor_value_info("chips", TensorProto.UINT8, ["N", 150, 150, 3])],
        [helper.make_tensor_value_info("embedding", TensorProto.FLOAT, ["N", 128])],
        [numpy_helper.from_array(_matrix(seed), "matrix")],
    )  # fmt: skip
    made = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8)
    onnx.checker.check_model(made)
    return bytes(made.SerializeToString())


def write(folder: Path, content: bytes, key: Ed25519PrivateKey, promised: np.ndarray, package: str = PACKAGE) -> Path:
    """A signed package."""
    folder.mkdir()
    (folder / "model.onnx").write_bytes(content)
    (folder / "contract.toml").write_bytes((SERVED / "face_embedding" / "contract.toml").read_bytes())
    (folder / "package.toml").write_text(package, "utf-8")
    np.savez(folder / "golden.npz", images=CHIPS[: len(promised)], embedding=promised)
    sign(folder, key)
    return folder
