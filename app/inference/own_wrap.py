"""An ONNX of somebody else's made one that takes UINT8 [N, h, w, 3] RGB and answers under the names that its contract gives."""

from pathlib import Path
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from app.kit.errors import BadInputError

PREFIX = "penny_"


def wrapped(source: Path, table: dict[str, Any], entry: str) -> bytes:
    """The network of `source`, its input called `entry`; normalised as `[input]` of the contract says.

    Raises:
        BadInputError: it is no ONNX file, or its tensors are not those of the contract; says which it has.
    """
    try:
        model = onnx.load(source)
    except Exception as error:  # protobuf raises classes of its own
        raise BadInputError(f"{source} is no readable ONNX file.") from error
    graph, weights = model.graph, {each.name for each in model.graph.initializer}
    (inputs, made) = [each.name for each in graph.input if each.name not in weights], [each.name for each in graph.output]
    wanted = {key: str(output.get("tensor", key)) for key, output in table["output"].items()}
    named = table["input"].get("name", entry)
    if inputs != [named] or not set(wanted.values()) <= set(made):
        raise BadInputError(
            f"{source} has the inputs {', '.join(inputs)} and the outputs {', '.join(made)}; its contract names {named}"
            f" and {', '.join(wanted.values())}."
        )
    used = {name for node in graph.node for name in (*node.input, *node.output)} | weights
    if entry != named and entry in used:
        raise BadInputError(f"{source} has another tensor that is called {entry}; rename it.")
    _rename(graph, {name: PREFIX + name for name in set(wanted.values()) | {named}})
    before = _before(graph, table["input"], entry, PREFIX + named)
    after = [_after(graph, key, PREFIX + name, table["output"][key]["shape"]) for key, name in wanted.items()]
    nodes = [*before, *graph.node, *after]
    del graph.node[:], graph.input[:], graph.output[:], graph.value_info[:]
    graph.node.extend(nodes)
    side = table["side_px"]
    graph.input.append(helper.make_tensor_value_info(entry, TensorProto.UINT8, ["N", side, side, 3]))
    for key in wanted:
        shape = [each if each == "N" else int(each) for each in table["output"][key]["shape"].replace(" ", "").split(",")]
        graph.output.append(helper.make_tensor_value_info(key, TensorProto.FLOAT, shape))
    return bytes(model.SerializeToString())


def _rename(graph: Any, names: dict[str, str]) -> None:
    for node in graph.node:
        node.input[:] = [names.get(name, name) for name in node.input]
        node.output[:] = [names.get(name, name) for name in node.output]


def _constant(graph: Any, name: str, value: Any, kind: type) -> str:
    graph.initializer.append(numpy_helper.from_array(np.array(value, kind), PREFIX + name))
    return PREFIX + name


def _before(graph: Any, given: dict[str, Any], entry: str, target: str) -> list[Any]:
    """Bytes to what the network takes."""
    if given["datatype"] == "UINT8":
        return [helper.make_node("Identity", [entry], [target])]
    mean, scale = (_constant(graph, key, given.get(key, default), np.float32) for key, default in (("mean", 0.0), ("scale", 1.0)))
    at = PREFIX + "floats"
    nodes = [helper.make_node("Cast", [entry], [at], to=TensorProto.FLOAT)]
    if given.get("order", "RGB") == "BGR":
        turned = _constant(graph, "bgr", [2, 1, 0], np.int64)
        nodes.append(helper.make_node("Gather", [at, turned], [at := PREFIX + "turned"], axis=3))
    nodes.append(helper.make_node("Sub", [at, mean], [PREFIX + "centred"]))
    last = target if given["layout"] == "NHWC" else PREFIX + "scaled"
    nodes.append(helper.make_node("Div", [PREFIX + "centred", scale], [last]))
    if given["layout"] == "NCHW":
        nodes.append(helper.make_node("Transpose", [last], [target], perm=[0, 3, 1, 2]))
    return nodes


def _after(graph: Any, key: str, source: str, shape: str) -> Any:
    """The output under its name, with the batch as its first dimension."""
    numbers = [int(each) for each in shape.replace(" ", "").split(",")[1:]]
    return helper.make_node("Reshape", [source, _constant(graph, f"shape_{key}", [-1, *numbers], np.int64)], [key])
