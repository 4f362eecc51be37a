"""An exported pose network made one of the served contract: input UINT8 NHWC, the normalisation inside, other names."""

from pathlib import Path
from typing import Any, Final

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from app.inference.contract import PoseContract
from app.kit.errors import BadInputError

WHITE: Final = 255.0
ROWS: Final = 56


def wrapped(source: Path, contract: PoseContract) -> bytes:
    """The network of `source` (FP32 [N, 3, H, W] RGB 0..1 in, FP32 [N, 56, anchors] out, as YOLOv8 and YOLO11 pose exports are).

    Raises:
        BadInputError: it is no such export.
    """
    try:
        model = onnx.load(source)
    except Exception as error:  # protobuf raises classes of its own
        raise BadInputError(f"{source} is no readable ONNX file.") from error
    graph, weights = model.graph, {each.name for each in model.graph.initializer}
    inputs = [each for each in graph.input if each.name not in weights]
    if len(inputs) != 1 or len(graph.output) != 1 or not _is(inputs[0], 1, 3) or not _is(graph.output[0], 1, ROWS):
        raise BadInputError(
            f"{source} is no YOLO pose export: one FP32 input [N, 3, H, W], one FP32 output [N, {ROWS}, anchors]."
        )
    given, made = inputs[0], graph.output[0]
    of_before, of_after = given.name, made.name
    graph.initializer.append(numpy_helper.from_array(np.array(WHITE, np.float32), "wrapped_white"))
    before = [
        helper.make_node("Cast", [contract.input_name], ["wrapped_float"], to=TensorProto.FLOAT),
        helper.make_node("Transpose", ["wrapped_float"], ["wrapped_planes"], perm=[0, 3, 1, 2]),
        helper.make_node("Div", ["wrapped_planes", "wrapped_white"], ["wrapped_input"]),
    ]
    for node in graph.node:
        node.input[:] = ["wrapped_input" if name == of_before else name for name in node.input]
    nodes = [*before, *graph.node]
    if of_after != contract.outputs[0]:
        nodes.append(helper.make_node("Identity", [of_after], [contract.outputs[0]]))
    del graph.node[:]
    graph.node.extend(nodes)
    graph.input.remove(given)
    graph.input.append(helper.make_tensor_value_info(contract.input_name, TensorProto.UINT8, ["N", "H", "W", 3]))
    del graph.output[:]
    graph.output.append(helper.make_tensor_value_info(contract.outputs[0], TensorProto.FLOAT, ["N", ROWS, "anchors"]))
    del graph.value_info[:]  # shapes of the export's own size
    return bytes(model.SerializeToString())


def _is(value: Any, axis: int, wanted: int) -> bool:
    tensor = value.type.tensor_type
    sides = tensor.shape.dim
    rank = 4 if wanted == 3 else 3
    return tensor.elem_type == TensorProto.FLOAT and len(sides) == rank and sides[axis].dim_value == wanted
