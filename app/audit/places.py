"""Which anchors this deployment has: objects in the bucket where AWS_S3_BUCKET names one, else a file of the state folder."""

import asyncio
from collections.abc import Sequence

from app.audit.anchors import Anchored, Anchors, FileAnchors, ObjectAnchors
from app.audit.ledger_repository import Head
from app.kit.logs import logger
from app.kit.objects import s3
from app.settings import Settings

OBJECTS = "objects"
"""Folder of the state folder that a deployment keeps on a volume of its own."""
FILE = "audit-anchors.jsonl"

log = logger(__name__)


class BucketAnchors:
    """`ObjectAnchors` that connect at first use, and again after a failure: a bucket may be away when the process starts."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._opened: ObjectAnchors | None = None
        self.where = f"s3://{settings.s3_bucket}"

    async def write(self, heads: Sequence[Head]) -> None:
        """`Anchors.write`."""
        await (await self._open()).write(heads)

    async def read(self, *, every: bool = False) -> Anchored:
        """`Anchors.read`."""
        return await (await self._open()).read(every=every)

    async def _open(self) -> ObjectAnchors:
        if self._opened is None:
            given = self._settings
            client = await asyncio.to_thread(s3.make_client, given.aws_region, *given.s3_access)
            store = await s3.connect(client, given.s3_bucket)
            if not store.locks:
                log.warning("the bucket has no Object Lock: whoever may delete its objects can remove anchors", bucket=self.where)
            self._opened = ObjectAnchors(store, self.where)
        return self._opened


def open_anchors(settings: Settings) -> Anchors:
    """The anchors of these settings; connects to nothing yet."""
    if settings.s3_bucket:
        return BucketAnchors(settings)
    home = settings.home.absolute()
    return FileAnchors(home / OBJECTS / FILE, earlier=home / FILE)
