"""One suite for every object store: a folder, S3 with and without Object Lock (moto), S3 that checks signatures (nanio)."""

import asyncio
import hashlib
import json
import os
import socket
import subprocess
import sys
import time
import uuid
from collections.abc import AsyncIterator, Iterator
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import aiohttp
import pytest
from moto.server import ThreadedMotoServer

from app.audit.anchors import BrokenAnchorsError, ObjectAnchors
from app.audit.ledger_repository import Head
from app.audit.places import BucketAnchors
from app.kit.clock import now
from app.kit.errors import BadInputError, ConflictError, PennyError
from app.kit.objects.files import FileStore
from app.kit.objects.s3 import connect, make_client
from app.kit.objects.s3_evidence import S3EvidenceStore, connect_evidence
from app.kit.objects.store import EvidenceStore, LockedError, NoSuchObjectError, ObjectStore, ObjectStoreError
from app.models import mirror
from app.settings import Settings

KEY, SECRET = "objects-test", "objects-test-secret"
REGION = "eu-west-1"
HOUR = timedelta(hours=1)


@pytest.fixture(scope="module")
def moto() -> Iterator[str]:
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    yield f"http://127.0.0.1:{server.get_host_and_port()[1]}"
    server.stop()


@pytest.fixture(scope="module")
def nanio(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A server of its own process that refuses a wrong signature."""
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port = found.getsockname()[1]
    command = [sys.executable, "-m", "nanio", "serve", "--host", "127.0.0.1", "--port", str(port), "--region", REGION]
    command += ["--data-dir", str(tmp_path_factory.mktemp("nanio")), "--log-level", "error", "--no-access-log"]
    env = {**os.environ, "NANIO_ACCESS_KEY": KEY, "NANIO_SECRET_KEY": SECRET}
    process = subprocess.Popen(command, env=env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        for _ in range(300):
            try:
                socket.create_connection(("127.0.0.1", port), 1).close()
                break
            except OSError:
                time.sleep(0.1)
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait(10)


def client(endpoint: str, secret: str = SECRET) -> Any:
    return make_client(REGION, KEY, secret, endpoint)


def make_bucket(endpoint: str, *, locks: bool = False) -> str:
    name = f"objects-{uuid.uuid4().hex[:12]}"
    more: dict[str, Any] = {"ObjectLockEnabledForBucket": True} if locks else {}
    client(endpoint).create_bucket(Bucket=name, CreateBucketConfiguration={"LocationConstraint": REGION}, **more)
    return name


async def evidence_bucket(endpoint: str, name: str, *more: str, secret: str = SECRET) -> tuple[int | None, str, str]:
    """`pennyprotect evidence bucket`, as compose.yaml runs it before the service: exit code, stdout, stderr."""
    told = {
        "AWS_S3_BUCKET": name, "AWS_REGION": REGION, "AWS_ENDPOINT_URL_S3": endpoint, "AWS_ACCESS_KEY_ID": KEY,
        "AWS_SECRET_ACCESS_KEY": secret,
    }  # fmt: skip
    command = (sys.executable, "-m", "app.cli", "evidence", "bucket", *more)
    running = await asyncio.create_subprocess_exec(*command, env={**os.environ, **told}, stdout=-1, stderr=-1)
    out, err = await asyncio.wait_for(running.communicate(), 240)
    return running.returncode, out.decode(), err.decode()


async def test_a_bucket_is_made_with_object_lock_once(moto: str) -> None:
    name, said = f"made-{uuid.uuid4().hex[:12]}", []
    for _ in range(2):
        code, out, err = await evidence_bucket(moto, name, "--json")
        assert code == 0, err
        said.append(json.loads(out))
    assert said == [{"bucket": name, "made": made, "locks": True} for made in (True, False)]


async def test_a_bucket_that_does_not_lock_is_taken_only_by_whoever_says_so(moto: str) -> None:
    name = make_bucket(moto)
    code, out, err = await evidence_bucket(moto, name)
    assert (code, out) == (1, "")
    assert f"The bucket {name} has no Object Lock" in err
    assert len(err.strip().splitlines()) == 1
    code, out, err = await evidence_bucket(moto, name, "--without-lock")
    assert (code, out.strip()) == (0, f"{name}: was there, Object Lock OFF."), err


async def test_a_refusal_of_the_bucket_s_server_is_said_at_once_and_not_waited_out(nanio: str) -> None:
    """The hour that it would wait is over neither in the command's time nor in the test's."""
    code, _, err = await evidence_bucket(nanio, "refused", "--seconds", "3600", secret="another")
    assert code == 1
    assert "refused" in err


@pytest.fixture(params=["files", "moto", "moto-locked", "nanio"])
async def store(request: pytest.FixtureRequest, tmp_path: Path) -> ObjectStore:
    if request.param == "files":
        return FileStore(tmp_path / "objects")
    endpoint = request.getfixturevalue("nanio" if request.param == "nanio" else "moto")
    locks = request.param == "moto-locked"
    made = await connect(client(endpoint), make_bucket(endpoint, locks=locks))
    assert made.locks is locks
    return made


@pytest.fixture(params=["files", "moto", "moto-locked", "nanio"])
async def evidence(request: pytest.FixtureRequest, tmp_path: Path) -> EvidenceStore:
    if request.param == "files":
        return FileStore(tmp_path / "objects")
    endpoint = request.getfixturevalue("nanio" if request.param == "nanio" else "moto")
    return await connect_evidence(client(endpoint), make_bucket(endpoint, locks=request.param == "moto-locked"))


async def sent(*chunks: bytes) -> AsyncIterator[bytes]:
    for chunk in chunks:
        yield chunk


async def test_an_upload_is_stored_whole_once_or_not_at_all(evidence: EvidenceStore) -> None:
    body = bytes(range(256)) * 5000
    digest = hashlib.sha256(body).digest()
    for wrong in ((body[:-1], len(body), digest), (body + b"x", len(body), digest), (b"y" + body[1:], len(body), digest)):
        with pytest.raises(BadInputError):
            await evidence.receive("evidence/a.mp4", sent(wrong[0][:100], wrong[0][100:]), wrong[1], wrong[2])
        assert await keys(evidence) == []

    async def broken() -> AsyncIterator[bytes]:
        yield body[:1000]
        raise ConnectionError("the worker died")

    with pytest.raises((ConnectionError, ObjectStoreError)):
        await evidence.receive("evidence/a.mp4", broken(), len(body), digest)
    assert await keys(evidence) == []
    await evidence.receive("evidence/a.mp4", sent(body[:7], body[7:]), len(body), digest)
    with pytest.raises(ConflictError):
        await evidence.receive("evidence/a.mp4", sent(body), len(body), digest)
    assert await evidence.digest("evidence/a.mp4") == (len(body), digest)
    assert await evidence.read("evidence/a.mp4", 250, 260) == body[250:260]
    assert await evidence.read("evidence/a.mp4", len(body) - 3, len(body) + 50) == body[-3:]
    with pytest.raises(NoSuchObjectError):
        await evidence.digest("evidence/b.mp4")


async def test_a_hold_holds_and_erasure_stays_possible_before_the_date(evidence: EvidenceStore) -> None:
    await evidence.put("evidence/a", b"one")
    await evidence.protect("evidence/a", now() + HOUR, hold=False)
    if evidence.locks or isinstance(evidence, FileStore):
        with pytest.raises(LockedError):
            await evidence.remove("evidence/a")
        await evidence.protect("evidence/a", now() + HOUR / 2, hold=True)  # never shortened
        until = (await evidence.stat("evidence/a")).locked_until
        assert until is not None
        assert until > now() + HOUR * 0.9
        with pytest.raises(LockedError):
            await evidence.erase("evidence/a")
        await evidence.protect("evidence/a", None, hold=False)
    await evidence.erase("evidence/a")
    await evidence.erase("evidence/a")
    assert await keys(evidence) == []
    with pytest.raises(NoSuchObjectError):
        await evidence.get("evidence/a")
    with pytest.raises(NoSuchObjectError):
        await evidence.protect("evidence/a", None, hold=True)


async def test_a_presigned_put_takes_exactly_what_it_was_signed_for(nanio: str, moto: str) -> None:
    """nanio checks signature, length and end; the checksum is compared again by `digest` before anything is registered."""
    body = b"clip" * 1000
    digest = hashlib.sha256(body).digest()
    async with aiohttp.ClientSession() as session:
        for endpoint in (nanio, moto):
            store = await connect_evidence(client(endpoint), make_bucket(endpoint), "alias/evidence" if endpoint == moto else "")
            grant = store.grant("evidence/a.mp4", len(body), digest, "video/mp4", 600)
            assert grant is not None
            if endpoint == nanio:
                for url, headers, wrong in (
                    (grant.url.replace("a.mp4", "b.mp4"), grant.headers, body),
                    (grant.url, grant.headers, body + b"longer"),
                    (grant.url, grant.headers | {"x-amz-checksum-sha256": "AAAA"}, body),
                ):
                    async with session.put(url, data=wrong, headers=headers) as answer:
                        assert answer.status in (400, 403), await answer.text()
                assert await keys(store) == []
            async with session.put(grant.url, data=body, headers=grant.headers) as answer:
                assert answer.status == 200, await answer.text()
            assert await store.digest("evidence/a.mp4") == (len(body), digest)
        over = store_of_nanio = await connect_evidence(client(nanio), make_bucket(nanio))
        grant = store_of_nanio.grant("evidence/late.mp4", len(body), digest, "video/mp4", 1)
        await asyncio.sleep(2.1)
        assert grant is not None
        async with session.put(grant.url, data=body, headers=grant.headers) as answer:
            assert answer.status == 403
        assert await keys(over) == []


async def test_evidence_in_a_bucket_is_governed_and_encrypted_not_locked_for_good(moto: str) -> None:
    bucket = make_bucket(moto, locks=True)
    store = await connect_evidence(client(moto), bucket, "alias/evidence")
    await store.put("evidence/a", b"one")
    await store.protect("evidence/a", now() + HOUR, hold=True)
    found = client(moto).head_object(Bucket=bucket, Key="evidence/a")
    assert (found["ObjectLockMode"], found["ObjectLockLegalHoldStatus"]) == ("GOVERNANCE", "ON")
    assert (found["ServerSideEncryption"], found["SSEKMSKeyId"]) == ("aws:kms", "alias/evidence")


async def test_retention_is_overridden_only_where_there_is_some(moto: str) -> None:
    """On AWS the override is a right of its own: the service, which has it not, still removes what it stored and did not keep."""
    s3, asked = client(moto), []
    store = await connect_evidence(s3, make_bucket(moto, locks=True))
    s3.meta.events.register("provide-client-params.s3.DeleteObject", lambda params, **_: asked.append(dict(params)))
    await store.put("evidence/a", b"one")
    await store.erase("evidence/a")
    await store.put("evidence/b", b"one")
    await store.protect("evidence/b", now() + HOUR, hold=False)
    await store.erase("evidence/b")
    assert [(each["Key"], each.get("BypassGovernanceRetention", False)) for each in asked] == [
        ("evidence/a", False),
        ("evidence/b", True),
    ]
    assert await keys(store) == []


async def test_a_server_that_does_not_tell_what_it_retains_is_asked_again_with_the_override() -> None:
    """And one that refuses that, too, is an error: nothing is taken for erased."""
    from botocore.exceptions import ClientError

    asked, may = [], True

    def delete(*, BypassGovernanceRetention: bool = False, **_: str) -> dict[str, str]:  # noqa: N803 - S3's names
        asked.append(BypassGovernanceRetention)
        if not (BypassGovernanceRetention and may):
            raise ClientError({"Error": {"Code": "AccessDenied"}}, "DeleteObject")
        return {}

    listed = {"Versions": [{"Key": "evidence/a", "VersionId": "1"}]}
    s3 = SimpleNamespace(list_object_versions=lambda **_: listed, head_object=lambda **_: {}, delete_object=delete)
    store = S3EvidenceStore(s3, "bucket", locks=True)
    await store.erase("evidence/a")
    assert asked == [False, True]
    may = False
    with pytest.raises(ObjectStoreError, match="AccessDenied"):
        await store.erase("evidence/a")


async def test_erasure_leaves_no_version_where_a_bucket_keeps_them_without_locks(moto: str) -> None:
    bucket, s3 = make_bucket(moto), client(moto)
    s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
    store = await connect_evidence(s3, bucket)
    for key in ("evidence/a", "evidence/a", "evidence/a.mp4"):
        await store.put(key, b"one")
    s3.delete_object(Bucket=bucket, Key="evidence/a")
    await store.erase("evidence/a")
    left = s3.list_object_versions(Bucket=bucket)
    assert [each["Key"] for kind in ("Versions", "DeleteMarkers") for each in left.get(kind, ())] == ["evidence/a.mp4"]


@pytest.mark.parametrize(
    ("code", "known"), [("ObjectLockConfigurationNotFoundError", True), ("NotImplemented", True), ("AccessDenied", False)]
)
async def test_a_bucket_that_does_not_say_whether_it_locks_is_not_taken_for_free(code: str, known: bool) -> None:
    from botocore.exceptions import ClientError

    def refuse(**_: str) -> None:
        raise ClientError({"Error": {"Code": code}}, "GetObjectLockConfiguration")

    s3 = SimpleNamespace(head_bucket=lambda **_: {}, get_object_lock_configuration=refuse)
    if known:
        assert not (await connect(s3, "bucket")).locks
    else:
        with pytest.raises(ObjectStoreError):
            await connect(s3, "bucket")


async def keys(store: ObjectStore, prefix: str = "", after: str = "") -> list[str]:
    return [key async for key in store.keys(prefix, after)]


async def test_bytes_come_back_and_a_second_writing_replaces_them(store: ObjectStore) -> None:
    for body in (b"", b"one", bytes(range(256)) * 5000):
        await store.put("a/b.bin", body)
        assert await store.get("a/b.bin") == body
        found = await store.stat("a/b.bin")
        assert (found.key, found.size, found.locked_until) == ("a/b.bin", len(body), None)


async def test_what_is_not_there_is_said(store: ObjectStore) -> None:
    with pytest.raises(NoSuchObjectError):
        await store.get("nowhere/x")
    with pytest.raises(NoSuchObjectError):
        await store.stat("nowhere/x")
    await store.remove("nowhere/x")
    assert await keys(store) == []


async def test_keys_come_in_order_of_their_bytes_by_prefix_and_after_one(store: ObjectStore) -> None:
    names = ["a/1.json", "a/10.json", "a/2.json", "a/B.json", "a/b.json", "a=/x", "ab/1", "b/1"]
    for name in reversed(names):
        await store.put(name, name.encode())
    assert await keys(store) == sorted(names)
    assert await keys(store, "a/") == ["a/1.json", "a/10.json", "a/2.json", "a/B.json", "a/b.json"]
    assert await keys(store, "a/1") == ["a/1.json", "a/10.json"]
    assert await keys(store, "a/", "a/2.json") == ["a/B.json", "a/b.json"]
    await store.remove("a/2.json")
    assert "a/2.json" not in await keys(store, "a/")
    with pytest.raises(NoSuchObjectError):
        await store.get("a/2.json")


async def test_more_keys_than_a_page_come_all(store: ObjectStore, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app.kit.objects.s3.PAGE", 7)
    names = [f"many/{number:03}" for number in range(30)]
    await asyncio.gather(*(store.put(name, b"x") for name in names))
    assert await keys(store, "many/") == names


@pytest.mark.parametrize("key", ["", "/a", "a//b", "../a", "a/../b", "a/.hidden", "a b", "ä", "a\n", "x" * 501])
async def test_keys_that_some_store_could_not_hold_are_refused_by_all(store: ObjectStore, key: str) -> None:
    for ask in (store.put(key, b""), store.get(key), store.stat(key), store.remove(key)):
        with pytest.raises(BadInputError):
            await ask


async def test_a_locked_object_is_neither_replaced_nor_removed(store: ObjectStore) -> None:
    if store.locks or isinstance(store, FileStore):
        until = now() + HOUR
        await store.put("locked", b"first", locked_until=until)
        found = (await store.stat("locked")).locked_until
        assert found is not None
        assert abs(found - until) < timedelta(seconds=1)
        with pytest.raises(LockedError):
            await store.put("locked", b"second")
        with pytest.raises(LockedError):
            await store.remove("locked")
        assert await store.get("locked") == b"first"


async def test_readers_see_the_whole_old_or_the_whole_new(store: ObjectStore) -> None:
    bodies = [bytes([number]) * 200_000 for number in range(4)]
    await store.put("whole", bodies[0])

    async def write() -> None:
        for body in bodies:
            await store.put("whole", body)

    async def read() -> list[bytes]:
        return [await store.get("whole") for _ in range(8)]

    _, found = await asyncio.gather(write(), read())
    assert all(each in bodies for each in found)


async def test_compliance_mode_holds_against_the_owner_of_the_bucket(moto: str) -> None:
    """Not our own check but the store's: every version, with the bucket's own keys, by the plain client."""
    from botocore.exceptions import ClientError

    s3, bucket = client(moto), make_bucket(moto, locks=True)
    store = await connect(s3, bucket)
    await store.put("kept", b"anchor", locked_until=now() + HOUR)
    (version,) = s3.list_object_versions(Bucket=bucket)["Versions"]
    held = s3.head_object(Bucket=bucket, Key="kept", VersionId=version["VersionId"])
    assert held["ObjectLockMode"] == "COMPLIANCE"
    for more in ({}, {"BypassGovernanceRetention": True}):
        with pytest.raises(ClientError, match="AccessDenied"):
            s3.delete_object(Bucket=bucket, Key="kept", VersionId=version["VersionId"], **more)
    s3.put_object(Bucket=bucket, Key="kept", Body=b"over it")  # S3 keeps the version below
    again = s3.get_object(Bucket=bucket, Key="kept", VersionId=version["VersionId"])["Body"].read()
    assert again == b"anchor"


async def test_a_wrong_signature_or_a_dead_server_is_one_sentence_in_time(nanio: str) -> None:
    bucket = make_bucket(nanio)
    with pytest.raises(ObjectStoreError, match="refused"):
        await connect(client(nanio, "a wrong secret"), bucket)
    with pytest.raises((NoSuchObjectError, ObjectStoreError)):
        await connect(client(nanio), "no-such-bucket")
    with pytest.raises(ObjectStoreError, match="does not answer"):
        await connect(client("http://127.0.0.1:9"), bucket)


def settings_of(endpoint: str, bucket: str) -> Settings:
    given = {"AWS_S3_BUCKET": bucket, "AWS_ENDPOINT_URL_S3": endpoint, "AWS_REGION": REGION}
    return Settings(_env_file=None, AWS_ACCESS_KEY_ID=KEY, AWS_SECRET_ACCESS_KEY=SECRET, **given)  # type: ignore[arg-type]


async def test_anchors_in_a_bucket_are_locked_and_read_back(moto: str) -> None:
    bucket, ledger = make_bucket(moto, locks=True), uuid.uuid4()
    anchors = BucketAnchors(settings_of(moto, bucket))
    for sequence in (5, 9):
        await anchors.write([Head(ledger, sequence, bytes([sequence]) * 32)])
    assert await anchors.read() == {ledger: {5: b"\x05" * 32, 9: b"\x09" * 32}}
    assert await anchors.read(every=True) == await anchors.read()
    store = await connect(client(moto), bucket)
    for key in await keys(store, "audit/anchors/"):
        until = (await store.stat(key)).locked_until
        assert until is not None
        assert until > now() + timedelta(days=399)
        with pytest.raises(LockedError):
            await store.remove(key)


async def test_anchors_that_were_added_or_spoilt_are_found(store: ObjectStore) -> None:
    anchors, ledger = ObjectAnchors(store, "here"), uuid.uuid4()
    await anchors.write([Head(ledger, 5, b"\x05" * 32)])
    await anchors.write([Head(ledger, 5, b"\x06" * 32)])  # somebody anchors another history
    with pytest.raises(BrokenAnchorsError, match="different hashes"):
        await anchors.read()
    await store.put("audit/anchors/2999-01-01/spoilt.json", b"{}")
    with pytest.raises(BrokenAnchorsError):
        await anchors.read(every=True)


def test_artefacts_are_copied_from_a_bucket_once_and_only_those_that_are_locked(
    moto: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bucket, content = make_bucket(moto), b"weights" * 100
    locked = SimpleNamespace(artefact=SimpleNamespace(size=len(content), sha256=hashlib.sha256(content).hexdigest()))
    monkeypatch.setattr(mirror, "read_lock", lambda: [locked])
    for key, body in (("models/pose/yolo.pt", content), ("models/notes.txt", b"x"), ("other/yolo.pt", content)):
        client(moto).put_object(Bucket=bucket, Key=key, Body=body)
    (copied,) = mirror.mirror(client(moto), f"s3://{bucket}/models/", tmp_path / "mirror")
    assert (copied.name, copied.read_bytes()) == ("models_pose_yolo.pt", content)
    assert [each.name for each in (tmp_path / "mirror").iterdir()] == [copied.name], "nothing half-copied is left"
    made = copied.stat().st_mtime_ns
    mirror.mirror(client(moto), f"s3://{bucket}/models", tmp_path / "mirror")
    assert copied.stat().st_mtime_ns == made
    copied.write_bytes(b"x" * len(content))
    mirror.mirror(client(moto), f"s3://{bucket}/models", tmp_path / "mirror")
    assert copied.read_bytes() == content, "of the right size alone it is not the artefact"
    assert len(mirror.mirror(client(moto), f"s3://{bucket}", tmp_path / "all")) == 2
    for source, sentence in (
        (f"s3://{bucket}/nothing", "holds no file"),
        ("s3://no-such-bucket-here", "cannot be copied"),
        ("/folder", "is no bucket"),
    ):
        with pytest.raises(PennyError, match=sentence):
            mirror.mirror(client(moto), source, tmp_path / "mirror")
