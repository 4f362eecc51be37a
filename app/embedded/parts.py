"""The embedded default: which processes there are, in which order, and how it is run.

The list is data; the supervisor knows nothing about any of them. A URL set by the operator leaves out that server.
"""

import asyncio
import json
import signal
import sys
import time
import webbrowser
from dataclasses import replace
from pathlib import Path

from app.embedded import secrets as stored_secrets
from app.embedded.certificates import fingerprint, keep_certificates, names_of
from app.embedded.console import REMOVED_NOTE, Console
from app.embedded.demo_cameras import demo_cameras
from app.embedded.lifecycle import Policy
from app.embedded.liveness import answers_http, answers_rtsp
from app.embedded.process import Part, Probe, no_step
from app.embedded.roles import Roles, Servers, choose_servers, own_service, service_address
from app.embedded.service import PROBE_LIMIT_S, OwnService
from app.embedded.state import Home, check_port, open_home
from app.embedded.supervisor import Supervisor
from app.inference import licences, repository
from app.kit.backoff import Backoff
from app.kit.clock import now
from app.kit.operations import socket_path
from app.settings import Settings

CHECKOUT = Path(__file__).resolve().parent.parent.parent
ALL_READY_S = 60.0
READY_AGAIN_S = 0.25
CERTIFY_EVERY_S = 12 * 3600.0
TRUST = """Browsers trust this address once they trust its authority, {authority}
  (SHA-256 {fingerprint}).
  Copy that file, never ca.key beside it, to each machine, and there:
  Debian, Ubuntu   sudo cp ca.pem /usr/local/share/ca-certificates/pennyprotect.crt && sudo update-ca-certificates
  macOS            sudo security add-trusted-cert -d -r trustRoot -k /Library/Keychains/System.keychain ca.pem
  Windows          certutil -addstore -f Root ca.pem
  Firefox          Settings, Certificates, View Certificates, Authorities, Import"""
# The first start downloads and encodes the demo's clips; where they cannot be had, the product runs without them.
_DEMO = Policy(optional=True, ready_within_s=900.0, backoff=Backoff(first_s=1.0, longest_s=300.0))
# Live video falls back to pictures: nothing waits for its relay.
_RELAY = Policy(optional=True)
_ONE_SHOT = Policy(one_shot=True, ready_within_s=180.0, give_up_after=3)


def embedded_parts(settings: Settings, home: Home, servers: Servers, secrets: dict[str, str]) -> list[Part]:
    """Every process of this run, each after what it depends on."""
    roles = Roles(settings, home, servers, secrets)
    asked = own_service(settings, secrets)
    own = [each.part() for each in (servers.postgres, servers.bus, servers.memory, servers.triton) if each is not None]
    owner = roles.database("owner") | roles.storage_key() | roles.worker_key()
    cells = roles.bus("pipeline") | roles.memory("pipeline")
    worker = roles.bus("worker") | roles.memory("worker") | roles.triton() | roles.worker_key()
    service = roles.database("app") | roles.bus("service") | roles.memory("service") | roles.triton()
    service |= roles.tokens() | roles.storage_key() | roles.metrics_key() | roles.certificate()
    # Every role's imports cost a second or two of a core: what readiness needs comes first, and the rest leaves it the processor.
    last = ("worker-cpu",)
    ours = [
        roles.part("migrate", roles.database("owner"), ("postgres",), no_step, _ONE_SHOT),
        roles.part("first-run", owner | roles.first_run(), ("migrate",), no_step, _ONE_SHOT),
        roles.part("service", service, ("migrate", "bus", "memory"), asked.answers("/readyz?only=service")),
        roles.part(
            "pipeline",
            roles.database("pipeline") | cells | roles.storage_key(),
            ("migrate", "bus", "memory"),
            _in_database(servers, "pipeline"),
        ),
        # Not before first-run: the product is ready when a worker reports, so everything is set up by then.
        roles.part("worker-cpu", worker | roles.service(), ("first-run", "service", "triton"), asked.hears_a_worker),
        roles.part(
            "dispatcher",
            roles.database("dispatcher") | roles.bus("dispatcher") | roles.storage_key() | roles.messages(),
            ("migrate", "bus"),
            _in_database(servers, "dispatcher"),
            after=("service",),
        ),
        roles.part(
            "sealer", roles.database("sealer") | roles.objects(), ("migrate",), _in_database(servers, "sealer"), after=last
        ),
        roles.part(
            "retention",
            roles.database("retention") | roles.objects(),
            ("migrate",),
            _in_database(servers, "retention"),
            command=("retention", "keep"),
            after=last,
        ),
        roles.part("live", {}, (), answers_http(socket_path(home.root, "live")), _RELAY, after=last),
    ]
    if ports := [camera.port for camera in demo_cameras(replace_home(settings, home))]:
        demo = roles.part("demo-cameras", roles.downloads(), (), _listens(ports), _DEMO, after=("service",))
        ours.append(replace(demo, alive=answers_rtsp(ports)))
    started = {part.name for part in (*own, *ours)}
    return [*own, *(replace(part, depends_on=tuple(each for each in part.depends_on if each in started)) for part in ours)]


def replace_home(settings: Settings, home: Home) -> Settings:
    """The settings with the state folder as an absolute path."""
    return settings.model_copy(update={"home": home.root, "cache": settings.cache.expanduser().absolute()})


def _in_database(servers: Servers, role: str) -> Probe:
    """The role holds a database session; where the database is the operator's, that its process lives is all we see."""

    async def probe() -> None:
        if servers.postgres is not None and not await servers.postgres.sessions(f"pennyprotect-{role}"):
            raise RuntimeError("no database session yet")

    return probe


def _listens(ports: list[int]) -> Probe:
    """Somebody listens on one of these ports: cameras start together, and one whose clip is missing does not start."""

    async def probe() -> None:
        refused = OSError("no demo camera is configured")
        for port in ports:
            try:
                async with asyncio.timeout(PROBE_LIMIT_S):
                    _, writer = await asyncio.open_connection("127.0.0.1", port)
            except OSError as error:  # a time-out is one
                refused = error
            else:
                writer.close()
                return
        raise refused

    return probe


def run(settings: Settings) -> int:
    """Set up what is missing and run everything until SIGINT or SIGTERM; the exit code.

    Raises:
        SetupError: this machine or the state folder is not as needed, or a part cannot be started.
    """
    console = Console()
    url = service_address(settings)
    with open_home(settings.home, url=url) as home:
        check_port(settings.host, settings.port)
        secrets = stored_secrets.load(home.root / "secrets.json", database_exists=(home.root / "postgres").exists())
        chosen = replace_home(settings, home)
        servers = choose_servers(chosen, home, secrets)
        if servers.triton is not None:
            stage_models(chosen, console)
        _certify(chosen)
        console.say(f"Starting PennyProtect (state in {home.root})")
        asked = own_service(chosen, secrets)
        asyncio.run(_supervise(chosen, home, asked, embedded_parts(chosen, home, servers, secrets), console))
    console.say("Stopped.")
    return 0


def stage_models(settings: Settings, console: Console) -> None:
    """Fetch what is missing after its licence is accepted, and fill Triton's repository."""
    ask = licences.terminal_ask(headless=settings.headless)
    progress = OncePerText(console)
    repository.stage(
        settings.home, settings.cache, mirror=settings.model_mirror, accept=settings.accept_licenses, ask=ask, progress=progress
    )


class OncePerText:
    """Model progress as plain lines: each thing that is done is named once."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._last = ""

    def __call__(self, what: str, _done: int, total: int) -> None:
        """`artefacts.Progress`."""
        if what != self._last:
            self._last = what
            self._console.say(f"  models: {what}{f' ({total / 1e6:.1f} MB)' if total else ''}")


async def _supervise(settings: Settings, home: Home, asked: OwnService, parts: list[Part], console: Console) -> None:
    stop, hurry = asyncio.Event(), asyncio.Event()

    def on_signal() -> None:
        if stop.is_set():
            hurry.set()
        console.stopping()
        stop.set()

    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        loop.add_signal_handler(number, on_signal)
    supervisor = Supervisor(parts, home.logs, console.report, CHECKOUT, home.folder("run") / "parts.json")
    welcome = asyncio.Event()
    welcoming = asyncio.create_task(_welcome(welcome, settings, asked, home, console))
    certifying = asyncio.create_task(_keep_certified(settings))
    try:
        await supervisor.run(stop, welcome.set, hurry)
    finally:
        welcoming.cancel()
        certifying.cancel()
        await asyncio.gather(welcoming, certifying, return_exceptions=True)


def _certify(settings: Settings) -> None:
    if settings.tls:
        keep_certificates(settings.home / "tls", names_of(settings.host, settings.tls_names), now())


async def _keep_certified(settings: Settings) -> None:
    """Renew long before the end; the service notices. Until cancelled."""
    while True:
        await asyncio.sleep(CERTIFY_EVERY_S)
        _certify(settings)


async def _welcome(started: asyncio.Event, settings: Settings, asked: OwnService, home: Home, console: Console) -> None:
    """Once every part is ready and the service says that they see each other: where to go."""
    await started.wait()  # ends by cancellation
    ready = asked.answers("/readyz")
    deadline = time.monotonic() + ALL_READY_S
    while time.monotonic() < deadline:
        try:
            await ready()
            break
        except (OSError, RuntimeError) as error:
            why = str(error)
        await asyncio.sleep(READY_AGAIN_S)
    else:
        console.say(f"Every part runs, but not everything is ready yet: {why}")
    username = None
    if home.credentials.exists():
        username = json.loads(home.credentials.read_text()).get("username")
    url = asked.url
    removed = home.root / REMOVED_NOTE
    if removed.exists():
        console.say(removed.read_text("utf-8"))
        removed.unlink()
    if asked.authority is not None:
        console.say(TRUST.format(authority=asked.authority, fingerprint=fingerprint(asked.authority)))
    console.ready(url=url, credentials=home.credentials, username=username, logs=home.logs)
    if not settings.headless and sys.stdout.isatty():
        asyncio.get_running_loop().run_in_executor(None, webbrowser.open, url)
