"""A YOLOv8 or YOLO11 pose checkpoint to ONNX, for any size of network.

The network takes RGB bytes, `images` [N, H, W, 3] uint8 with H and W multiples of 32, and gives `predictions`
[N, 56, anchors] float32: centre x, centre y, width, height, score, then 17 times x, y, score; pixels of the input. That
layout keeps the row of scores contiguous, so the decoder scans 20 kB of a frame's 1.1 MB.
"""

import os
import tempfile
from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper

from app.inference.convert.checkpoint import ConversionError, Module, read
from app.inference.convert.graph import Block, Graph, activated, convolution, layer, sequence

_BYTE = 1 / 255


def convert(source: Path, target: Path) -> None:
    """Write the ONNX form of the checkpoint at `source` to `target`, in whole or not at all. Raises ConversionError."""
    content = build(read(source)).SerializeToString(deterministic=True)
    target.parent.mkdir(parents=True, exist_ok=True)
    handle, part = tempfile.mkstemp(dir=target.parent, suffix=".part")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        Path(part).replace(target)
    finally:
        Path(part).unlink(missing_ok=True)


def build(model: Module) -> onnx.ModelProto:
    """The ONNX model of a checkpoint's module tree. Raises ConversionError when it is no YOLOv8/11 pose network."""
    layers = list(model.children["model"].children.values()) if "model" in model.children else []
    if not layers:
        raise ConversionError("This checkpoint holds no YOLO network; use a YOLOv8 or YOLO11 pose checkpoint.")
    head = layers[-1]
    _check_head(head)
    graph = Graph()
    # The network wants 0..1: 1/255 is folded into the first convolution, so bytes are only cast.
    image = graph.apply("Transpose", graph.apply("Cast", "images", to=TensorProto.FLOAT), perm=[0, 3, 1, 2])
    try:
        output = _body(graph, layers, image)
    except (KeyError, AttributeError, TypeError, IndexError) as error:
        raise ConversionError(f"This checkpoint lacks a part that a YOLO pose network has ({error!r}).") from error
    images = helper.make_tensor_value_info("images", TensorProto.UINT8, ["batch", "height", "width", 3])
    return graph.model("yolo_pose", [images], output, ["batch", 5 + 51, "anchors"])


def _check_head(head: Module) -> None:
    shape = tuple(head.attributes.get("kpt_shape", ()))
    if head.kind != "Pose" or any(name.startswith("one2one") for name in head.children):
        raise ConversionError(
            f"This checkpoint ends in a head of kind {head.kind} that the converter does not know (YOLO26 and other "
            "end-to-end or non-pose heads are not supported); use a YOLOv8 or YOLO11 pose checkpoint."
        )
    if not {"cv2", "cv3", "cv4", "dfl"} <= head.children.keys():
        raise ConversionError("This checkpoint's pose head is of a later generation; use a YOLOv8 or YOLO11 one.")
    if shape != (17, 3) or head.attributes.get("nc") != 1:
        raise ConversionError(
            f"This pose model has {head.attributes.get('nc')} classes and keypoints of shape {shape}; "
            "one class (person) and 17 COCO keypoints with a score each are needed."
        )


def _body(graph: Graph, layers: list[Module], x: str) -> str:
    """Runs the layers; each names in `f` the layers it reads (-1: the one before)."""
    outputs: list[str] = []
    for index, block in enumerate(layers):
        sources = block.attributes["f"]
        many = [outputs[s] if outputs else x for s in ([sources] if isinstance(sources, int) else sources)]
        if block.kind == "Concat":
            x = graph.concat(many, axis=int(block.attributes.get("d", 1)))
        elif block is layers[-1]:
            x = _head(graph, block, many)
        elif index == 0 and block.kind == "Conv":
            x = activated(graph, block, x, _BYTE)
        else:
            x = layer(graph, block, many[0], _LAYERS)
        outputs.append(x)
    return outputs[-1]


def _bottleneck(graph: Graph, block: Module, x: str) -> str:
    y = layer(graph, block.children["cv2"], layer(graph, block.children["cv1"], x, _LAYERS), _LAYERS)
    return graph.apply("Add", x, y) if block.attributes["add"] else y


def _cross_stage(graph: Graph, block: Module, x: str) -> str:
    """C2f and C3k2: half of the channels pass through a chain of blocks, and every stage is kept."""
    parts = graph.split("Split", 2, activated(graph, block.children["cv1"], x), axis=1)
    for child in block.children["m"].children.values():
        parts.append(layer(graph, child, parts[-1], _LAYERS))
    return activated(graph, block.children["cv2"], graph.concat(parts, axis=1))


def _cross_stage_3(graph: Graph, block: Module, x: str) -> str:
    """C3 and C3k: a chain of blocks beside a plain convolution."""
    chain = sequence(graph, block.children["m"], activated(graph, block.children["cv1"], x), _LAYERS)
    return activated(graph, block.children["cv3"], graph.concat([chain, activated(graph, block.children["cv2"], x)], axis=1))


def _pyramid_pool(graph: Graph, block: Module, x: str) -> str:
    """SPPF: the same pooling applied over and over, every stage kept."""
    size, pad = int(block.children["m"].attributes["kernel_size"]), int(block.children["m"].attributes["padding"])
    stages = [activated(graph, block.children["cv1"], x)]
    for _ in range(int(block.attributes.get("n", 3))):
        pooled = graph.apply("MaxPool", stages[-1], kernel_shape=[size, size], pads=[pad] * 4, strides=[1, 1])
        stages.append(pooled)
    y = activated(graph, block.children["cv2"], graph.concat(stages, axis=1))
    return graph.apply("Add", x, y) if block.attributes.get("add") else y


def _attention_stage(graph: Graph, block: Module, x: str) -> str:
    """C2PSA: half of the channels pass through attention blocks."""
    kept, seen = graph.split("Split", 2, activated(graph, block.children["cv1"], x), axis=1)
    seen = sequence(graph, block.children["m"], seen, _LAYERS)
    return activated(graph, block.children["cv2"], graph.concat([kept, seen], axis=1))


def _attention_block(graph: Graph, block: Module, x: str) -> str:
    for name in ("attn", "ffn"):
        y = layer(graph, block.children[name], x, _LAYERS)
        x = graph.apply("Add", x, y) if block.attributes.get("add", True) else y
    return x


def _attention(graph: Graph, block: Module, x: str) -> str:
    """Self-attention over positions, with a depthwise convolution of the values as positional encoding."""
    heads, key, value = (int(block.attributes[name]) for name in ("num_heads", "key_dim", "head_dim"))
    mixed = graph.reshape(activated(graph, block.children["qkv"], x), 0, heads, 2 * key + value, -1)
    q, k, v = graph.split("Split", 3, mixed, graph.ints(key, key, value), axis=2)
    scale = graph.constant(float(block.attributes["scale"]), np.float32)
    weights = graph.apply("Mul", graph.apply("MatMul", graph.apply("Transpose", q, perm=[0, 1, 3, 2]), k), scale)
    weights = graph.apply("Transpose", graph.apply("Softmax", weights, axis=-1), perm=[0, 1, 3, 2])
    shape = graph.apply("Shape", x)
    y = graph.apply("Reshape", graph.apply("MatMul", v, weights), shape)
    encoding = activated(graph, block.children["pe"], graph.apply("Reshape", v, shape))
    return activated(graph, block.children["proj"], graph.apply("Add", y, encoding))


def _upsample(graph: Graph, block: Module, x: str) -> str:
    factor, mode = block.attributes["scale_factor"], block.attributes["mode"]
    if mode != "nearest":
        raise ConversionError(f"An upsampling of mode {mode} is unknown to this converter.")
    return graph.apply(
        "Resize", x, "", graph.constant([1, 1, factor, factor], np.float32),
        mode="nearest", coordinate_transformation_mode="asymmetric", nearest_mode="floor",
    )  # fmt: skip


_LAYERS: dict[str, Block] = {
    "Conv": activated,
    "DWConv": activated,
    "Conv2d": convolution,
    "Sequential": lambda graph, block, x: sequence(graph, block, x, _LAYERS),
    "Bottleneck": _bottleneck,
    "C2f": _cross_stage,
    "C3k2": _cross_stage,
    "C3": _cross_stage_3,
    "C3k": _cross_stage_3,
    "SPPF": _pyramid_pool,
    "C2PSA": _attention_stage,
    "PSABlock": _attention_block,
    "Attention": _attention,
    "Upsample": _upsample,
}


def _head(graph: Graph, head: Module, levels: list[str]) -> str:
    """The three branches of every level, flattened to anchors, joined and decoded to pixels."""
    joined = []
    for branch, channels in (("cv2", 4 * int(head.attributes["reg_max"])), ("cv3", 1), ("cv4", 51)):
        flat = [
            graph.reshape(layer(graph, part, x, _LAYERS), 0, channels, -1)
            for part, x in zip(head.children[branch].children.values(), levels, strict=True)
        ]
        joined.append(graph.concat(flat, axis=2))
    anchors, strides = _anchors(graph, levels, head.arrays["stride"].astype(np.float64).tolist())
    boxes = _boxes(graph, head, joined[0], anchors, strides)
    score = graph.apply("Sigmoid", joined[1])
    return graph.concat([boxes, score, _keypoints(graph, joined[2], anchors, strides)], axis=1)


def _anchors(graph: Graph, levels: list[str], strides: list[float]) -> tuple[str, str]:
    """Centres (x, y) of all cells in units of their stride, [1, 2, anchors], and the strides, [1, 1, anchors]."""
    centres, steps = [], []
    for x, stride in zip(levels, strides, strict=True):
        shape = graph.apply("Shape", x)
        sides = [graph.apply("Gather", shape, graph.constant(axis, np.int64), axis=0) for axis in (2, 3)]
        height, width = (graph.apply("Unsqueeze", side, graph.ints(0)) for side in sides)
        grid = graph.concat([height, width], axis=0)
        zero, one = graph.constant(0, np.int64), graph.constant(1, np.int64)
        rows = graph.reshape(graph.apply("Range", zero, sides[0], one), -1, 1)
        columns = graph.reshape(graph.apply("Range", zero, sides[1], one), 1, -1)
        pair = [graph.reshape(graph.apply("Expand", axis, grid), 1, 1, -1) for axis in (columns, rows)]
        cells = graph.apply("Cast", graph.concat(pair, axis=1), to=TensorProto.FLOAT)
        centres.append(graph.apply("Add", cells, graph.constant(0.5, np.float32)))
        flat = graph.reshape(graph.apply("Expand", graph.constant([[stride]], np.float32), grid), 1, 1, -1)
        steps.append(flat)
    return graph.concat(centres, axis=2), graph.concat(steps, axis=2)


def _boxes(graph: Graph, head: Module, raw: str, anchors: str, strides: str) -> str:
    """Distances to the four sides, each the mean of a distribution over bins, to centre and size in pixels."""
    bins = int(head.attributes["reg_max"])
    places = head.children["dfl"].children["conv"].arrays["weight"].astype(np.float32).reshape(1, 1, bins, 1)
    share = graph.apply("Softmax", graph.reshape(raw, 0, 4, bins, -1), axis=2)
    weighted = graph.apply("Mul", share, graph.constant(places, np.float32))
    distance = graph.apply("ReduceSum", weighted, graph.ints(2), keepdims=0)
    near, far = graph.split("Split", 2, distance, axis=1)
    top_left, bottom_right = graph.apply("Sub", anchors, near), graph.apply("Add", anchors, far)
    centre = graph.apply("Mul", graph.apply("Add", top_left, bottom_right), graph.constant(0.5, np.float32))
    size = graph.apply("Sub", bottom_right, top_left)
    return graph.apply("Mul", graph.concat([centre, size], axis=1), strides)


def _keypoints(graph: Graph, raw: str, anchors: str, strides: str) -> str:
    """x and y are (2 raw + centre - 0.5) stride; the third value is a score before its sigmoid."""
    points = graph.reshape(raw, 0, 17, 3, -1)
    place, score = graph.split("Split", 2, points, graph.ints(2, 1), axis=2)
    cell = graph.apply("Sub", anchors, graph.constant(0.5, np.float32))
    place = graph.apply(
        "Add", graph.apply("Mul", place, graph.constant(2.0, np.float32)), graph.apply("Unsqueeze", cell, graph.ints(1))
    )
    place = graph.apply("Mul", place, graph.apply("Unsqueeze", strides, graph.ints(1)))
    return graph.reshape(graph.concat([place, graph.apply("Sigmoid", score)], axis=2), 0, 51, -1)
