"""Triton's Python model around `app.inference.faces`, which lies beside this file in the version's folder.

`contracts.json` there holds the contracts of face_detection and face_embedding; `model.npz` the landmark predictor.
"""

import json
import pathlib
import sys

import numpy as np
import triton_python_backend_utils as pb_utils

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))

from app.inference.faces.pipeline import DetectorContract, EmbeddingContract, FacePipeline  # noqa: E402


class TritonPythonModel:
    """One instance; keeps nothing of any request."""

    def initialize(self, args):
        """Read contracts and landmarks; a missing one fails the load with its reason."""
        # Of face_detection and face_embedding, unless a request names another version of the latter: never the newest one.
        self._released = int(args["model_version"])
        tables = json.loads((HERE / "contracts.json").read_text("utf-8"))
        detection, embedding = tables["face_detection"], tables["face_embedding"]
        self._detection, self._embedding, self._version = detection, embedding, self._released
        landmarks = HERE / "model.npz"
        self._faces = FacePipeline(
            DetectorContract(
                detection["family"], detection["side_px"], detection["least_score"], detection["input"]["pad_value"]
            ),
            EmbeddingContract(embedding["family"], embedding["side_px"], embedding["dimensions"]),
            landmarks if landmarks.is_file() else None,
            self._detect,
            self._embed,
        )

    def execute(self, requests):
        """One response a request; what is wrong with one is that request's error."""
        return [self._answer(request) for request in requests]

    def _answer(self, request):
        try:
            picture = pb_utils.get_input_tensor_by_name(request, "picture").as_numpy()
            most = int(pb_utils.get_input_tensor_by_name(request, "most").as_numpy().reshape(-1)[0])
            asked = pb_utils.get_input_tensor_by_name(request, "version")
            self._version = self._released if asked is None else int(asked.as_numpy().reshape(-1)[0])
            results = self._faces.faces(picture, min(most, 16))
            tensors = [
                pb_utils.Tensor(name, np.ascontiguousarray(array, np.float32))
                for name, array in zip(("boxes", "points", "quality", "embedding"), results)  # noqa: B905 - Python 3.9
            ]
            return pb_utils.InferenceResponse(output_tensors=tensors)
        except Exception as error:  # one bad picture must not take the instance down
            return pb_utils.InferenceResponse(error=pb_utils.TritonError(f"{type(error).__name__}: {error}"[:300]))

    def _detect(self, images):
        names = list(self._detection["output"])
        outputs = self._call("face_detection", self._detection["input"]["name"], images, names, self._released)
        return {name: array[0] for name, array in zip(names, outputs)}  # noqa: B905

    def _embed(self, chips):
        (name,) = self._embedding["output"]
        return self._call("face_embedding", self._embedding["input"]["name"], chips, [name], self._version)[0]

    def _call(self, model, entry, array, names, version):
        request = pb_utils.InferenceRequest(
            model_name=model,
            model_version=version,
            requested_output_names=names,
            inputs=[pb_utils.Tensor(entry, np.ascontiguousarray(array))],
        )
        response = request.exec()
        if response.has_error():
            raise RuntimeError(f"{model} {version} does not answer: {response.error().message()}")
        return [pb_utils.get_output_tensor_by_name(response, name).as_numpy() for name in names]
