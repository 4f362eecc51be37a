"""dlib's face recognition network (`dlib_face_recognition_resnet_model_v1.dat`) to ONNX, without dlib.

The file holds weights and each layer's settings, but no topology: that is dlib's `anet_type`, a residual network of 29
convolutions, written down in `_layers`. Every name, version and setting is compared, and the file must end where the
network does. Input: UINT8 [N, 150, 150, 3] RGB, an aligned chip. Output: `embedding` FP32 [N, 128], not normalised.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt
import onnx
from onnx import TensorProto, helper

from app.inference.convert.checkpoint import ConversionError
from app.inference.convert.dlib_file import DlibFile
from app.inference.convert.graph import Graph

SIDE: Final = 150
DIMENSIONS: Final = 128
_LEVELS: Final = ((32, 3, False), (64, 4, True), (128, 3, True), (256, 3, True), (256, 1, True))
"""(filters, residual blocks, whether the first one halves the size), from the input to the output."""


@dataclass(frozen=True, slots=True)
class _Layer:
    """One dlib layer: `tag` and `skip` carry nothing but a version."""

    kind: str
    filters: int = 0
    size: int = 0
    stride: int = 1
    pad: int = 0


def convert(source: Path, target: Path) -> None:
    """Write the ONNX model. ConversionError when the file is not this network."""
    onnx.save(_model(DlibFile(source)), target_of(target))


def target_of(target: Path) -> Path:
    """The file to write, its folder made."""
    target.parent.mkdir(parents=True, exist_ok=True)
    return target


def _layers() -> list[_Layer]:
    """From the input to the output."""
    found = [_Layer("con", 32, 7, 2), _Layer("affine", 32), _Layer("relu"), _Layer("max_pool", size=3, stride=2)]
    for filters, blocks, halves in _LEVELS:
        for block in range(blocks):
            down = halves and block == 0
            first = _Layer("con", filters, 3, 2, 0) if down else _Layer("con", filters, 3, 1, 1)
            found += [_Layer("tag"), first, _Layer("affine", filters), _Layer("relu")]
            found += [_Layer("con", filters, 3, 1, 1), _Layer("affine", filters)]
            if down:
                found += [_Layer("tag"), _Layer("skip"), _Layer("avg_pool", size=2, stride=2)]
            found += [_Layer("add_prev"), _Layer("relu")]
    return [*found, _Layer("avg_pool"), _Layer("fc")]


def _model(file: DlibFile) -> onnx.ModelProto:
    layers, graph = _layers(), Graph()
    means = _head(file, layers)
    x = graph.apply("Transpose", graph.apply("Cast", "chips", to=TensorProto.FLOAT), perm=[0, 3, 1, 2])
    side, channels, start, branch = SIDE, 3, ("", 0, 0), ("", 0, 0)
    for number, layer in enumerate(layers):
        if layer.kind == "tag":
            if layers[number + 1].kind == "skip":
                branch, (x, channels, side) = (x, channels, side), start
            else:
                start = (x, channels, side)
                branch = start
        elif layer.kind == "con":
            x = _convolution(graph, file, layer, channels, x, means if number == 0 else None)
            channels, side = layer.filters, (side + 2 * layer.pad - layer.size) // layer.stride + 1
        elif layer.kind == "affine":
            x = _affine(graph, file, layer, x)
        elif layer.kind in ("max_pool", "avg_pool"):
            x = _pool(graph, file, layer, x)
            side = (side - layer.size) // layer.stride + 1 if layer.size else 1
        elif layer.kind == "add_prev":
            file.expect_text("add_prev_")
            x, channels, side = _add(graph, (x, channels, side), branch)
        elif layer.kind == "relu":
            file.expect_text("relu_")
            x = graph.apply("Relu", x)
        elif layer.kind == "fc":
            x = _fully_connected(graph, file, x)
        if layer.kind not in ("tag", "skip"):
            _foot(file, first=number == 0)
    if not file.at_end:
        raise ConversionError("The file goes on after the network's end; it is another network.")
    images = helper.make_tensor_value_info("chips", TensorProto.UINT8, ["n", SIDE, SIDE, 3])
    return graph.model_of("dlib_face_resnet", [images], {"embedding": (x, ["n", DIMENSIONS])})


def _head(file: DlibFile, layers: list[_Layer]) -> npt.NDArray[np.float64]:
    """Everything before the first layer's body; the three channel means."""
    file.expect(1)
    file.expect_text("loss_metric_2")
    file.number()  # margin and threshold of the training loss
    file.number()
    for layer in reversed(layers[1:]):
        file.expect(1 if layer.kind in ("tag", "skip") else 2)
    file.expect(3)
    file.expect_text("input_rgb_image_sized")
    means = np.array([file.number() for _ in range(3)])
    file.expect(SIDE, SIDE)
    return means


def _foot(file: DlibFile, *, first: bool) -> None:
    """What follows every layer: three flags, three empty tensors; the first also a sample expansion factor."""
    for _ in range(3):
        file.truth()
    for _ in range(3):
        if file.tensor().size:
            raise ConversionError("The file was saved in the middle of training; save it cleaned.")
    if first:
        file.expect(1)


def _convolution(
    graph: Graph, file: DlibFile, layer: _Layer, channels: int, x: str, means: npt.NDArray[np.float64] | None
) -> str:
    file.expect_text("con_4")
    numbers = file.tensor().ravel().astype(np.float64)
    file.expect(layer.filters, layer.size, layer.size, layer.stride, layer.stride, layer.pad, layer.pad)
    file.expect(1, layer.filters, channels, layer.size, layer.size)
    file.expect(1, 1, layer.filters, 1, 1)
    for _ in range(4):
        file.number()  # learning-rate and weight-decay multipliers
    split = layer.filters * channels * layer.size**2
    weight = numbers[:split].reshape(layer.filters, channels, layer.size, layer.size)
    bias = numbers[split:]
    if means is not None:  # (x - mean) / 256 folds in, because the first convolution is not padded
        weight = weight / 256
        bias = bias - np.einsum("oihw,i->o", weight, means)
    return graph.apply(
        "Conv", x, graph.constant(weight, np.float32), graph.constant(bias, np.float32),
        kernel_shape=[layer.size] * 2, strides=[layer.stride] * 2, pads=[layer.pad] * 4,
    )  # fmt: skip


def _affine(graph: Graph, file: DlibFile, layer: _Layer, x: str) -> str:
    file.expect_text("affine_")
    gamma, beta = file.tensor().reshape(2, 1, layer.filters, 1, 1)
    for _ in range(2):
        file.expect(1, 1, layer.filters, 1, 1)
    file.expect(0)  # a factor for each channel, not for each unit
    scaled = graph.apply("Mul", x, graph.constant(gamma, np.float32))
    return graph.apply("Add", scaled, graph.constant(beta, np.float32))


def _pool(graph: Graph, file: DlibFile, layer: _Layer, x: str) -> str:
    file.expect_text(f"{layer.kind}_2")
    file.expect(layer.size, layer.size, layer.stride, layer.stride, 0, 0)
    if layer.size == 0:
        return graph.apply("GlobalAveragePool", x)
    kind = "MaxPool" if layer.kind == "max_pool" else "AveragePool"
    return graph.apply(kind, x, kernel_shape=[layer.size] * 2, strides=[layer.stride] * 2)


def _add(graph: Graph, one: tuple[str, int, int], other: tuple[str, int, int]) -> tuple[str, int, int]:
    """The sum of two branches, the smaller one padded with zeros at the end of channels, rows and columns."""
    channels, side = max(one[1], other[1]), max(one[2], other[2])
    padded = []
    for name, depth, size in (one, other):
        pads = (0, 0, 0, 0, 0, channels - depth, side - size, side - size)
        padded.append(graph.apply("Pad", name, graph.ints(*pads)) if any(pads) else name)
    return graph.apply("Add", *padded), channels, side


def _fully_connected(graph: Graph, file: DlibFile, x: str) -> str:
    file.expect_text("fc_2")
    inputs = _LEVELS[-1][0]
    file.expect(DIMENSIONS, inputs)
    weight = file.tensor().reshape(inputs, DIMENSIONS)
    file.expect(1, inputs, DIMENSIONS, 1, 1)
    file.expect(1, 0, 0, 0, 0)
    file.expect(1)  # no bias
    for _ in range(4):
        file.number()
    return graph.apply("MatMul", graph.apply("Flatten", x), graph.constant(weight, np.float32))
