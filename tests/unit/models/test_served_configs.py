"""Every configuration in `triton_models` is one that Triton can read, and its variants serve the same tensors."""

from pathlib import Path

import pytest
from google.protobuf import text_format
from tritonclient.grpc.model_config_pb2 import ModelConfig

from app.inference.contract import SERVED

VARIANTS = sorted(SERVED.glob("*/configs/*.pbtxt"))


def read(path: Path) -> ModelConfig:
    return text_format.Parse(path.read_text("utf-8"), ModelConfig())


@pytest.mark.parametrize("path", VARIANTS, ids=lambda path: f"{path.parts[-3]}-{path.stem}")
def test_a_variant_serves_the_same_tensors_as_the_configuration_beside_it(path: Path) -> None:
    one, other = read(path), read(path.parents[1] / "config.pbtxt")
    assert (one.name, one.backend, one.max_batch_size) == (path.parts[-3], other.backend, other.max_batch_size)
    assert (list(one.input), list(one.output)) == (list(other.input), list(other.output))
    assert one.version_policy == other.version_policy
