"""The embedded server's backend: what it compiles at a load, and that cameras go before it."""

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.integration.inference.conftest import CHECKOUT
from tests.integration.service import pose_models

PYTHON = CHECKOUT / ".venv-triton" / "bin" / "python"
SHAPES = [[384, 640, 3], [640, 384, 3]]
SCRIPT = """
import importlib.util, json, os, sys, threading, types
sys.modules["triton_python_backend_utils"] = types.ModuleType("triton_python_backend_utils")
spec = importlib.util.spec_from_file_location("model", sys.argv[1])
backend = importlib.util.module_from_spec(spec)
spec.loader.exec_module(backend)
backend.SERVES_AFTER_S = float(sys.argv[2])
nice = lambda: os.getpriority(os.PRIO_PROCESS, threading.get_native_id())
compiled, compile_model = [], backend.TritonPythonModel._compile
def noted(self, model):
    compiled.append(nice())
    return compile_model(self, model)
backend.TritonPythonModel._compile = noted
before, model = nice(), backend.TritonPythonModel()
model.initialize(json.loads(sys.argv[3]))
shapes = [[list(each) for each in key] for key in model._compiled]
answer = model._infer([backend.np.zeros((1, 384, 640, 3), "uint8")], 0.0)[0]
beside = [os.getpriority(os.PRIO_PROCESS, int(each)) for each in os.listdir("/proc/self/task")]
print(json.dumps({
    "before": before, "after": nice(), "compiled": compiled, "shapes": shapes, "answer": list(answer.shape), "threads": beside,
}))
"""


def loaded(tmp_path: Path, serves_after_s: float, threads: int = 1) -> dict[str, Any]:
    version = tmp_path / "models" / "yolo_pose" / "1"
    version.mkdir(parents=True, exist_ok=True)
    (version / "model.onnx").write_bytes(pose_models.model())
    named = ["x".join(map(str, shape)) for shape in SHAPES]
    config = {
        "max_batch_size": 16,
        "parameters": {"threads": {"string_value": str(threads)}, "shapes": {"string_value": " ".join(named)}},
        "input": [{"name": "images"}],
        "output": [{"name": "predictions"}],
    }
    arguments = {"model_config": json.dumps(config), "model_repository": str(version.parent), "model_version": "1"}
    words = [str(PYTHON), "-c", SCRIPT, str(CHECKOUT / "triton_backends/onnxruntime/model.py"), str(serves_after_s)]
    done = subprocess.run([*words, json.dumps(arguments)], capture_output=True, text=True, timeout=110, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    return dict(json.loads(done.stdout.splitlines()[-1]))


@pytest.mark.parametrize("serves", [True, False])
def test_a_load_beside_cameras_compiles_behind_them_and_answers_as_before(tmp_path: Path, *, serves: bool) -> None:
    found = loaded(tmp_path, -1.0 if serves else 1e9)
    assert found["shapes"] == [[[1, *shape]] for shape in SHAPES], "before READY, and not once more for a request"
    assert found["after"] == found["before"], "what answers gives way to nobody"
    behind = min(19, found["before"] + 10) if serves else found["before"]
    assert found["compiled"] == [behind] * len(SHAPES)
    assert found["answer"] == [1, 56, 3]


def test_helpers_of_an_engine_with_several_threads_are_not_behind_though_they_compile_behind(tmp_path: Path) -> None:
    """A process has one set of helpers: those that a thread of low priority started would answer cameras at its priority."""
    found = loaded(tmp_path, -1.0, threads=2)
    assert found["compiled"] == [min(19, found["before"] + 10)] * len(SHAPES)
    few = loaded(tmp_path, -1.0)["threads"].count(found["before"])
    assert found["threads"].count(found["before"]) > few, "started by the thread that answers"
