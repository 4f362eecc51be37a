"""The key ring's file, and sealed values."""

import asyncio
import base64
import json
import os
import stat
import threading
import uuid
from pathlib import Path
from typing import Any

import pytest

from app.kit.errors import SetupError
from app.kit.keys.envelope import KeyName, key_of, seal, unseal
from app.kit.keys.models import StoredKey
from app.kit.keys.provider import KeyLostError, key_id_of
from app.kit.keys.ring import FileRing, text_of, with_current, with_new_key, without_key
from app.kit.keys.vault import Vault

FIRST = base64.b64encode(b"k" * 32).decode()
NAME = KeyName(uuid.uuid4(), 7)


def test_a_ring_begins_with_the_old_setting_and_is_private(tmp_path: Path) -> None:
    file = tmp_path / "keys.json"
    ring = FileRing(file, FIRST)
    assert ring.known() == {ring.current()} == {key_id_of(b"k" * 32)}
    assert not file.exists()
    ring.add_key()
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert ring.first_key() == b"k" * 32


def test_another_process_follows_a_rotation_and_a_retirement(tmp_path: Path) -> None:
    file = tmp_path / "keys.json"
    ours, theirs = FileRing(file, FIRST), FileRing(file, FIRST)
    first = ours.current()
    key_id, wrapped = theirs.wrap(b"d" * 32, b"x")
    second = ours.add_key()
    assert theirs.current() == second != first
    assert ours.unwrap(key_id, wrapped, b"x") == b"d" * 32
    ours.retire(first)
    assert theirs.first_key() is None  # although PENNYPROTECT_SECRET_KEY is still set
    with pytest.raises(KeyLostError):
        theirs.unwrap(key_id, wrapped, b"x")
    with pytest.raises(SetupError, match="rotate first"):
        ours.retire(second)


def test_a_ring_mounted_from_a_secret_is_read_through_the_group_and_never_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As Kubernetes mounts it: root's files, this process's group, a link that moves when the Secret changes."""
    mounted = tmp_path / "key-ring"
    (mounted / "..1").mkdir(parents=True)
    (mounted / "..data").symlink_to("..1")
    (mounted / "keys.json").symlink_to("..data/keys.json")
    ring = FileRing(mounted / "keys.json", FIRST)
    first = ring.current()
    with_next, next_id = with_new_key(ring.ring())
    for number, content in enumerate(
        (with_next, with_current(with_next, next_id), without_key(with_current(with_next, next_id), first)), 2
    ):
        folder = mounted / f"..{number}"
        folder.mkdir()
        (folder / "keys.json").write_text(text_of(content))
        (folder / "keys.json").chmod(0o440)
        monkeypatch.setattr("os.geteuid", lambda: os.getuid() + 10001)
        monkeypatch.setattr("app.kit.keys.ring.ROOT", os.getuid())
        fresh = mounted / "..data.new"
        fresh.symlink_to(f"..{number}")
        fresh.replace(mounted / "..data")
        assert (ring.current(), ring.known()) == (content.current, frozenset(content.keys))
    assert ring.current() == next_id
    assert ring.known() == {next_id}
    assert not ring.writable
    monkeypatch.setattr("app.kit.keys.ring.ROOT", os.getuid() + 1)
    with pytest.raises(SetupError, match="chmod 600"):  # another user's, open to this one's group
        FileRing(mounted / "keys.json", FIRST)
    monkeypatch.undo()
    with pytest.raises(SetupError, match="chmod 600"):  # this user's own file, open to the group
        FileRing(mounted / "keys.json", FIRST)
    with pytest.raises(SetupError, match="rotate first"):
        without_key(ring.ring(), next_id)
    with pytest.raises(SetupError, match="no key 'x'"):
        with_current(ring.ring(), "x")


def test_a_ring_that_is_gone_open_or_damaged_stops(tmp_path: Path) -> None:
    file = tmp_path / "keys.json"
    ring = FileRing(file, FIRST)
    ring.add_key()
    text = file.read_text()
    file.chmod(0o640)
    with pytest.raises(SetupError, match="chmod 600"):
        FileRing(file, FIRST)
    swapped = json.loads(text)
    swapped["keys"][swapped["current"]] = base64.b64encode(os.urandom(32)).decode()
    for broken in ("", "{}", "[]", text[:40], json.dumps({"current": "x", "keys": {}}), json.dumps(swapped)):
        file.write_text(broken)
        file.chmod(0o600)
        with pytest.raises(SetupError, match="damaged"):
            FileRing(file, FIRST)
    file.unlink()
    with pytest.raises(SetupError, match="gone"):
        ring.current()


@pytest.mark.parametrize("key", ["", "not base64!", base64.b64encode(b"short").decode()])
def test_a_wrong_first_key_is_a_setup_error(key: str) -> None:
    with pytest.raises(SetupError, match="PENNYPROTECT_SECRET_KEY"):
        FileRing(None, key)


def test_a_sealed_value_names_its_key_and_opens_only_in_its_place() -> None:
    sealed = seal(NAME, b"d" * 32, "user:pässword".encode(), b"camera1")
    assert key_of(sealed) == NAME
    assert b"user" not in sealed
    assert unseal(b"d" * 32, sealed, b"camera1") == "user:pässword".encode()
    assert seal(NAME, b"d" * 32, b"x", b"") != seal(NAME, b"d" * 32, b"x", b"")
    elsewhere = bytearray(sealed)
    elsewhere[10] ^= 1  # another chain's name on it
    for key, value, context in (
        (b"e" * 32, sealed, b"camera1"),
        (b"d" * 32, sealed, b"camera2"),
        (b"d" * 32, bytes(elsewhere), b"camera1"),
        (b"d" * 32, sealed[:-1] + bytes([sealed[-1] ^ 1]), b"camera1"),
        (b"d" * 32, sealed[:30], b"camera1"),
    ):
        with pytest.raises(KeyLostError):
            unseal(key, value, context)


def test_nothing_that_holds_a_key_shows_it(tmp_path: Path) -> None:
    ring = FileRing(tmp_path / "keys.json", FIRST)
    ring.add_key()
    shown = repr(ring) + repr(ring._refresh())
    for secret in (FIRST, "kkkk", *json.loads((tmp_path / "keys.json").read_text())["keys"].values()):
        assert secret not in shown


async def test_a_provider_that_hangs_takes_no_thread_from_others() -> None:
    released = threading.Event()

    class Hanging:
        def unwrap(self, *_: object) -> bytes:
            released.wait(60)
            raise KeyLostError("gone")

    async def look_up(_: KeyName) -> StoredKey:
        return StoredKey(7, "k", b"wrapped")

    provider: Any = Hanging()
    vault, sealed = Vault(provider, look_up), seal(NAME, b"d" * 32, b"plain", b"x")
    asking = [asyncio.create_task(vault.open_bytes(b"x", NAME.chain_id, sealed)) for _ in range(64)]
    try:
        await asyncio.sleep(0)
        async with asyncio.timeout(30):
            assert await asyncio.to_thread(lambda: True)
    finally:
        released.set()
    assert {type(each) for each in await asyncio.gather(*asking, return_exceptions=True)} <= {KeyLostError, TimeoutError}
