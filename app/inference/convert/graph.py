"""Builds an ONNX graph operator by operator, with the convolution blocks that detectors are made of."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import onnx
from onnx import TensorProto, helper, numpy_helper

from app.inference.convert.checkpoint import ConversionError, Module

OPSET = 17
IR_VERSION = 8
"""Old enough for the ONNX Runtime inside stock Triton containers."""


class Graph:
    """An ONNX graph under construction. Tensors are named by strings; every method returns the name of its output."""

    def __init__(self) -> None:
        self._nodes: list[onnx.NodeProto] = []
        self._constants: list[onnx.TensorProto] = []
        self._known: dict[tuple[str, tuple[int, ...], bytes], str] = {}

    def constant(self, value: npt.ArrayLike, dtype: npt.DTypeLike) -> str:
        """A constant; equal ones share a tensor. A number stays 0-dimensional, which Range and Gather need."""
        array = np.array(value, dtype=dtype, order="C")
        key = (array.dtype.str, array.shape, array.tobytes())
        if key not in self._known:
            self._known[key] = f"c{len(self._constants)}"
            self._constants.append(numpy_helper.from_array(array, self._known[key]))
        return self._known[key]

    def ints(self, *values: int) -> str:
        """A 1-dimensional int64 constant."""
        return self.constant(values, np.int64)

    def apply(self, operator: str, *inputs: str, **attributes: Any) -> str:
        """The output of an operator."""
        return self.split(operator, 1, *inputs, **attributes)[0]

    def split(self, operator: str, outputs: int, *inputs: str, **attributes: Any) -> list[str]:
        """The outputs of an operator that has several."""
        names = [f"t{len(self._nodes)}_{i}" for i in range(outputs)]
        self._nodes.append(helper.make_node(operator, list(inputs), names, **attributes))
        return names

    def concat(self, inputs: Sequence[str], axis: int) -> str:
        """The inputs joined along an axis."""
        return self.apply("Concat", *inputs, axis=axis)

    def reshape(self, x: str, *shape: int) -> str:
        """`x` in another shape; 0 keeps a dimension, -1 takes the rest."""
        return self.apply("Reshape", x, self.ints(*shape))

    def model(self, name: str, inputs: Sequence[onnx.ValueInfoProto], output: str, shape: Sequence[str | int]) -> onnx.ModelProto:
        """The finished, checked model with one float32 output called `predictions`."""
        return self.model_of(name, inputs, {"predictions": (output, shape)})

    def model_of(
        self, name: str, inputs: Sequence[onnx.ValueInfoProto], outputs: Mapping[str, tuple[str, Sequence[str | int]]]
    ) -> onnx.ModelProto:
        """The finished, checked model with float32 outputs: name to (tensor, shape)."""
        results = []
        for output, (tensor, shape) in outputs.items():
            self._nodes.append(helper.make_node("Identity", [tensor], [output]))
            results.append(helper.make_tensor_value_info(output, TensorProto.FLOAT, list(shape)))
        graph = helper.make_graph(self._nodes, name, list(inputs), results, self._constants)
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", OPSET)], producer_name="pennyprotect")
        model.ir_version = IR_VERSION
        onnx.checker.check_model(model)
        return model


def convolution(graph: Graph, conv: Module, x: str, norm: Module | None = None, gain: float = 1.0) -> str:
    """A Conv2d with the BatchNorm2d behind it folded in; `gain` multiplies its input.

    w' = w g / sqrt(var + eps), b' = beta + (b - mean) g / sqrt(var + eps), in float64 whatever the file stores.
    """
    if conv.kind != "Conv2d" or conv.attributes.get("padding_mode", "zeros") != "zeros":
        raise ConversionError(f"A convolution of kind {conv.kind} is unknown to this converter.")
    weight = conv.arrays["weight"].astype(np.float64)
    bias = conv.arrays.get("bias", np.zeros(len(weight))).astype(np.float64)
    if norm is not None:
        if norm.kind != "BatchNorm2d":
            raise ConversionError(f"A normalisation of kind {norm.kind} is unknown to this converter.")
        scale = norm.arrays["weight"].astype(np.float64) / np.sqrt(
            norm.arrays["running_var"].astype(np.float64) + float(norm.attributes["eps"])
        )
        weight = weight * scale[:, None, None, None]
        bias = norm.arrays["bias"].astype(np.float64) + (bias - norm.arrays["running_mean"]) * scale
    vertical, horizontal = conv.attributes["padding"]
    return graph.apply(
        "Conv", x, graph.constant(weight * gain, np.float32), graph.constant(bias, np.float32),
        kernel_shape=list(weight.shape[2:]), strides=list(conv.attributes["stride"]),
        dilations=list(conv.attributes["dilation"]), group=int(conv.attributes["groups"]),
        pads=[vertical, horizontal, vertical, horizontal],
    )  # fmt: skip


def activated(graph: Graph, block: Module, x: str, gain: float = 1.0) -> str:
    """Convolution, normalisation, activation."""
    parts = block.children
    # A checkpoint may be saved with the normalisation already folded in.
    x = convolution(graph, parts["conv"], x, parts.get("bn"), gain)
    kind = parts["act"].kind if "act" in parts else "SiLU"
    if kind == "Identity":
        return x
    if kind != "SiLU":
        raise ConversionError(f"An activation of kind {kind} is unknown to this converter.")
    return graph.apply("Mul", x, graph.apply("Sigmoid", x))


Block = Callable[[Graph, Module, str], str]


def sequence(graph: Graph, block: Module, x: str, layers: dict[str, Block]) -> str:
    """One block after another, each by its kind in `layers`."""
    for child in block.children.values():
        x = layer(graph, child, x, layers)
    return x


def layer(graph: Graph, block: Module, x: str, layers: dict[str, Block]) -> str:
    """One block by its kind in `layers`; ConversionError when its kind is unknown."""
    build = layers.get(block.kind)
    if build is None:
        known = ", ".join(sorted(layers))
        raise ConversionError(
            f"This model has a layer of kind {block.kind}, which the converter does not know (it knows {known}); "
            "use a YOLOv8 or YOLO11 pose checkpoint."
        )
    return build(graph, block, x)
