"""One suite for every key provider: the ring in a file, and AWS KMS (moto's server speaks its protocol)."""

import base64
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.config import Config
from moto.server import ThreadedMotoServer

from app.kit.errors import UnavailableError
from app.kit.keys.kms import KmsKeys
from app.kit.keys.provider import KeyLostError, KeyProvider
from app.kit.keys.ring import FileRing

FIRST = base64.b64encode(b"k" * 32).decode()
Make = Callable[[], KeyProvider]


def kms_client(port: int) -> Any:
    return boto3.client(
        "kms",
        endpoint_url=f"http://127.0.0.1:{port}",
        region_name="eu-west-1",
        aws_access_key_id="test",
        aws_secret_access_key="test",
        # moto imports its models at the first request.
        config=Config(connect_timeout=10, read_timeout=30, retries={"max_attempts": 0}),
    )


@pytest.fixture(scope="module")
def kms() -> Iterator[Any]:
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    yield kms_client(server.get_host_and_port()[1])
    server.stop()


@pytest.fixture(params=["file", "kms"])
def keys(request: pytest.FixtureRequest, tmp_path: Path, kms: Any) -> tuple[KeyProvider, Callable[[], KeyProvider]]:
    """A provider, and what makes the next one after a new key was made current."""
    if request.param == "file":
        ring = FileRing(tmp_path / "keys.json", FIRST)

        def rotated() -> KeyProvider:
            ring.add_key()
            return ring

        return ring, rotated
    first = kms.create_key()["KeyMetadata"]["Arn"]

    def second() -> KeyProvider:
        return KmsKeys((first, kms.create_key()["KeyMetadata"]["Arn"]), kms)

    return KmsKeys((first,), kms), second


def test_a_data_key_comes_back_and_only_in_its_context(keys: tuple[KeyProvider, Make]) -> None:
    provider, _ = keys
    key_id, wrapped = provider.wrap(b"d" * 32, b"chain 1")
    assert key_id == provider.current()
    assert key_id in provider.known()
    assert b"d" * 32 not in wrapped
    assert provider.unwrap(key_id, wrapped, b"chain 1") == b"d" * 32
    for name, value, context in (
        (key_id, wrapped, b"chain 2"),
        (key_id, wrapped[:-1] + bytes([wrapped[-1] ^ 1]), b"chain 1"),
        ("unknown", wrapped, b"chain 1"),
    ):
        with pytest.raises(KeyLostError):
            provider.unwrap(name, value, context)


def test_after_rotation_the_old_key_still_unwraps_and_the_new_one_wraps(keys: tuple[KeyProvider, Make]) -> None:
    provider, rotate = keys
    old_id, wrapped = provider.wrap(b"d" * 32, b"x")
    rotated = rotate()
    new_id, _ = rotated.wrap(b"e" * 32, b"x")
    assert new_id == rotated.current() != old_id
    assert rotated.unwrap(old_id, wrapped, b"x") == b"d" * 32
    assert {old_id, new_id} <= rotated.known()


def test_a_kms_that_is_away_or_whose_key_is_disabled_fails_closed(kms: Any) -> None:
    arn = kms.create_key()["KeyMetadata"]["Arn"]
    provider = KmsKeys((arn,), kms)
    key_id, wrapped = provider.wrap(b"d" * 32, b"x")
    away = KmsKeys((arn,), kms_client(9))
    with pytest.raises(UnavailableError, match="does not answer") as caught:
        away.unwrap(key_id, wrapped, b"x")
    assert not isinstance(caught.value, KeyLostError)
    with pytest.raises(UnavailableError):
        away.wrap(b"d" * 32, b"x")
    with pytest.raises(UnavailableError):
        KmsKeys(("no-such-key",), kms).wrap(b"d" * 32, b"x")
