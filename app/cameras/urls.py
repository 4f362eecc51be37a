"""Camera addresses: what is accepted, and the split of credentials from the rest."""

import re
from urllib.parse import quote, unquote, urlsplit, urlunsplit

from app.kit.egress import DEFAULT_PORTS, EgressPolicy, literal_of, refusal_of_name, refused_name, split_address
from app.kit.errors import BadInputError
from app.kit.gate import EgressRefusedError, demand

SCHEMES = tuple(DEFAULT_PORTS)
LONGEST_URL = 2000
_BAD_ESCAPE = re.compile(r"%(?![0-9A-Fa-f]{2})")
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


def check_camera_url(url: str, policy: EgressPolicy) -> str:
    """`url` stripped, if it is a network address that a user may add under `policy`.

    A written-out address is judged here; a name by whoever connects, each time, since it may mean another place by then.

    Files are for the operator's CAMERAS setting only: through the API they would read the server's disk.

    Raises:
        BadInputError: with what is wrong, without repeating the address (it may hold a password).
        EgressRefusedError: the policy forbids it.
    """
    url = url.strip()
    if not url or len(url) > LONGEST_URL or any(ord(c) <= 32 or ord(c) == 127 for c in url):
        raise BadInputError(f"The camera address must be one URL without spaces, like {EXAMPLE}.")
    if "#" in url or _BAD_ESCAPE.search(url):
        raise BadInputError(
            "In a camera address # is written %23 and % is written %25, in a password too: both mean something else."
        )
    parts = split_address(url)
    scheme, host = parts.scheme.lower(), parts.hostname or ""
    if scheme not in SCHEMES:
        raise BadInputError(f"The camera address must begin with {', '.join(s + '://' for s in SCHEMES)}.")
    literal = literal_of(host)
    if literal is not None:
        demand(literal, parts.port or DEFAULT_PORTS[scheme], policy, host)
    elif refused_name(host):
        raise EgressRefusedError(refusal_of_name(host))
    return url
