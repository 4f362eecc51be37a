"""Objects in an S3 bucket, by boto3 in threads. With Object Lock, locked objects are in COMPLIANCE mode: nobody removes them."""

import asyncio
import base64
import hashlib
from collections.abc import AsyncIterator, Callable
from datetime import datetime
from functools import partial
from typing import Any, TypeVar

from app.kit.objects.store import LockedError, NoSuchObjectError, ObjectStoreError, Stored, check_key

T = TypeVar("T")
CONNECT_S, READ_S = 5, 20
TRIES = 3
WHOLE_S = 90.0
PAGE = 1000
_MISSING = frozenset({"404", "NoSuchKey", "NotFound", "NoSuchBucket"})
NO_SUCH_CALL = frozenset({"NotImplemented", "MethodNotAllowed", "501", "405"})
"""What a server answers to a call it does not know."""
_NO_LOCKS = NO_SUCH_CALL | {"ObjectLockConfigurationNotFoundError"}


class S3Store:
    """One bucket.

    Args:
        client: a boto3 S3 client.
        locks: whether the bucket has Object Lock; `connect` asks it.
    """

    def __init__(self, client: Any, bucket: str, *, locks: bool) -> None:
        self._client = client
        self._bucket = bucket
        self.locks = locks

    async def put(self, key: str, body: bytes, *, locked_until: datetime | None = None) -> None:
        """`ObjectStore.put`. S3 keeps versions in a bucket with locks, so a locked object is refused here, not replaced."""
        more: dict[str, Any] = {"ContentMD5": base64.b64encode(hashlib.md5(body, usedforsecurity=False).digest()).decode()}
        if self.locks:
            await self._demand_unlocked(key)
            if locked_until is not None:
                more |= {"ObjectLockMode": "COMPLIANCE", "ObjectLockRetainUntilDate": locked_until}
        await self._ask(lambda: self._client.put_object(Bucket=self._bucket, Key=check_key(key), Body=body, **more))

    async def get(self, key: str) -> bytes:
        """`ObjectStore.get`."""

        def read() -> bytes:
            found: bytes = self._client.get_object(Bucket=self._bucket, Key=check_key(key))["Body"].read()
            return found

        return await self._ask(read)

    async def stat(self, key: str) -> Stored:
        """`ObjectStore.stat`."""
        found = await self._ask(lambda: self._client.head_object(Bucket=self._bucket, Key=check_key(key)))
        return Stored(key, found["ContentLength"], found.get("ObjectLockRetainUntilDate"))

    async def keys(self, prefix: str, after: str = "") -> AsyncIterator[str]:
        """`ObjectStore.keys`."""
        while True:
            start = {"StartAfter": after} if after else {}
            listing = partial(self._client.list_objects_v2, Bucket=self._bucket, Prefix=prefix, MaxKeys=PAGE, **start)
            page = await self._ask(listing)
            found = [each["Key"] for each in page.get("Contents", ())]
            for key in found:
                yield key
            if not page.get("IsTruncated") or not found:
                return
            after = found[-1]

    async def remove(self, key: str) -> None:
        """`ObjectStore.remove`."""
        if self.locks:
            await self._demand_unlocked(key)
        await self._ask(lambda: self._client.delete_object(Bucket=self._bucket, Key=check_key(key)))

    async def _demand_unlocked(self, key: str) -> None:
        try:
            until = (await self.stat(key)).locked_until
        except NoSuchObjectError:
            return
        if until is not None and until > datetime.now(until.tzinfo):
            raise LockedError(f"This object is locked until {until:%Y-%m-%d}.")

    async def _ask(self, call: Callable[[], T]) -> T:
        from botocore.exceptions import BotoCoreError, ClientError

        try:
            async with asyncio.timeout(WHOLE_S):
                return await asyncio.to_thread(call)
        except ClientError as error:
            code = _code(error)
            if code in _MISSING:
                raise NoSuchObjectError("Nothing is stored under this key.") from error
            raise ObjectStoreError(f"The bucket {self._bucket} refused: {code or 'no reason given'}.") from error
        except (BotoCoreError, TimeoutError, OSError) as error:
            raise ObjectStoreError(f"The bucket {self._bucket} does not answer ({type(error).__name__}).") from error


def make_client(region: str, key_id: str = "", secret: str = "", endpoint: str = "") -> Any:
    """A boto3 client with time-outs and few retries; without keys boto3 looks where it always does (roles of the machine).

    Blocking: boto3 reads its service descriptions.
    """
    import boto3
    from botocore.config import Config

    return boto3.client(
        "s3",
        region_name=region or None,
        endpoint_url=endpoint or None,
        aws_access_key_id=key_id or None,
        aws_secret_access_key=secret or None,
        config=Config(
            signature_version="s3v4",
            connect_timeout=CONNECT_S,
            read_timeout=READ_S,
            retries={"max_attempts": TRIES, "mode": "standard"},  # jittered
            request_checksum_calculation="when_required",
            response_checksum_validation="when_required",
        ),
    )


async def connect(client: Any, bucket: str) -> S3Store:
    """The store of a bucket, after asking whether it locks.

    Raises:
        ObjectStoreError: it does not answer, or does not say whether it locks: what is locked must not be taken for free.
    """
    store = S3Store(client, bucket, locks=False)
    await store._ask(lambda: client.head_bucket(Bucket=bucket))
    try:
        found = await store._ask(lambda: client.get_object_lock_configuration(Bucket=bucket))
    except ObjectStoreError as error:
        if code_of(error) not in _NO_LOCKS:
            raise
        return store
    store.locks = found.get("ObjectLockConfiguration", {}).get("ObjectLockEnabled") == "Enabled"
    return store


def code_of(error: ObjectStoreError) -> str:
    """What the server called its refusal; "" where it did not answer."""
    from botocore.exceptions import ClientError

    return _code(error.__cause__) if isinstance(error.__cause__, ClientError) else ""


def _code(error: Any) -> str:
    """Of boto3's error."""
    return str(error.response.get("Error", {}).get("Code", ""))


async def make_bucket(client: Any, bucket: str, region: str) -> bool:
    """Make the bucket with Object Lock where there is none of this name, its own; whether it was made.

    Raises:
        ObjectStoreError: the server does not answer, or refuses.
    """
    store = S3Store(client, bucket, locks=False)
    try:
        await store._ask(lambda: client.head_bucket(Bucket=bucket))
        return False
    except NoSuchObjectError:
        pass
    # Amazon's oldest region is the one that must not be named.
    where = {} if region in ("", "us-east-1") else {"CreateBucketConfiguration": {"LocationConstraint": region}}
    await store._ask(lambda: client.create_bucket(Bucket=bucket, ObjectLockEnabledForBucket=True, **where))
    return True
