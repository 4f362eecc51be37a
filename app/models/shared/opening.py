"""The store of pushed versions that the settings name."""

from pathlib import Path

from app.kit.objects.files import FileStore
from app.kit.objects.s3 import S3Store, make_client
from app.models.mirror import split_source
from app.models.shared.store import SharedVersions
from app.settings import Settings


def open_shared(given: Settings) -> SharedVersions | None:
    """None where every Triton reads the folder that the service writes. Blocking; asks nobody yet.

    Raises:
        BadInputError: it is neither a bucket nor a folder.
    """
    if not given.model_store:
        return None
    if "://" not in given.model_store:
        return SharedVersions(FileStore(Path(given.model_store)))
    bucket, prefix = split_source(given.model_store)
    client = make_client(given.aws_region, *given.s3_access)
    return SharedVersions(S3Store(client, bucket, locks=False), prefix)
