"""Evidence in an S3 bucket: presigned whole-file PUTs, SSE-KMS, GOVERNANCE retention and legal holds, and their end."""

import asyncio
import base64
import hashlib
from collections.abc import AsyncIterator
from contextlib import suppress
from datetime import datetime
from functools import partial
from typing import Any

from app.kit.errors import BadInputError, ConflictError, UnavailableError
from app.kit.objects.s3 import NO_SUCH_CALL, WHOLE_S, S3Store, code_of, connect
from app.kit.objects.store import LockedError, NoSuchObjectError, ObjectStoreError, PutGrant, check_key

CHUNK = 8 << 20
ALREADY_THERE = frozenset({"PreconditionFailed", "ConditionalRequestConflict", "412", "409"})
RECEIVED_AT_ONCE = 8
"""Uploads that are in memory at once, of 64 MiB at most each."""


class S3EvidenceStore(S3Store):
    """One bucket.

    Args:
        kms_key: key of SSE-KMS; "" leaves the encryption to the bucket's default.
        grants: whether whoever uploads reaches the server; else the service takes uploads itself.
    """

    def __init__(self, client: Any, bucket: str, *, locks: bool, kms_key: str = "", grants: bool = True) -> None:
        super().__init__(client, bucket, locks=locks)
        self._grants, self._places = grants, asyncio.Semaphore(RECEIVED_AT_ONCE)
        self._kms: dict[str, str] = {"ServerSideEncryption": "aws:kms", "SSEKMSKeyId": kms_key} if kms_key else {}

    async def put(self, key: str, body: bytes, *, locked_until: datetime | None = None) -> None:
        """`ObjectStore.put`, encrypted; `locked_until` is GOVERNANCE here."""
        if self.locks:
            await self._demand_unlocked(key)
        more = {"ContentMD5": _md5(body), **self._kms}
        await self._ask(lambda: self._client.put_object(Bucket=self._bucket, Key=check_key(key), Body=body, **more))
        if locked_until is not None:
            await self.protect(key, locked_until, hold=False)

    def grant(self, key: str, size: int, sha256: bytes, media_type: str, seconds: int) -> PutGrant | None:
        """`EvidenceStore.grant`: the signature covers length, checksum, type and that nothing is there yet."""
        if not self._grants:
            return None
        checksum = base64.b64encode(sha256).decode()
        given: dict[str, Any] = {"ContentLength": size, "ContentType": media_type, "ChecksumSHA256": checksum, "IfNoneMatch": "*"}
        url: str = self._client.generate_presigned_url(
            "put_object", Params={"Bucket": self._bucket, "Key": check_key(key), **given, **self._kms}, ExpiresIn=seconds
        )
        headers = {"Content-Type": media_type, "x-amz-checksum-sha256": checksum, "If-None-Match": "*"}
        if self._kms:
            headers["x-amz-server-side-encryption"] = "aws:kms"
            headers["x-amz-server-side-encryption-aws-kms-key-id"] = self._kms["SSEKMSKeyId"]
        return PutGrant(url, {name: value for name, value in headers.items() if _is_signed(url, name) or name == "Content-Type"})

    async def receive(self, key: str, chunks: AsyncIterator[bytes], size: int, sha256: bytes) -> None:
        """`EvidenceStore.receive`: each upload in memory, a few at once; UnavailableError where no place gets free."""
        try:
            await self.stat(key)
            raise ConflictError("Something is stored there already.")
        except NoSuchObjectError:
            pass
        try:
            async with asyncio.timeout(WHOLE_S):
                await self._places.acquire()
        except TimeoutError as error:
            raise UnavailableError("Too many uploads are under way; send it again later.") from error
        try:
            await self._put_first(key, await _whole(chunks, size, sha256))
        finally:
            self._places.release()

    async def _put_first(self, key: str, body: bytes) -> None:
        """ConflictError where somebody was faster."""
        put = partial(self._client.put_object, Bucket=self._bucket, Key=check_key(key), Body=body, IfNoneMatch="*", **self._kms)
        try:
            await self._ask(lambda: put(ContentMD5=_md5(body)))
        except ObjectStoreError as error:
            if code_of(error) in ALREADY_THERE:
                raise ConflictError("Something is stored there already.") from error
            raise

    async def digest(self, key: str) -> tuple[int, bytes]:
        """`EvidenceStore.digest`: read and hashed here; what a server says about itself proves nothing."""
        size = (await self.stat(key)).size
        hashed = hashlib.sha256()
        for start in range(0, size, CHUNK):
            hashed.update(await self.read(key, start, min(size, start + CHUNK)))
        return size, hashed.digest()

    async def read(self, key: str, start: int, end: int) -> bytes:
        """`EvidenceStore.read`."""
        end = min(end, (await self.stat(key)).size)  # servers differ about a span that ends behind the object
        if end <= start:
            return b""

        def ask() -> bytes:
            found: bytes = self._client.get_object(
                Bucket=self._bucket, Key=check_key(key), Range=f"bytes={start}-{end - 1}"
            )["Body"].read()  # fmt: skip
            return found

        return await self._ask(ask)

    async def protect(self, key: str, until: datetime | None, *, hold: bool) -> None:
        """`EvidenceStore.protect`. A bucket without Object Lock keeps neither; the database's hold stands all the same."""
        stored = await self.stat(key)
        if not self.locks:
            return
        where = {"Bucket": self._bucket, "Key": check_key(key)}
        if until is not None and (stored.locked_until is None or until > stored.locked_until):
            retention = {"Mode": "GOVERNANCE", "RetainUntilDate": until}
            await self._ask(lambda: self._client.put_object_retention(**where, Retention=retention))
        status = {"Status": "ON" if hold else "OFF"}
        await self._ask(lambda: self._client.put_object_legal_hold(**where, LegalHold=status))

    async def erase(self, key: str) -> None:
        """`EvidenceStore.erase`. Versions are asked for in every bucket: one without locks may keep them all the same."""
        versions, markers = await self._versions(check_key(key))
        governed = set()
        for version in versions if self.locks else ():
            with suppress(NoSuchObjectError):  # erased meanwhile
                if await self._demand_not_held(key, version):
                    governed.add(version)
        for version in (*versions, *markers):
            await self._erase_version(key, version, governed=version in governed)
        if versions:
            return
        with suppress(NoSuchObjectError):  # else a server that lists no versions
            await self._demand_not_held(key)
            await self._ask(lambda: self._client.delete_object(Bucket=self._bucket, Key=key))

    async def _versions(self, key: str) -> tuple[list[str], list[str]]:
        """Versions and delete markers of one key; none where the server knows no versions."""
        found: tuple[list[str], list[str]] = [], []
        start: dict[str, str] = {}
        while True:
            try:
                page = await self._ask(partial(self._client.list_object_versions, Bucket=self._bucket, Prefix=key, **start))
            except ObjectStoreError as error:
                if code_of(error) not in NO_SUCH_CALL:
                    raise
                return found
            listed = [[each for each in page.get(kind, ()) if each["Key"] == key] for kind in ("Versions", "DeleteMarkers")]
            for into, of in zip(found, listed, strict=True):
                into += [each["VersionId"] for each in of]
            # Longer keys with this beginning come behind all of its versions.
            if not page.get("IsTruncated") or not any(listed):
                return found
            start = {"KeyMarker": page["NextKeyMarker"], "VersionIdMarker": page["NextVersionIdMarker"]}

    async def _erase_version(self, key: str, version: str, *, governed: bool) -> None:
        """Retention is overridden only where there is some: that is a right of its own, which only retention's role needs."""
        where: dict[str, Any] = {"Bucket": self._bucket, "Key": key, "VersionId": version}
        if not governed:
            try:
                await self._ask(lambda: self._client.delete_object(**where))
                return
            except ObjectStoreError as error:
                if not self.locks or not code_of(error):
                    raise  # else a server that does not tell in a HEAD what it retains
        await self._ask(lambda: self._client.delete_object(**where, BypassGovernanceRetention=True))

    async def _demand_not_held(self, key: str, version: str | None = None) -> bool:
        """Whether retention governs it; LockedError under a legal hold, NoSuchObjectError."""
        more = {} if version is None else {"VersionId": version}
        found = await self._ask(lambda: self._client.head_object(Bucket=self._bucket, Key=key, **more))
        if found.get("ObjectLockLegalHoldStatus") == "ON":
            raise LockedError("This object is under a legal hold.")
        return bool(found.get("ObjectLockMode") == "GOVERNANCE")


async def connect_evidence(client: Any, bucket: str, kms_key: str = "", *, grants: bool = True) -> S3EvidenceStore:
    """The store of a bucket, after asking whether it locks; ObjectStoreError where it does not answer."""
    locks = (await connect(client, bucket)).locks
    return S3EvidenceStore(client, bucket, locks=locks, kms_key=kms_key, grants=grants)


def _md5(body: bytes) -> str:
    """What a bucket with Object Lock demands of whoever stores something."""
    return base64.b64encode(hashlib.md5(body, usedforsecurity=False).digest()).decode()


async def _whole(chunks: AsyncIterator[bytes], size: int, sha256: bytes) -> bytes:
    """All of an upload; BadInputError where it is not what was announced."""
    body = bytearray()
    async for chunk in chunks:
        body += chunk
        if len(body) > size:
            break
    if len(body) != size or hashlib.sha256(body).digest() != sha256:
        raise BadInputError("What was sent is not what was announced: its length or its hash differs.")
    return bytes(body)


def _is_signed(url: str, name: str) -> bool:
    """Whether the signature of a presigned address covers a header, or the query carries it."""
    from urllib.parse import parse_qs, urlsplit

    query = {key.lower(): value for key, value in parse_qs(urlsplit(url).query).items()}
    return name.lower() in ";".join(query.get("x-amz-signedheaders", [""])).split(";")
