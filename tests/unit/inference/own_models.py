"""Small face networks in the forms that people publish them in: real ONNX files whose answers are known."""

from pathlib import Path
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

SIDE = 64
STRIDES = (8, 16, 32)
BOX = (16.0, 16.0, 48.0, 48.0)
"""Where each detector finds its one face, in pixels of its input, if the first colour of the picture is bright."""


def save(path: Path, nodes: list[Any], entry: tuple[str, list[Any]], made: dict[str, list[Any]], weights: dict[str, Any]) -> Path:
    graph = helper.make_graph(
        nodes, "own", [helper.make_tensor_value_info(entry[0], TensorProto.FLOAT, entry[1])],
        [helper.make_tensor_value_info(name, TensorProto.FLOAT, shape) for name, shape in made.items()],
        [numpy_helper.from_array(np.asarray(value), name) for name, value in weights.items()],
    )  # fmt: skip
    path.parent.mkdir(parents=True, exist_ok=True)
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8), str(path))
    return path


def arcface(folder: Path, dimensions: int = 512) -> None:
    """[N, 3, 112, 112], (x - 127.5) / 127.5, as ArcFace models are: their numbers are weighted means of the colours."""
    weights = np.random.default_rng(4).standard_normal((3, dimensions)).astype(np.float32)
    nodes = [
        helper.make_node("ReduceMean", ["input.1"], ["means"], axes=[2, 3], keepdims=0),
        helper.make_node("MatMul", ["means", "weights"], ["683"]),
    ]
    save(folder / "model.onnx", nodes, ("input.1", ["batch", 3, 112, 112]), {"683": ["batch", dimensions]}, {"weights": weights})
    (folder / "contract.toml").write_text(
        f'family = "arcface"\nside_px = 112\ndimensions = {dimensions}\n[input]\nname = "input.1"\n'
        'datatype = "FP32"\nlayout = "NCHW"\n'
        f'mean = 127.5\nscale = 127.5\n[output.embedding]\ntensor = "683"\nshape = "N,{dimensions}"\n'
    )


def dlib(folder: Path) -> None:
    """UINT8 [N, 150, 150, 3], the normalisation inside, as the released network is."""
    arcface(folder, 128)
    model = onnx.load(folder / "model.onnx")
    model.graph.input[0].CopyFrom(helper.make_tensor_value_info("input.1", TensorProto.UINT8, ["batch", 150, 150, 3]))
    model.graph.node.insert(0, helper.make_node("Transpose", ["floats"], ["planes"], perm=[0, 3, 1, 2]))
    model.graph.node.insert(0, helper.make_node("Cast", ["input.1"], ["floats"], to=TensorProto.FLOAT))
    model.graph.node[2].input[0] = "planes"
    onnx.save(model, str(folder / "model.onnx"))
    (folder / "contract.toml").write_text(
        'family = "dlib"\nside_px = 150\ndimensions = 128\n[input]\nname = "input.1"\ndatatype = "UINT8"\nlayout = "NHWC"\n'
        '[output.embedding]\ntensor = "683"\nshape = "N,128"\n'
    )


def yunet(folder: Path) -> None:
    """[1, 3, h, w] BGR 0..255 with a batch in each output, as OpenCV's zoo has it."""
    _grid(folder, "yunet", {"cls": 1, "obj": 1, "bbox": 4, "kps": 10}, each=1, batched=True)


def scrfd(folder: Path) -> None:
    """[1, 3, h, w] RGB (x - 127.5) / 128, numbered outputs without a batch, as InsightFace exports it."""
    _grid(folder, "scrfd", {"score": 1, "bbox": 4, "kps": 10}, each=2, batched=False)


def _grid(folder: Path, family: str, parts: dict[str, int], each: int, batched: bool) -> None:
    """One cell of stride 16 answers: the one at row 1, column 1, whose origin is (16, 16)."""
    bgr = family == "yunet"
    values = {
        "cls": [0.9], "obj": [0.9], "score": [0.9], "kps": [0.5, 0.5, 1.5, 0.5, 1, 1, 0.5, 1.5, 1.5, 1.5],
        "bbox": [1, 1, np.log(2), np.log(2)] if bgr else [0, 0, 2, 2],
    }  # fmt: skip
    weights: dict[str, Any] = {"channel": np.array([2 if bgr else 0], np.int64), "limit": np.array(100 if bgr else 0, np.float32)}
    nodes = [
        helper.make_node("Gather", ["input", "channel"], ["one"], axis=1),
        helper.make_node("ReduceMean", ["one"], ["mean"], keepdims=0),
        helper.make_node("Greater", ["mean", "limit"], ["bright"]),
        helper.make_node("Cast", ["bright"], ["seen"], to=TensorProto.FLOAT),
    ]
    made, lines, number = {}, [], 440
    for part, size in parts.items():
        for stride in STRIDES:
            count = (SIDE // stride) ** 2 * each
            answer = np.zeros(([1] if batched else []) + [count, size], np.float32)
            if stride == 16:
                answer[..., (SIDE // 16 + 1) * each, :] = values[part]
            key = f"{part}_{stride}"
            name = key if batched else str(number := number + 1)
            weights[f"w_{key}"] = answer
            scored = part in ("cls", "obj", "score")
            nodes.append(helper.make_node("Mul" if scored else "Identity", [f"w_{key}", *(["seen"] if scored else [])], [name]))
            made[name] = list(answer.shape)
            lines.append(f'[output.{key}]\ntensor = "{name}"\nshape = "N,{count},{size}"')
    save(folder / "model.onnx", nodes, ("input", [1, 3, SIDE, SIDE]), made, weights)
    form = 'order = "BGR"' if bgr else "mean = 127.5\nscale = 128.0"
    (folder / "contract.toml").write_text(
        f'family = "{family}"\nside_px = {SIDE}\nleast_score = 0.5\n[input]\nname = "input"\ndatatype = "FP32"\nlayout = "NCHW"\n'
        f"{form}\n" + "\n".join(lines) + "\n"
    )


def picture(first: int) -> np.ndarray:
    """(128, 128, 3) RGB, its red so bright; no two places alike."""
    pixels = np.random.default_rng(first).integers(0, 60, (128, 128, 3)).astype(np.uint8)
    pixels[:, :, 0] = np.clip(pixels[:, :, 0].astype(int) + first, 0, 255)
    return pixels
