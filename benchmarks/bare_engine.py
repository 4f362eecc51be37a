"""The engine alone, for `density` to be compared with: no server, no client, no worker.

Runs in Triton's own Python environment (.venv-triton) with the settings of triton_backends/onnxruntime, on the same network that
it makes of the file. Reads one line `SECONDS` at a time from stdin, infers that long with two asynchronous requests and
answers `{"frames", "elapsed_s"}`.

    python bare_engine.py MODEL.onnx INPUTS.npy bf16|f32 LEAST_SCORE [CACHE_DIR]

LEAST_SCORE is the one that cameras ask about.

With `--alone THREADS` in the place of CACHE_DIR a line is a count of frames: they are inferred one after the other by that many
threads, as an instance of the server does, and the answer is the seconds of each.
"""

import json
import pathlib
import sys
import time

import numpy as np
import openvino

sys.path.append(str(pathlib.Path(__file__).parents[1] / "triton_backends" / "onnxruntime"))
import candidates

REQUESTS = 2
RAMP_S = 0.15

Question = dict[int, openvino.Tensor]
"""Tensors by number of the network's input."""


def main() -> None:
    """Compile, say so, then answer each line."""
    model_path, inputs_path, precision, least_score, *cache = sys.argv[1:]
    frames = np.load(inputs_path)
    core = openvino.Core()
    if "BF16" not in core.get_property("CPU", "OPTIMIZATION_CAPABILITIES"):
        precision = "f32"
    model = network(core, model_path, frames.shape[1:], precision)
    asked = questions(model, frames, float(least_score))
    if cache[:1] == ["--alone"]:
        return answer_alone(core, model, asked, precision, int(cache[1]))
    properties = {
        "PERFORMANCE_HINT": "THROUGHPUT",
        # Two streams of one thread are what the server's two instances of one thread are.
        "INFERENCE_NUM_THREADS": REQUESTS,
        "NUM_STREAMS": REQUESTS,
        "ENABLE_CPU_PINNING": False,
        "INFERENCE_PRECISION_HINT": precision,
    }
    if cache:
        properties["CACHE_DIR"] = cache[0]
    queue = openvino.AsyncInferQueue(core.compile_model(model, "CPU", properties), REQUESTS)
    infer(queue, asked, 0.5)
    print(json.dumps({"ready": True}), flush=True)
    for line in sys.stdin:
        print(json.dumps(infer(queue, asked, float(line))), flush=True)


def network(core: openvino.Core, path: str, shape: tuple[int, ...], precision: str) -> openvino.Model:
    """The network for images of one shape, as the server compiles it where it computes in float32."""
    model = core.read_model(path)
    model.reshape([1, *shape])
    if precision == "f32":
        candidates.thin(model)
    return model


def questions(model: openvino.Model, frames: np.ndarray, least_score: float) -> list[Question]:
    """What a network is given for each frame."""
    images = [openvino.Tensor(np.ascontiguousarray(frame[None]), shared_memory=True) for frame in frames]
    least = openvino.Tensor(np.array([candidates.least_logit(least_score)], np.float32))
    more = {1: least} if len(model.inputs) > 1 else {}
    return [{0: image, **more} for image in images]


def answer_alone(core: openvino.Core, model: openvino.Model, asked: list[Question], precision: str, threads: int) -> None:
    """The seconds of single frames, for each line."""
    properties = {"PERFORMANCE_HINT": "LATENCY", "INFERENCE_NUM_THREADS": threads, "NUM_STREAMS": 1, "ENABLE_CPU_PINNING": False}
    request = core.compile_model(model, "CPU", {**properties, "INFERENCE_PRECISION_HINT": precision}).create_infer_request()
    request.infer(asked[0])
    print(json.dumps({"ready": True}), flush=True)
    for line in sys.stdin:
        took = []
        for number in range(int(line)):
            began = time.perf_counter()
            request.infer(asked[number % len(asked)])
            took.append(time.perf_counter() - began)
        print(json.dumps(took), flush=True)


def infer(queue: openvino.AsyncInferQueue, asked: list[Question], seconds: float) -> dict[str, float]:
    """Frames that came out from RAMP_S to `seconds`, and the time to the last of them; as `density` counts the worker's."""
    start, begun = time.perf_counter(), 0
    ends: list[float] = []
    queue.set_callback(lambda _request, _number: ends.append(time.perf_counter() - start))
    while time.perf_counter() - start < seconds:
        queue.start_async(asked[begun % len(asked)], share_inputs=True)
        begun += 1
    queue.wait_all()
    counted = [at for at in ends if RAMP_S < at <= seconds]
    return {"frames": len(counted), "elapsed_s": max(counted, default=seconds) - RAMP_S}


if __name__ == "__main__":
    main()
