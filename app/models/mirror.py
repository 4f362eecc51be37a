"""`pennyprotect models mirror`: copies artefacts from a bucket into the folder that `models pull` searches by sha256.

So a cluster without the internet, or one that pins its own copies, needs no image of artefacts. Nothing is trusted for its name:
what does not match the lock file is passed over by `models pull`.
"""

import os
import shutil
import tempfile
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

from app.inference.artefacts import sha256_of
from app.inference.lock import read_lock
from app.kit.errors import BadInputError, UnavailableError

MOST_OBJECTS: Final = 10_000
MOST_BYTES: Final = 4 << 30
"""Larger objects are no artefact of ours."""


def split_source(source: str) -> tuple[str, str]:
    """(bucket, prefix) of `s3://bucket/prefix`. BadInputError for anything else."""
    parts = urlsplit(source)
    if parts.scheme != "s3" or not parts.netloc:
        raise BadInputError(f"{source!r} is no bucket; write s3://bucket or s3://bucket/folder.")
    prefix = parts.path.strip("/")
    return parts.netloc, f"{prefix}/" if prefix else ""


def mirror(client: Any, source: str, folder: Path) -> list[Path]:
    """Copy the objects whose size is that of a locked artefact; the files. Blocking; a second call copies only what is missing or
    is not what the lock file names.

    Args:
        client: a boto3 S3 client.

    Raises:
        UnavailableError: the bucket does not answer, or has nothing of what the lock file names.
    """
    from botocore.exceptions import BotoCoreError, ClientError

    bucket, prefix = split_source(source)
    locked: dict[int, set[str]] = {}
    for model in read_lock():
        locked.setdefault(model.artefact.size, set()).add(model.artefact.sha256)
    found = []
    try:
        folder.mkdir(parents=True, exist_ok=True)
        pages = client.get_paginator("list_objects_v2").paginate(
            Bucket=bucket, Prefix=prefix, PaginationConfig={"MaxItems": MOST_OBJECTS}
        )
        for each in (entry for page in pages for entry in page.get("Contents", [])):
            if each["Size"] in locked and each["Size"] <= MOST_BYTES:
                found.append(_copy(client, bucket, each["Key"], locked[each["Size"]], folder))
    except (BotoCoreError, ClientError, OSError) as error:
        raise UnavailableError(f"The models cannot be copied from {source} ({type(error).__name__}: {error}).") from error
    if not found:
        raise UnavailableError(
            f"{source} holds no file that triton_models/models.lock.toml names; copy the artefacts there first."
        )
    return found


def _copy(client: Any, bucket: str, key: str, wanted: set[str], folder: Path) -> Path:
    """One object under a name without folders; renamed into place when it is whole."""
    target = folder / key.replace("/", "_")
    if target.is_file() and sha256_of(target) in wanted:
        return target
    handle, name = tempfile.mkstemp(dir=folder, prefix=".copying-")
    try:
        with os.fdopen(handle, "wb") as file:
            shutil.copyfileobj(client.get_object(Bucket=bucket, Key=key)["Body"], file)
        Path(name).replace(target)
    finally:
        Path(name).unlink(missing_ok=True)
    return target
