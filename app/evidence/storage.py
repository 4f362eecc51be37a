"""Where evidence lies: the bucket where AWS_S3_BUCKET names one, else the folder of objects of the state folder."""

import asyncio

from app.audit.places import OBJECTS
from app.kit.objects import s3
from app.kit.objects.files import FileStore
from app.kit.objects.s3_evidence import connect_evidence
from app.kit.objects.store import EvidenceStore
from app.settings import Settings


class Storage:
    """Connects at first use, and again after a failure: a bucket may be away when the process starts."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._opened: EvidenceStore | None = None
        self._lock = asyncio.Lock()

    async def open(self) -> EvidenceStore:
        """The store; ObjectStoreError while its bucket does not answer."""
        if self._opened is not None:
            return self._opened
        given = self._settings
        if not given.s3_bucket:
            self._opened = FileStore(given.home.absolute() / OBJECTS)
            return self._opened
        async with self._lock:
            client = await asyncio.to_thread(s3.make_client, given.aws_region, *given.s3_access)
            self._opened = await connect_evidence(client, given.s3_bucket, given.s3_kms_key, grants=not given.bucket_is_bundled)
            return self._opened
