"""Serves an unmodified `model.onnx` on a CPU with OpenVINO, under the name of Triton's `onnxruntime` backend.

The embedded server has Triton's Python backend only. With this folder in its backend directory the same
`triton_models/` that a stock GPU Triton serves with its own onnxruntime backend runs here without a change.

It runs inside Triton's own Python environment: numpy 1.26 (numpy 2 makes `as_numpy()` give zeros) and openvino.

Parameters a model's configuration may set:
    precision: "f32" (default) or "bf16", which is used where the processor has it.
    threads: threads of an instance, 1 by default: two instances of one thread beat one of two (0.96 to 0.75). "own": what
        PENNYPROTECT_INSTANCE_THREADS says, which the product sets by the processor.
    candidates: "asked": a request may say `least_score` (at least 0, less than 1, as text), and a YOLO head's boxes and keypoints
        are computed only where the score reaches it (candidates.py). Who says none gets all, somewhat later than from the network
        as it is. Where the processor computes in bfloat16 the network stays as it is: dense convolutions are cheap there, and
        nobody measured.
    shapes: of the one input, as "384x640x3 ...": compiled and tried before READY, as a request of a camera is. Triton's own
        `model_warmup` would ask about every cell, which takes memory that no camera's request needs.
"""

import hashlib
import json
import os
import pathlib
import stat
import sys
import threading
from collections import OrderedDict

import numpy as np
import openvino
import triton_python_backend_utils as pb_utils
from openvino import opset13 as opset

sys.path.append(str(pathlib.Path(__file__).parent))
import candidates

MOST_SHAPES = 6
"""Compiled shapes an instance keeps; the one unused for longest goes."""

OWN_THREADS = "PENNYPROTECT_INSTANCE_THREADS"

SERVES_AFTER_S = 60.0
"""A server this old answers cameras, and what it loads now must not take the processor from them."""

BEHIND = 10
"""Steps of niceness: a thread gets a tenth of what one that answers gets, where both want the processor."""

LARGEST_INPUT_BYTES = 64 << 20
"""An input larger than this is refused: its activations would take gigabytes."""


class TritonPythonModel:
    """One instance of one version of a model."""

    def initialize(self, args):
        """Read the network and compile the shapes that the configuration names; others compile when they first come."""
        config = json.loads(args["model_config"])
        parameters = {name: value["string_value"] for name, value in config.get("parameters", {}).items()}
        folder = pathlib.Path(args["model_repository"])
        self._inputs = [entry["name"] for entry in config["input"]]
        self._outputs = [entry["name"] for entry in config["output"]]
        self._batched = config.get("max_batch_size", 0) > 0
        self._core = openvino.Core()
        self._path = folder / args["model_version"] / "model.onnx"
        self._properties = self._engine_properties(parameters, folder.parent.parent / "compiled")
        self._thinned = parameters.get("candidates") == "asked" and self._properties["INFERENCE_PRECISION_HINT"] == "f32"
        # Fails here, with its reason, when the file is broken.
        self._core.read_model(self._path)
        self._compiled = OrderedDict()
        shapes = [(1, *map(int, shape.split("x"))) for shape in parameters.get("shapes", "").split()]
        self._compile_behind([(shape,) for shape in shapes])
        for shape in shapes:
            self._infer([np.zeros(shape, np.uint8)], candidates.NOBODY)

    def _compile_behind(self, shapes):
        """Niceness is a thread's on Linux and goes to those that it starts; this one, which answers afterwards, keeps its own.

        Only root may take niceness back, so a thread of its own compiles. Helpers of an engine with several threads are started
        by this one first: a process has one set of them, and whoever starts them decides whether answers are behind, too.
        """
        faults, behind = [], _server_age_s() > SERVES_AFTER_S

        def work():
            try:
                if behind:
                    own = threading.get_native_id()
                    os.setpriority(os.PRIO_PROCESS, own, min(19, os.getpriority(os.PRIO_PROCESS, own) + BEHIND))
                for each in shapes:
                    self._engine(each)
            except Exception as error:  # it is the load's: raised where Triton hears it
                faults.append(error)

        if behind and self._properties["INFERENCE_NUM_THREADS"] > 1:
            self._start_helpers()
        thread = threading.Thread(target=work)
        thread.start()
        thread.join()
        if faults:
            raise faults[0]

    def _start_helpers(self):
        """One inference of a network that is just large enough to be shared among threads."""
        given = opset.parameter([1, 16, 64, 64], np.float32)
        weights = opset.constant(np.ones((16, 16, 3, 3), np.float32))
        network = openvino.Model([opset.convolution(given, weights, [1, 1], [1, 1], [1, 1], [1, 1])], [given])
        plain = {name: value for name, value in self._properties.items() if name != "CACHE_DIR"}
        request = self._core.compile_model(network, "CPU", plain).create_infer_request()
        request.infer({0: np.zeros((1, 16, 64, 64), np.float32)})

    def _engine_properties(self, parameters, place):
        able = self._core.get_property("CPU", "OPTIMIZATION_CAPABILITIES")
        bf16 = parameters.get("precision", "f32") == "bf16" and "BF16" in able
        threads = parameters.get("threads", "1")
        properties = {
            "PERFORMANCE_HINT": "LATENCY",
            "INFERENCE_NUM_THREADS": int(os.environ.get(OWN_THREADS, "1") if threads == "own" else threads),
            "NUM_STREAMS": 1,
            "ENABLE_CPU_PINNING": False,
            "INFERENCE_PRECISION_HINT": "bf16" if bf16 else "f32",
        }
        try:
            properties["CACHE_DIR"] = str(self._own_cache(place))
        except OSError as error:
            # A read-only place costs a compilation at every start, no more.
            pb_utils.Logger.log_info(f"no compile cache in {place}: {error}")
        return properties

    def _own_cache(self, place):
        """A folder for this very file. What lies there runs as it is, unsigned: nobody but this user may write it."""
        place.mkdir(mode=0o700, exist_ok=True)
        found = place.lstat()
        if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.geteuid() or found.st_mode & 0o022:
            raise PermissionError("others may write there")
        digest = hashlib.sha256()
        with self._path.open("rb") as file:
            while chunk := file.read(1 << 20):
                digest.update(chunk)
        cache = place / digest.hexdigest()
        cache.mkdir(mode=0o700, exist_ok=True)
        return cache

    def execute(self, requests):
        """One response a request; what is wrong with one request is that request's error."""
        return [self._answer(request) for request in requests]

    def _answer(self, request):
        try:
            arrays = [pb_utils.get_input_tensor_by_name(request, name).as_numpy() for name in self._inputs]
            size = sum(array.nbytes for array in arrays)
            if size > LARGEST_INPUT_BYTES:
                raise ValueError(f"the input has {size} bytes; at most {LARGEST_INPUT_BYTES} are accepted")
            least = self._least_logit(request)
            results = self._batch(arrays, least) if self._batched else self._infer(arrays, least)
            tensors = [pb_utils.Tensor(name, result) for name, result in zip(self._outputs, results, strict=True)]
            return pb_utils.InferenceResponse(output_tensors=tensors)
        except ValueError as error:  # the request's own fault: to send it again would change nothing
            return pb_utils.InferenceResponse(error=pb_utils.TritonError(str(error)[:500], pb_utils.TritonError.INVALID_ARG))
        except Exception as error:  # whatever the engine raises must not take the instance down
            return pb_utils.InferenceResponse(error=pb_utils.TritonError(f"{type(error).__name__}: {error}"[:500]))

    def _least_logit(self, request):
        """Of the candidates that this request asks about. ValueError where it says no score."""
        said = json.loads(request.parameters() or "{}").get("least_score", "0") if self._thinned else "0"
        try:
            return candidates.least_logit(float(said))
        except ValueError as error:
            raise ValueError(f"least_score is {said!r}; it is a number of at least 0 and less than 1, as text") from error

    def _batch(self, arrays, least):
        """Row by row: a CPU gains nothing from a batch, and every batch size would be one more compiled shape."""
        if len(arrays[0]) == 1:
            return self._infer(arrays, least)
        frames = [[array[i : i + 1] for array in arrays] for i in range(len(arrays[0]))]
        rows = [[np.array(result) for result in self._infer(frame, least)] for frame in frames]
        return [np.concatenate(column) for column in zip(*rows, strict=True)]

    def _infer(self, arrays, least):
        """The outputs, valid until the next call with the same shapes."""
        engine = self._engine(tuple(array.shape for array in arrays))
        for name, array in zip(self._inputs, arrays, strict=True):
            engine.set_tensor(name, openvino.Tensor(np.ascontiguousarray(array), shared_memory=True))
        if len(engine.model_inputs) > len(self._inputs):
            engine.set_tensor(candidates.LEAST_LOGIT, openvino.Tensor(np.array([least], np.float32)))
        engine.infer()
        return [engine.get_tensor(name).data for name in self._outputs]

    def _engine(self, shapes):
        if shapes in self._compiled:
            self._compiled.move_to_end(shapes)
            return self._compiled[shapes]
        model = self._network(shapes)
        if self._thinned:
            try:
                levels = candidates.thin(model)
                pb_utils.Logger.log_info(f"{self._path}: boxes and keypoints where asked about on {levels} levels of its head")
            except RuntimeError as error:  # a head that is built otherwise: slower, and none the worse
                pb_utils.Logger.log_warn(f"computed at every cell: {error}")
                model = self._network(shapes)
        engine = self._compile(model).create_infer_request()
        self._compiled[shapes] = engine
        if len(self._compiled) > MOST_SHAPES:
            self._compiled.popitem(last=False)
        return engine

    def _network(self, shapes):
        model = self._core.read_model(self._path)
        model.reshape({name: openvino.PartialShape(list(shape)) for name, shape in zip(self._inputs, shapes, strict=True)})
        return model

    def _compile(self, model):
        try:
            return self._core.compile_model(model, "CPU", self._properties)
        except RuntimeError:
            # Two instances that write the same file of the cache at one moment: one of them fails. It goes without.
            plain = {name: value for name, value in self._properties.items() if name != "CACHE_DIR"}
            return self._core.compile_model(model, "CPU", plain)

    def finalize(self):
        """Let go of the compiled networks."""
        self._compiled.clear()


def _server_age_s():
    """Seconds since the server that runs this process began; 0 where the system does not say."""
    try:
        said = pathlib.Path(f"/proc/{os.getppid()}/stat").read_text(encoding="utf-8")
        started_s = int(said.rpartition(")")[2].split()[19]) / os.sysconf("SC_CLK_TCK")
        return float(pathlib.Path("/proc/uptime").read_text(encoding="utf-8").split()[0]) - started_s
    except (OSError, ValueError, IndexError):
        return 0.0
