"""The network as ONNX, what it learned from in its metadata."""

from pathlib import Path

import onnx
import torch

from app.inference.gait.sequence import CHANNELS, SLOTS
from training.gait.network import Embedder


def write(network: Embedder, path: Path, subjects: list[str], steps: int, seed: int) -> None:
    """`sequence` FP32 [N, SLOTS, CHANNELS] to `embedding` FP32 [N, 128] of length 1."""
    network = network.eval()
    axes = {"sequence": {0: "batch"}, "embedding": {0: "batch"}}
    torch.onnx.export(
        network, (torch.zeros(1, SLOTS, CHANNELS),), str(path), input_names=["sequence"], output_names=["embedding"],
        dynamic_axes=axes, opset_version=17, dynamo=False,
    )  # fmt: skip
    model = onnx.load(path)
    told = {"network": type(network).__name__, "subjects": " ".join(subjects), "steps": str(steps), "seed": str(seed)}
    onnx.helper.set_model_props(model, told)
    onnx.checker.check_model(model)
    onnx.save(model, path)
