"""TLS of the service, and of those who call it where its authority is our own."""

import asyncio
import contextlib
import ssl
from pathlib import Path

from app.kit.errors import SetupError
from app.kit.logs import logger

LOOK_EVERY_S = 60.0

log = logger(__name__)


def trust(authority: Path | None) -> ssl.SSLContext | None:
    """How to trust a server: the system's authorities (None), or the one in this file and no other.

    Raises:
        SetupError: the file cannot be used.
    """
    if authority is None:
        return None
    try:
        return ssl.create_default_context(cafile=authority)
    except OSError as error:  # ssl.SSLError is one
        raise SetupError(f"The authority in {authority} cannot be used ({error}); see PENNYPROTECT_CA_FILE.") from error


async def keep_certificate(context: ssl.SSLContext, certificate: Path, key: Path, *, every_s: float = LOOK_EVERY_S) -> None:
    """Show a renewed certificate to each new connection, until cancelled. A pair that does not fit changes nothing."""
    known = _stamp(certificate)
    while True:
        await asyncio.sleep(every_s)
        found = _stamp(certificate)
        if found == known:
            continue
        with contextlib.suppress(OSError):  # half of the pair is written: look again
            ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(certificate, key)
            context.load_cert_chain(certificate, key)
            known = found
            log.info("a renewed certificate is shown")


def _stamp(file: Path) -> int:
    try:
        return file.stat().st_mtime_ns
    except OSError:
        return 0
