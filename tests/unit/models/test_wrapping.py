"""An export in the form YOLO tools write becomes a model of the served contract that answers the same."""

from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import pytest
from onnx import TensorProto, helper, numpy_helper

from app.inference.contract import PoseContract
from app.kit.errors import BadInputError
from app.models.wrapping import wrapped


def export(path: Path, channels: int = 3, rows: int = 56, output: str = "output0") -> Path:
    """Answers the mean of the picture's first channel in each row, plus a row's number."""
    weights = [
        numpy_helper.from_array(np.arange(rows, dtype=np.float32).reshape(1, rows, 1), "rows"),
        numpy_helper.from_array(np.array([-1, 1, 1], np.int64), "shape"),
        numpy_helper.from_array(np.array([0], np.int64), "first"),
    ]
    nodes = [
        helper.make_node("Gather", ["images", "first"], ["red"], axis=1),
        helper.make_node("ReduceMean", ["red"], ["mean"], axes=[1, 2, 3], keepdims=0),
        helper.make_node("Reshape", ["mean", "shape"], ["column"]),
        helper.make_node("Add", ["column", "rows"], [output]),
    ]
    inputs = [helper.make_tensor_value_info("images", TensorProto.FLOAT, ["batch", channels, "h", "w"])]
    outputs = [helper.make_tensor_value_info(output, TensorProto.FLOAT, ["batch", rows, "anchors"])]
    graph = helper.make_graph(nodes, "export", inputs, outputs, weights)
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8), str(path))
    return path


@pytest.mark.parametrize("output", ["output0", "predictions"])
def test_the_wrapped_model_takes_bytes_and_answers_as_the_export_does(tmp_path: Path, output: str) -> None:
    made = wrapped(export(tmp_path / "e.onnx", output=output), PoseContract.of("yolo_pose"))
    onnx.checker.check_model(onnx.load_from_string(made))
    picture = np.zeros((2, 32, 64, 3), np.uint8)
    picture[0, :, :, 0] = 51
    (answer,) = onnxruntime.InferenceSession(made).run(["predictions"], {"images": picture})
    np.testing.assert_allclose(answer[:, :, 0] - np.arange(56), [[0.2] * 56, [0.0] * 56], atol=1e-5)


def test_what_is_no_pose_export_is_refused(tmp_path: Path) -> None:
    contract = PoseContract.of("yolo_pose")
    for path in (export(tmp_path / "a.onnx", channels=1), export(tmp_path / "b.onnx", rows=84)):
        with pytest.raises(BadInputError, match="no YOLO pose export"):
            wrapped(path, contract)
    (tmp_path / "c.onnx").write_bytes(b"nothing")
    with pytest.raises(BadInputError, match="no readable ONNX"):
        wrapped(tmp_path / "c.onnx", contract)
