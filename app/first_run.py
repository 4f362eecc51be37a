"""First set-up: chain, store, administrator, worker key and cameras. Every start repeats it; what exists is left alone."""

import json
import os
import secrets
import uuid
from pathlib import Path

from app.audit.models import ActorKind
from app.auth.models import Principal
from app.auth.passwords import hash_password
from app.auth.permissions import Permission, Role
from app.auth.tokens import token_hash
from app.cameras.setup import repository
from app.cameras.setup.models import KnownCamera, Origin, WantedCamera, reconcile
from app.cameras.urls import check_camera_url, join_credentials, split_credentials
from app.embedded.console import REMOVED_NOTE
from app.embedded.demo_cameras import demo_cameras
from app.kit.clock import now
from app.kit.egress import EgressPolicy
from app.kit.errors import BadInputError, PennyError, SetupError
from app.kit.ids import new_id
from app.kit.keys.choice import by_pool, open_vault
from app.kit.keys.models import CAMERA
from app.kit.keys.repository import provider_keys
from app.kit.keys.vault import LookUp, Vault
from app.kit.logs import logger
from app.kit.postgres import TenantConnection
from app.settings import Settings
from app.tenancy.policy.demonstration import demonstrate
from app.tenancy.policy.packs import current_pack
from app.workers.simulated.acts import SCRIPTS
from app.workers.simulated.lane import SCHEME, is_simulated, script_of

WORKER_KEY_NAME = "workers"
CREDENTIALS = "credentials.json"
DEMO_NAME = "Demonstration (this machine only)"
DEMO_PEOPLE = ("demonstration-proposer", "demonstration-approver")
SHORTEST_WORKER_KEY = 20
SHORTEST_PASSWORD = 12

log = logger(__name__)


async def first_run(settings: Settings, owner_url: str) -> None:
    """Make what must exist before anybody can sign in, in one transaction.

    Raises:
        SetupError: a setting is missing, or a camera of CAMERAS cannot be used.
    """
    _vault(settings, None)  # a wrong key is said before anything is changed
    wanted = wanted_cameras(settings)
    connection = await repository.connect_owner(owner_url)
    try:
        await _tell_lost_keys(connection, settings)
        async with connection.transaction():
            await repository.lock_setup(connection)
            place = await _place(connection, settings)
            await _administrator(connection, place[0], settings)
            await _worker_key(connection, settings)
            removed = await _cameras(connection, place, _vault(settings, connection), wanted)
            if settings.demo:
                await switch_demo_on(connection, place)
        _tell_removed(settings.home / REMOVED_NOTE, removed)
    finally:
        await connection.close(timeout=5)


def open_vault_of(settings: Settings, look_up: LookUp) -> Vault:
    """The vault these settings name."""
    return open_vault(settings.secret_key.get_secret_value(), settings.key_ring_file, settings.kms_keys, look_up)


def _vault(settings: Settings, connection: repository.Connection | None) -> Vault:
    return open_vault_of(settings, by_pool(connection))


async def _tell_lost_keys(connection: repository.Connection, settings: Settings) -> None:
    """An error in the log where stored secrets are sealed by keys that are not here: a ring was left behind, or lost."""
    absent = await provider_keys(connection) - _vault(settings, None).provider.known()
    if absent:
        log.error(
            "stored secrets are sealed by keys that the key ring does not hold: bring its keys.json back (docs/deploy.md, Keys)",
            key_ring=str(settings.key_ring_file),
            absent=sorted(absent),
        )


def wanted_cameras(settings: Settings) -> list[WantedCamera]:
    """The cameras of CAMERAS, else the demo's, where those are wanted; a demonstration also shows a fall and a fight."""
    entries = settings.cameras.split()
    if not entries:
        played = [
            f"{SCHEME}{script.name}" for script in SCRIPTS.values() if settings.demo and settings.demo_cameras and script.act
        ]
        return [
            *(WantedCamera(camera.name, camera.url, Origin.DEMO) for camera in demo_cameras(settings)),
            *(WantedCamera(_name(address, 0), address, Origin.DEMO) for address in played),
        ]
    policy = settings.camera_egress.with_loopback()
    found: dict[str, WantedCamera] = {}
    for number, entry in enumerate(entries, 1):
        address = _address(entry, policy)
        found.setdefault(address, WantedCamera(_name(entry, number), address, Origin.SETTING))
    return list(found.values())


def _address(entry: str, policy: EgressPolicy) -> str:
    """An entry of CAMERAS as it is stored: a URL, a file's whole path, or a simulated camera of a known script."""
    if is_simulated(entry):
        if script_of(entry) is None:
            raise SetupError(f"CAMERAS names {entry}, and there is no such script; there are {', '.join(SCRIPTS)}.")
        return entry
    if "://" in entry and not entry.startswith("file://"):
        try:
            # Split and joined, so that it compares equal to what was stored whichever way its password was encoded.
            return join_credentials(*split_credentials(check_camera_url(entry, policy)))
        except BadInputError as error:
            raise SetupError(f"An entry of CAMERAS cannot be used: {error.detail}") from error
    path = Path(entry.removeprefix("file://")).expanduser().resolve()
    if not path.is_file():
        raise SetupError(f"CAMERAS names the file {path}, which does not exist. Correct it, or leave CAMERAS empty for the demo.")
    return str(path)


def _name(entry: str, number: int) -> str:
    if is_simulated(entry):
        return f"Simulated {entry.removeprefix(SCHEME)} (drawn figures, no camera)"
    if "://" in entry and not entry.startswith("file://"):
        host = split_credentials(entry)[0].split("://")[1].split("/")[0]
        return f"Camera {number} ({host})"[:200]
    return Path(entry).stem[:200] or f"Camera {number}"


async def _place(connection: repository.Connection, settings: Settings) -> tuple[uuid.UUID, uuid.UUID]:
    """The first store. A demonstration's is labelled, and shares a state folder with no other store."""
    if settings.demo and not settings.demo_allowed:
        raise SetupError(
            "A demonstration runs on loopback only; set PENNYPROTECT_HOST to 127.0.0.1, or leave PENNYPROTECT_DEMO out."
        )
    found = await repository.first_store(connection)
    if found is not None:
        if settings.demo and not await repository.is_demo(connection, found[1]):
            raise SetupError(
                f"{settings.home} holds a store that is no demonstration. Use another PENNYPROTECT_HOME for `make demo`."
            )
        return found
    chain_id, store_id = new_id(), new_id()
    await repository.add_chain_and_store(connection, chain_id, store_id, DEMO_NAME if settings.demo else "My store")
    if settings.demo:
        await repository.mark_demo(connection, store_id)
    return chain_id, store_id


async def switch_demo_on(connection: repository.Connection, place: tuple[uuid.UUID, uuid.UUID]) -> None:
    """The switches of a demonstration's (chain, store) on, by two administrators of its own whom nobody can sign in as."""
    chain_id, store_id = place
    people = []
    for name in DEMO_PEOPLE:
        user_id = await repository.put_user(connection, new_id(), chain_id, name, hash_password(secrets.token_urlsafe(32)))
        await repository.put_membership(connection, new_id(), chain_id, user_id, Role.CHAIN_ADMINISTRATOR.value)
        people.append(Principal(ActorKind.USER, user_id, name, chain_id, ()))
    proposer, approver = people
    if await demonstrate(TenantConnection(connection), proposer, approver, store_id, current_pack(), now()):
        log.info("the demonstration's switches are on")


async def _administrator(connection: repository.Connection, chain_id: uuid.UUID, settings: Settings) -> None:
    """The first administrator; a lost credentials.json of a store with users is not replaced by a new password."""
    file = settings.home / CREDENTIALS
    url = settings.client_url or f"{'https' if settings.tls else 'http'}://{_shown_host(settings.host)}:{settings.port}"
    if await repository.any_user(connection, chain_id):
        _keep_url(file, url)
        return
    given = settings.admin_password.get_secret_value()
    if given and len(given) < SHORTEST_PASSWORD:
        raise SetupError(f"PENNYPROTECT_ADMIN_PASSWORD must have at least {SHORTEST_PASSWORD} characters.")
    password, username = given or secrets.token_urlsafe(15), settings.admin_username.strip().lower()
    # A password that lies in a Secret is read by whoever may read the Secret; a made one is only in this home.
    must_change = bool(given) and settings.admin_must_change
    user_id = await repository.put_user(
        connection, new_id(), chain_id, username, hash_password(password), must_change=must_change
    )
    await repository.put_membership(connection, new_id(), chain_id, user_id, Role.CHAIN_ADMINISTRATOR.value)
    if given:  # the operator knows it; a second copy on a disk would only be found by somebody else
        log.info("administrator created")
        return
    # Before the commit: a user whose password nobody was told would lock everybody out.
    _write_private(file, {"url": url, "username": username, "password": password})
    log.info("administrator created", written_to=str(file))


def _keep_url(file: Path, url: str) -> None:
    """The port may have changed since."""
    try:
        known = json.loads(file.read_text("utf-8"))
    except (OSError, ValueError):
        return
    if isinstance(known, dict) and known.get("url") != url:
        _write_private(file, {**known, "url": url})


def _write_private(file: Path, content: dict[str, str]) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    fresh = file.with_name(file.name + ".new")
    fresh.unlink(missing_ok=True)
    with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as stream:
        json.dump(content, stream, indent=2)
        stream.flush()
        os.fsync(stream.fileno())
    fresh.replace(file)


async def _worker_key(connection: repository.Connection, settings: Settings) -> None:
    key = settings.worker_key.get_secret_value()
    if len(key) < SHORTEST_WORKER_KEY:
        raise SetupError(f"PENNYPROTECT_WORKER_KEY must have at least {SHORTEST_WORKER_KEY} characters.")
    permissions = [Permission.WORKER.value]
    await repository.put_platform_key(connection, new_id(), WORKER_KEY_NAME, token_hash(key), permissions)


async def _cameras(
    connection: repository.Connection, place: tuple[uuid.UUID, uuid.UUID], vault: Vault, wanted: list[WantedCamera]
) -> list[str]:
    """Bring the stored cameras in step; the names of those that are gone."""
    known = []
    for camera_id, name, url, sealed, origin in await repository.set_up_cameras(connection, place[0]):
        known.append(KnownCamera(camera_id, name, await _with_credentials(vault, camera_id, url, sealed), origin))
    changes = reconcile(wanted, known)
    for camera in changes.add:
        camera_id = new_id()
        address = await _sealed(vault, connection, place[0], camera_id, camera)
        await repository.add_camera(connection, place, camera_id, camera.name, address, camera.origin)
    for camera_id, camera in changes.change:
        address = await _sealed(vault, connection, place[0], camera_id, camera)
        await repository.move_camera(connection, camera_id, address)
    for camera_id in changes.remove:
        await repository.remove_camera(connection, camera_id, now())
    return [camera.name for camera in known if camera.id in changes.remove]


def _tell_removed(file: Path, names: list[str]) -> None:
    """Leave one line for the console, which shows it once: a camera must not go without a word."""
    if not names:
        return
    said = f"Removed, because the settings no longer name them: {', '.join(names)}. Their alerts and detections stay."
    log.warning("cameras removed", cameras=names)
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(said, "utf-8")


async def _with_credentials(vault: Vault, camera_id: uuid.UUID, url: str, sealed: bytes | None) -> str:
    try:
        return url if sealed is None else join_credentials(url, await vault.open(CAMERA, camera_id, sealed))
    except PennyError:
        return url  # the key changed; the address is stored anew


async def _sealed(
    vault: Vault, connection: repository.Connection, chain_id: uuid.UUID, camera_id: uuid.UUID, camera: WantedCamera
) -> tuple[str, bytes | None]:
    url, credentials = split_credentials(camera.url)
    return url, None if credentials is None else await vault.seal(connection, chain_id, CAMERA, camera_id, credentials)


def _shown_host(host: str) -> str:
    if host in ("0.0.0.0", "::"):  # noqa: S104 - shown, not bound
        return "127.0.0.1"
    return f"[{host}]" if ":" in host else host
