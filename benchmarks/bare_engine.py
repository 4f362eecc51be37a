"""The engine alone, for `density` to be compared with: no server, no client, no worker.

Runs in Triton's own Python environment (.venv-triton) with the settings of triton_backends/onnxruntime. Reads one line
`SECONDS` at a time from stdin, infers that long with two asynchronous requests and answers `{"frames", "elapsed_s"}`.

    python bare_engine.py MODEL.onnx INPUTS.npy bf16|f32 [CACHE_DIR]

With `--alone THREADS` in the place of CACHE_DIR a line is a count of frames: they are inferred one after the other by that many
threads, as an instance of the server does, and the answer is the seconds of each.
"""

import json
import sys
import time

import numpy as np
import openvino

REQUESTS = 2
RAMP_S = 0.15


def main() -> None:
    """Compile, say so, then answer each line."""
    model_path, inputs_path, precision, *cache = sys.argv[1:]
    frames = np.load(inputs_path)
    if cache[:1] == ["--alone"]:
        return answer_alone(model_path, frames, precision, int(cache[1]))
    core = openvino.Core()
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
    model = core.read_model(model_path)
    model.reshape([1, *frames.shape[1:]])
    queue = openvino.AsyncInferQueue(core.compile_model(model, "CPU", properties), REQUESTS)
    tensors = [openvino.Tensor(np.ascontiguousarray(frame[None]), shared_memory=True) for frame in frames]
    infer(queue, tensors, 0.5)
    print(json.dumps({"ready": True}), flush=True)
    for line in sys.stdin:
        print(json.dumps(infer(queue, tensors, float(line))), flush=True)


def answer_alone(model_path: str, frames: np.ndarray, precision: str, threads: int) -> None:
    """The seconds of single frames, for each line."""
    core = openvino.Core()
    properties = {"PERFORMANCE_HINT": "LATENCY", "INFERENCE_NUM_THREADS": threads, "NUM_STREAMS": 1, "ENABLE_CPU_PINNING": False}
    model = core.read_model(model_path)
    model.reshape([1, *frames.shape[1:]])
    request = core.compile_model(model, "CPU", {**properties, "INFERENCE_PRECISION_HINT": precision}).create_infer_request()
    tensors = [openvino.Tensor(np.ascontiguousarray(frame[None]), shared_memory=True) for frame in frames]
    request.infer({0: tensors[0]})
    print(json.dumps({"ready": True}), flush=True)
    for line in sys.stdin:
        took = []
        for number in range(int(line)):
            began = time.perf_counter()
            request.infer({0: tensors[number % len(tensors)]})
            took.append(time.perf_counter() - began)
        print(json.dumps(took), flush=True)


def infer(queue: openvino.AsyncInferQueue, tensors: list[openvino.Tensor], seconds: float) -> dict[str, float]:
    """Frames that came out from RAMP_S to `seconds`, and the time to the last of them; as `density` counts the worker's."""
    start, begun = time.perf_counter(), 0
    ends: list[float] = []
    queue.set_callback(lambda _request, _number: ends.append(time.perf_counter() - start))
    while time.perf_counter() - start < seconds:
        queue.start_async({0: tensors[begun % len(tensors)]}, share_inputs=True)
        begun += 1
    queue.wait_all()
    counted = [at for at in ends if RAMP_S < at <= seconds]
    return {"frames": len(counted), "elapsed_s": max(counted, default=seconds) - RAMP_S}


if __name__ == "__main__":
    main()
