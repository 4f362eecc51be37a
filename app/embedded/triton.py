"""The real Triton server of the `nvidia-pytriton` wheel, in an environment of its own (`.venv-triton`).

Four things make the wheel's server start: a backend directory that holds its Python backend together with the stub for the
interpreter, LD_LIBRARY_PATH with the wheel's libraries and Python's, the environment's `bin` first on PATH, and
`--backend-directory`. A Python-based backend named `onnxruntime` (triton_backends/) then serves the same `triton_models/` that
a stock container serves on a GPU.
"""

import asyncio
import contextlib
import hashlib
import os
import shutil
import signal
import subprocess
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path

from app.embedded.lifecycle import Policy
from app.embedded.liveness import answers_http2
from app.embedded.process import Part
from app.embedded.processor import threads_here
from app.embedded.state import Home, free_port
from app.inference.gait.placing import GAIT_MODEL
from app.inference.lock import biometric, read_lock
from app.kit.errors import PennyError, SetupError
from app.kit.logs import logger
from app.models.admission.checking import admit
from app.models.folder import TRIAL, ModelFolder
from app.models.shared.level import bring_level
from app.models.shared.store import SharedVersions

CHECKOUT = Path(__file__).resolve().parent.parent.parent
SHARED_MEMORY = Path("/dev/shm")  # noqa: S108 - where the kernel keeps POSIX shared memory
ASK_PYTHON_LIMIT_S = 20.0
CONFIG_NAME = "cpu"
THREADS = "PENNYPROTECT_INSTANCE_THREADS"
"""Read by triton_backends/onnxruntime for models whose configuration leaves the threads to us."""

log = logger(__name__)


@dataclass(frozen=True, slots=True)
class Installation:
    """Where things are inside an environment that holds nvidia-pytriton.

    Attributes:
        version: of its interpreter, like "3.11".
        python_libraries: the folder of the interpreter's shared library.
    """

    folder: Path
    packages: Path
    version: str
    python_libraries: Path

    @property
    def server(self) -> Path:
        """The server's binary."""
        return self.packages / "pytriton" / "tritonserver" / "bin" / "tritonserver"

    @property
    def stub(self) -> Path:
        """The process that runs a Python model, built for this interpreter's version."""
        stubs = self.packages / "pytriton" / "tritonserver" / "python_backend_stubs"
        return stubs / self.version / "triton_python_backend_stub"

    def environment(self) -> dict[str, str]:
        """Variables the server needs, and no others."""
        libraries = (self.packages / "nvidia_pytriton.libs", self.python_libraries)
        return {
            "PATH": os.pathsep.join((str(self.folder / "bin"), os.environ.get("PATH", os.defpath))),
            "LD_LIBRARY_PATH": os.pathsep.join(map(str, libraries)),
            "VIRTUAL_ENV": str(self.folder),
            "HOME": os.environ.get("HOME", "/"),
            "LC_ALL": "C.UTF-8",
            "PYTHONDONTWRITEBYTECODE": "1",
        }


def find_installation(folder: Path = CHECKOUT / ".venv-triton") -> Installation:
    """The installation in `folder`.

    Raises:
        SetupError: there is none, or it has no stub for its interpreter.
    """
    packages = next(iter(sorted((folder / "lib").glob("python*/site-packages"))), None)
    if packages is None or not (packages / "pytriton").is_dir():
        raise SetupError(f"Triton is not installed in {folder}; run `make setup`, or set TRITON_URL to a server of yours.")
    question = "import sysconfig; print(sysconfig.get_config_var('LIBDIR') or '')"
    answer = subprocess.run(
        [folder / "bin" / "python", "-c", question], capture_output=True, text=True, timeout=ASK_PYTHON_LIMIT_S, check=True
    )
    version = packages.parent.name.removeprefix("python")
    found = Installation(folder, packages, version, Path(answer.stdout.strip()))
    if not found.stub.is_file():
        raise SetupError(f"Triton has no stub for Python {version} ({folder}); delete that folder and run `make setup`.")
    return found


def assemble_backends(target: Path, installation: Installation, own: Path = CHECKOUT / "triton_backends") -> None:
    """Make `target` the backend directory: the wheel's Python backend with its stub, and our own Python-based ones beside."""
    fresh = target.with_name(f"{target.name}.new")
    shutil.rmtree(fresh, ignore_errors=True)
    python = fresh / "python"
    shutil.copytree(installation.packages / "pytriton" / "tritonserver" / "backends" / "python", python)
    shutil.copy2(installation.stub, python)
    (python / installation.stub.name).chmod(0o755)
    if own.is_dir():
        for backend in own.iterdir():
            if (backend / "model.py").is_file():
                shutil.copytree(backend, fresh / backend.name, ignore=shutil.ignore_patterns("__pycache__", "README*"))
    shutil.rmtree(target, ignore_errors=True)
    fresh.rename(target)


class EmbeddedTriton:
    """One server; its models in `triton/models` of a home, its gRPC on a free loopback port.

    Args:
        home: the state folder.
        round_trip: given the URL, returns once every model truly computes.
        installation: of the server; found in the checkout by default.
        keys: folder of the public keys that may sign pushed versions; default: model-keys in the home.
        shared: makes the store of pushed versions, where it is not this server's folder.
    """

    def __init__(
        self,
        home: Home,
        round_trip: Callable[[str], Awaitable[None]],
        installation: Installation | None = None,
        keys: Path | None = None,
        shared: Callable[[], SharedVersions | None] = lambda: None,
    ) -> None:
        self._round_trip, self._keys, self._shared = round_trip, keys or home.root / "model-keys", shared
        self._installation = installation or find_installation()
        self._folder = home.folder("triton")
        self.models = home.folder("triton/models")
        self._port = free_port()
        self.threads = threads_here()
        self._address = home.folder("run") / "triton.url"
        tag = hashlib.sha256(os.fsencode(home.root)).hexdigest()[:12]
        self.shared_memory_prefix = f"pennyprotect_{tag}_"

    @property
    def url(self) -> str:
        """TRITON_URL: host and port of gRPC."""
        return f"127.0.0.1:{self._port}"

    def part(self) -> Part:
        """What the supervisor runs."""
        return Part(
            name="triton",
            command=self._command(),
            env=self._installation.environment() | {THREADS: str(self.threads)},
            before=self.prepare,
            ready=self.ready,
            alive=self.alive,
            stop_signal=signal.SIGTERM,
            death_signal=signal.SIGKILL,
            grace_s=5.0,
            policy=Policy(ready_within_s=300.0),  # the first start compiles the models
        )

    def _command(self) -> tuple[str, ...]:
        return (
            str(self._installation.server),
            f"--model-repository={self.models}",
            f"--backend-directory={self._folder / 'backends'}",
            f"--model-config-name={CONFIG_NAME}",
            "--model-control-mode=explicit",
            *(f"--load-model={name}" for name in self._loaded_at_start()),
            "--grpc-address=127.0.0.1",
            f"--grpc-port={self._port}",
            "--allow-http=false",
            "--allow-metrics=false",
            "--disable-auto-complete-config",
            "--exit-timeout-secs=3",
            "--pinned-memory-pool-byte-size=0",  # pinned memory is for GPUs
            f"--backend-config=python,shm-region-prefix-name={self.shared_memory_prefix}",
        )

    def _loaded_at_start(self) -> list[str]:
        """Every model that is there but trials, and the biometric ones: those wait until a store's policy asks for them."""
        waiting = {GAIT_MODEL, *(model.name for model in biometric(read_lock()))}
        found = [path.parent.name for path in sorted(self.models.glob("*/config.pbtxt"))]
        return [name for name in found if name not in waiting and not name.startswith(TRIAL)]

    async def prepare(self) -> None:
        """Assemble the backends, sweep what a killed server left, and let no version in that nobody signed."""
        self.sweep()
        self._address.write_text(f"{self.url}\n", "utf-8")  # for tools that run beside the product
        for trial in self.models.glob(f"{TRIAL}*"):  # of a push that a kill cut short
            shutil.rmtree(trial, ignore_errors=True)
        await self._admit()
        await asyncio.to_thread(ModelFolder(self.models).sweep_compiled)
        await asyncio.to_thread(assemble_backends, self._folder / "backends", self._installation)

    async def _admit(self) -> None:
        """A store that is away costs what was pushed meanwhile: the service loads it later."""
        folder = ModelFolder(self.models)
        try:
            if (shared := await asyncio.to_thread(self._shared)) is not None:
                async with folder.locked():
                    await bring_level(shared, folder, self._keys)
                return
        except (PennyError, OSError) as error:  # what it says of this folder is said again
            log.warning("the folder of models is not brought level now", problem=str(error))
        await asyncio.to_thread(admit, folder, self._keys)

    def sweep(self) -> None:
        """Remove shared memory of this home's own prefix; others' is never touched."""
        for region in SHARED_MEMORY.glob(f"{self.shared_memory_prefix}*"):
            with contextlib.suppress(OSError):
                region.unlink()

    async def ready(self) -> None:
        """A round trip through each model in the repository; READY alone says nothing about what comes out."""
        await self._round_trip(self.url)

    async def alive(self) -> None:
        """The server's own threads turn. What hangs inside a model the workers see, and say."""
        await answers_http2(self._port)()
