"""BlazeFace (MediaPipe face detection, TensorFlow Lite) to ONNX, without TensorFlow.

Input: UINT8 [N, S, S, 3] RGB 0..255; the scaling to -1..1 is inside. Outputs: `boxes` FP32 [N, anchors, 16] and `scores`
FP32 [N, anchors, 1], raw as the network gives them; `triton_models/face_pipeline/families.py` decodes them.
"""

from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import onnx
from onnx import TensorProto, helper

from app.inference.convert import tflite
from app.inference.convert.checkpoint import ConversionError
from app.inference.convert.dlib_resnet import target_of
from app.inference.convert.graph import Graph
from app.inference.convert.tflite import Network, Operator

_NHWC_TO_NCHW: Final = (0, 3, 1, 2)
_NCHW_TO_NHWC: Final = (0, 2, 3, 1)
_RELU: Final = 1


def convert(source: Path, target: Path) -> None:
    """Write the ONNX model. ConversionError when the file is no such network."""
    onnx.save(_Conversion(tflite.read(source)).model(), target_of(target))


class _Conversion:
    """One network on its way; computed 4-d tensors are NCHW, others as they were."""

    def __init__(self, network: Network) -> None:
        self._network, self._graph = network, Graph()
        self._names: dict[int, str] = {}
        self._values: dict[int, npt.NDArray[Any]] = {
            number: tensor.values for number, tensor in enumerate(network.tensors) if tensor.values is not None
        }

    def model(self) -> onnx.ModelProto:
        """The finished model."""
        (entry,) = self._network.inputs
        _, height, width, channels = self._shape(entry)
        if height != width or channels != 3:
            raise ConversionError(f"The network takes {height}x{width}x{channels}; a square of three channels is expected.")
        graph = self._graph
        pixels = graph.apply("Transpose", graph.apply("Cast", "images", to=TensorProto.FLOAT), perm=_NHWC_TO_NCHW)
        scaled = graph.apply("Mul", pixels, graph.constant(1 / 127.5, np.float32))
        self._names[entry] = graph.apply("Sub", scaled, graph.constant(1.0, np.float32))
        for operator in self._network.operators:
            self._apply(operator)
        outputs: dict[str, tuple[str, list[str | int]]] = {}
        for number in self._network.outputs:
            _, anchors, size = self._shape(number)
            outputs["boxes" if size == 16 else "scores"] = (self._names[number], ["n", anchors, size])
        if set(outputs) != {"boxes", "scores"}:
            raise ConversionError("The network does not answer boxes and scores; it is another one.")
        images = helper.make_tensor_value_info("images", TensorProto.UINT8, ["n", height, width, 3])
        return graph.model_of("blazeface", [images], {name: outputs[name] for name in ("boxes", "scores")})

    def _shape(self, number: int) -> tuple[int, ...]:
        return self._network.tensors[number].shape

    def _apply(self, operator: Operator) -> None:
        (output,) = operator.outputs
        if operator.kind == "DEQUANTIZE":  # float16 constants
            self._values[output] = self._values[operator.inputs[0]].astype(np.float32)
            return
        build = {
            "CONV_2D": self._convolution,
            "DEPTHWISE_CONV_2D": self._convolution,
            "MAX_POOL_2D": self._max_pool,
            "PAD": self._pad,
            "RESIZE_BILINEAR": self._resize,
            "RESHAPE": self._reshape,
            "CONCATENATION": self._concatenate,
            "ADD": self._add,
            "RELU": self._relu,
        }
        self._names[output] = build[operator.kind](operator)

    def _convolution(self, operator: Operator) -> str:
        x, weights, bias = operator.inputs
        depthwise, options = operator.kind == "DEPTHWISE_CONV_2D", _options(operator)
        weight = self._values[weights].astype(np.float32)
        # TensorFlow Lite keeps (out, h, w, in), and (1, h, w, channels) for depthwise ones.
        weight = weight.transpose(3, 0, 1, 2) if depthwise else weight.transpose(0, 3, 1, 2)
        if depthwise and options.scalar(3) != 1:
            raise ConversionError("A depthwise convolution with a multiplier is unknown to this converter.")
        fused, (wide, high) = (4, (5, 6)) if depthwise else (3, (4, 5))
        if options.scalar(wide, default=1) != 1 or options.scalar(high, default=1) != 1:
            raise ConversionError("A dilated convolution is unknown to this converter.")
        strides = [options.scalar(2), options.scalar(1)]
        pads = self._pads(x, weight.shape[2:], strides, same=options.scalar(0, "<b") == 0)
        out = self._graph.apply(
            "Conv", self._names[x], self._graph.constant(weight, np.float32),
            self._graph.constant(self._values[bias], np.float32), kernel_shape=list(weight.shape[2:]),
            strides=strides, pads=pads, group=weight.shape[0] if depthwise else 1,
        )  # fmt: skip
        return self._activated(out, options.scalar(fused, "<b"))

    def _pads(self, x: int, kernel: tuple[int, ...], strides: list[int], *, same: bool) -> list[int]:
        """TensorFlow's SAME is lopsided: the odd pixel of padding is at the end."""
        if not same:
            return [0, 0, 0, 0]
        totals = [
            max((-(-size // stride) - 1) * stride + span - size, 0)
            for size, span, stride in zip(self._shape(x)[1:3], kernel, strides, strict=True)
        ]
        return [*(total // 2 for total in totals), *(total - total // 2 for total in totals)]

    def _activated(self, x: str, activation: int) -> str:
        if activation not in (0, _RELU):
            raise ConversionError(f"The activation {activation} is unknown to this converter.")
        return self._graph.apply("Relu", x) if activation == _RELU else x

    def _max_pool(self, operator: Operator) -> str:
        options, (x,) = _options(operator), operator.inputs
        strides, kernel = [options.scalar(2), options.scalar(1)], [options.scalar(4), options.scalar(3)]
        pads = self._pads(x, tuple(kernel), strides, same=options.scalar(0, "<b") == 0)
        out = self._graph.apply("MaxPool", self._names[x], kernel_shape=kernel, strides=strides, pads=pads)
        return self._activated(out, options.scalar(5, "<b"))

    def _pad(self, operator: Operator) -> str:
        x, sizes = operator.inputs
        before, after = self._values[sizes].astype(int)[list(_NHWC_TO_NCHW)].T.tolist()
        return self._graph.apply("Pad", self._names[x], self._graph.ints(*before, *after))

    def _resize(self, operator: Operator) -> str:
        options, (x, size) = _options(operator), operator.inputs
        mode = "asymmetric"
        if options.scalar(2, "<b"):
            mode = "align_corners"
        elif options.scalar(3, "<b"):
            mode = "half_pixel"
        height, width = (int(value) for value in self._values[size])
        (old_height, old_width), graph = self._shape(x)[1:3], self._graph
        scales = graph.constant([1, 1, height / old_height, width / old_width], np.float32)
        return graph.apply("Resize", self._names[x], "", scales, mode="linear", coordinate_transformation_mode=mode)

    def _reshape(self, operator: Operator) -> str:
        x, (output,) = operator.inputs[0], operator.outputs
        back = self._graph.apply("Transpose", self._names[x], perm=_NCHW_TO_NHWC)
        # The first dimension stays: the file was made for a batch of one.
        return self._graph.reshape(back, 0, *self._shape(output)[1:])

    def _concatenate(self, operator: Operator) -> str:
        if any(len(self._shape(number)) != 3 for number in operator.inputs):
            raise ConversionError("Only the outputs of the scales may be joined.")
        return self._graph.concat([self._names[number] for number in operator.inputs], axis=1)

    def _add(self, operator: Operator) -> str:
        out = self._graph.apply("Add", *(self._names[number] for number in operator.inputs))
        return self._activated(out, _options(operator).scalar(0, "<b"))

    def _relu(self, operator: Operator) -> str:
        return self._graph.apply("Relu", self._names[operator.inputs[0]])


def _options(operator: Operator) -> tflite.Table:
    if operator.options is None:
        raise ConversionError(f"A {operator.kind} without its settings; the file is damaged.")
    return operator.options
