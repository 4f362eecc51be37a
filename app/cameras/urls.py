"""Camera addresses: what is accepted, and the split of credentials from the rest."""

import ipaddress
from urllib.parse import quote, unquote, urlsplit, urlunsplit

from app.kit.errors import BadInputError

SCHEMES = ("rtsp", "rtsps", "http", "https")
LONGEST_URL = 2000
EXAMPLE = "rtsp://user:password@192.168.1.20:554/stream1"


def split_credentials(url: str) -> tuple[str, str | None]:
    """(`url` without credentials, "user:password" percent-decoded or None)."""
    parts = urlsplit(url)
    userinfo, at, host = parts.netloc.rpartition("@")
    if not at:
        return url, None
    user, _, password = userinfo.partition(":")
    bare = urlunsplit(parts._replace(netloc=host))
    return bare, f"{unquote(user)}:{unquote(password)}"


def join_credentials(url: str, credentials: str | None) -> str:
    """The address with credentials, percent-encoded; the inverse of `split_credentials`."""
    if credentials is None:
        return url
    user, _, password = credentials.partition(":")
    parts = urlsplit(url)
    return urlunsplit(parts._replace(netloc=f"{quote(user, safe='')}:{quote(password, safe='')}@{parts.netloc}"))


def check_camera_url(url: str) -> str:
    """`url` stripped, if it is a network address that a user may add.

    Files are for the operator's CAMERAS setting only: through the API they would read the server's disk.

    Raises:
        BadInputError: with what is wrong, without repeating the address (it may hold a password).
    """
    url = url.strip()
    if not url or len(url) > LONGEST_URL or any(ord(c) <= 32 or ord(c) == 127 for c in url):
        raise BadInputError(f"The camera address must be one URL without spaces, like {EXAMPLE}.")
    try:
        parts = urlsplit(url)
        host, _port = parts.hostname, parts.port
    except ValueError as error:
        raise BadInputError(f"The camera address is not a URL; it looks like {EXAMPLE}.") from error
    if parts.scheme.lower() not in SCHEMES:
        raise BadInputError(f"The camera address must begin with {', '.join(s + '://' for s in SCHEMES)}.")
    if not host:
        raise BadInputError(f"The camera address names no host; it looks like {EXAMPLE}.")
    if not _may_reach(host):
        raise BadInputError("The camera address must not be a link-local, multicast or unspecified address.")
    return url


def _may_reach(host: str) -> bool:
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return True
    mapped = getattr(address, "ipv4_mapped", None) or address
    return not (mapped.is_link_local or mapped.is_multicast or mapped.is_unspecified)
