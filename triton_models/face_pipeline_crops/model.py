"""Triton's Python model that asks `face_pipeline` about each crop of a batch and answers in one tensor of fixed size."""

import json
import pathlib

import numpy as np
import triton_python_backend_utils as pb_utils

HERE = pathlib.Path(__file__).resolve().parent
PARTS = (("boxes", 5), ("points", 8), ("quality", 5))


class TritonPythonModel:
    """One instance; keeps nothing of any request."""

    def initialize(self, args):
        """The length of an embedding is of the contract."""
        self._embedding = int(json.loads((HERE / "contracts.json").read_text("utf-8"))["face_embedding"]["dimensions"])
        self._version = int(args["model_version"])

    def execute(self, requests):
        """One response a request; what is wrong with one is that request's error."""
        return [self._answer(request) for request in requests]

    def _answer(self, request):
        try:
            crops = pb_utils.get_input_tensor_by_name(request, "crops").as_numpy()
            rows = np.stack([self._best(crop) for crop in crops])
            return pb_utils.InferenceResponse(output_tensors=[pb_utils.Tensor("face", rows)])
        except Exception as error:  # one bad crop must not take the instance down
            return pb_utils.InferenceResponse(error=pb_utils.TritonError(f"{type(error).__name__}: {error}"[:300]))

    def _best(self, crop):
        inputs = [pb_utils.Tensor("picture", np.ascontiguousarray(crop)), pb_utils.Tensor("most", np.array([1], np.int32))]
        names = [name for name, _ in PARTS] + ["embedding"]
        asked = pb_utils.InferenceRequest(
            model_name="face_pipeline", model_version=self._version, requested_output_names=names, inputs=inputs
        )
        response = asked.exec()
        if response.has_error():
            raise RuntimeError(f"face_pipeline: {response.error().message()}")
        found = [pb_utils.get_output_tensor_by_name(response, name).as_numpy() for name in names]
        row = np.zeros(sum(size for _, size in PARTS) + self._embedding, np.float32)
        if len(found[0]):
            row[:] = np.concatenate([part[0].reshape(-1) for part in found])
        return row
