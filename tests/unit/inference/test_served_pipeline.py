"""Which versions of the networks the served pipeline asks: its own, or the one of face_embedding that a request names."""

import importlib.util
import shutil
import sys
import types
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from app.inference.companions import companions
from app.inference.contract import SERVED
from app.inference.lock import read_lock

DETECTED = np.full((1, 2304, 1), -9, np.float32)
DETECTED[0, 48 * 24 + 24] = 4
BOXES = np.zeros((1, 2304, 16), np.float32)
BOXES[0, 48 * 24 + 24, :12] = [0, 0, 40, 40, -8, -8, 8, -8, 0, 0, 0, 8]


class Backend(types.ModuleType):
    """Triton's module inside the server, as far as the pipeline uses it; keeps what was asked."""

    def __init__(self) -> None:
        super().__init__("triton_python_backend_utils")
        self.asked: list[tuple[str, int]] = []
        backend = self

        class Tensor:
            def __init__(self, name: str, array: Any) -> None:
                self.name, self.array = name, array

            def as_numpy(self) -> Any:
                return self.array

        class InferenceResponse:
            def __init__(self, output_tensors: Any = (), error: Any = None) -> None:
                self.output_tensors, self.failed = output_tensors, error

            def has_error(self) -> bool:
                return self.failed is not None

        class InferenceRequest:
            def __init__(self, model_name: str, model_version: int, requested_output_names: Any, inputs: Any) -> None:
                self.model, self.version, self.inputs = model_name, model_version, inputs

            def exec(self) -> Any:
                backend.asked.append((self.model, self.version))
                count = len(self.inputs[0].array)
                answers = {"boxes": BOXES, "scores": DETECTED, "embedding": np.ones((count, 128), np.float32)}
                return InferenceResponse([Tensor(*each) for each in answers.items()])

        self.Tensor, self.InferenceResponse, self.InferenceRequest, self.TritonError = (
            Tensor, InferenceResponse, InferenceRequest, str,
        )  # fmt: skip
        self.get_input_tensor_by_name = lambda request, name: request.get(name)
        self.get_output_tensor_by_name = lambda response, name: next(e for e in response.output_tensors if e.name == name)


@pytest.mark.parametrize(("served_as", "named", "embedded_by"), [(1, None, 1), (1, 1002, 1002), (7, None, 7)])
def test_the_pipeline_asks_its_own_version_of_both_or_the_embedding_that_is_named(
    served_as: int, named: int | None, embedded_by: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    backend = Backend()
    monkeypatch.setitem(sys.modules, backend.__name__, backend)
    model = next(each for each in read_lock() if each.name == "face_pipeline")
    (tmp_path / "contracts.json").write_bytes(companions(model)["contracts.json"].replace(b'"dlib"', b'"arcface"'))
    shutil.copy(SERVED / "face_pipeline" / "model.py", tmp_path / "model.py")
    spec = importlib.util.spec_from_file_location("served_pipeline", tmp_path / "model.py")
    assert spec is not None
    assert spec.loader is not None
    code = importlib.util.module_from_spec(spec)
    monkeypatch.setattr(sys, "path", list(sys.path))
    spec.loader.exec_module(code)
    pipeline = code.TritonPythonModel()
    pipeline.initialize({"model_version": str(served_as)})
    request = {
        "picture": backend.Tensor("picture", np.full((384, 300, 3), 80, np.uint8)),
        "most": backend.Tensor("most", np.array([1])),
    }
    for version in (named, None):
        if version is not None:
            request["version"] = backend.Tensor("version", np.array([version]))
        (answer,) = pipeline.execute([request])
        assert not answer.has_error(), answer.failed
        assert backend.asked == [
            ("face_detection", served_as),
            ("face_embedding", embedded_by if "version" in request else served_as),
        ]
        backend.asked.clear()
        request.pop("version", None)
