"""The embedded servers under their supervisor, alone: `python -m tests.integration.embedded.harness HOME`.

Triton serves one trivial Python model here, so that this needs no downloaded weights.
"""

import asyncio
import signal
import sys
import textwrap
from dataclasses import replace
from pathlib import Path

import numpy as np
from tritonclient.grpc import InferInput, aio

from app.embedded import secrets
from app.embedded.console import Console
from app.embedded.lifecycle import Patience
from app.embedded.postgres import EmbeddedPostgres
from app.embedded.state import Home, open_home
from app.embedded.supervisor import Supervisor
from app.embedded.triton import EmbeddedTriton
from app.embedded.valkey import BUS, MEMORY, EmbeddedValkey
from app.kit.errors import PennyError, UnavailableError

SHORT = Patience(every_s=0.5, again_s=0.2, answer_s=4.0, misses=2)
"""As the product's own, but a test cannot wait that long."""

CONFIG = """
name: "double"
backend: "python"
max_batch_size: 4
input [ { name: "x" data_type: TYPE_FP32 dims: [ -1 ] } ]
output [ { name: "y" data_type: TYPE_FP32 dims: [ -1 ] } ]
instance_group [ { count: 2 kind: KIND_CPU } ]
"""
MODEL = """
import triton_python_backend_utils as pb_utils


class TritonPythonModel:
    def execute(self, requests):
        inputs = [pb_utils.get_input_tensor_by_name(request, "x").as_numpy() for request in requests]
        return [pb_utils.InferenceResponse([pb_utils.Tensor("y", array * 2)]) for array in inputs]
"""


def write_model(models: Path) -> None:
    """The repository: one model that doubles what it gets."""
    version = models / "double" / "1"
    version.mkdir(parents=True, exist_ok=True)
    (version.parent / "config.pbtxt").write_text(textwrap.dedent(CONFIG))
    (version / "model.py").write_text(MODEL)


async def doubles(url: str) -> None:
    """The round trip of that model."""
    client = aio.InferenceServerClient(url)
    try:
        sent = np.array([[1.5, -2.0, 7.0]], np.float32)
        tensor = InferInput("x", [1, 3], "FP32")
        tensor.set_data_from_numpy(sent)
        answer = (await client.infer("double", [tensor], client_timeout=10)).as_numpy("y")
        if answer is None or not np.array_equal(answer, sent * 2):
            raise UnavailableError(f"answered {answer}")
    finally:
        await client.close()


async def supervise(home: Home) -> None:
    """Run until SIGINT or SIGTERM."""
    passwords = secrets.load(home.root / "secrets.json", database_exists=(home.root / "postgres").exists())
    triton = EmbeddedTriton(home, doubles)
    write_model(triton.models)
    bus, memory = EmbeddedValkey(BUS, home, passwords), EmbeddedValkey(MEMORY, home, passwords)
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    console = Console()
    servers = (server.part() for server in (EmbeddedPostgres(home, passwords), bus, memory, triton))
    parts = [replace(part, policy=replace(part.policy, patience=SHORT)) for part in servers]
    supervisor = Supervisor(parts, home.logs, console.report, Path.cwd(), home.folder("run") / "parts.json")
    await supervisor.run(stop, lambda: console.say("READY"))


if __name__ == "__main__":
    try:
        with open_home(Path(sys.argv[1]), url="http://127.0.0.1:1") as opened:
            asyncio.run(supervise(opened))
    except PennyError as error:
        sys.exit(str(error))
