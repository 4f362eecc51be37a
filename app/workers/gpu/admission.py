"""Where a camera's address may lead: judged and pinned as by the CPU worker, at every connection."""

from app.capture.failures import CaptureError, of_error
from app.capture.redirects import PATIENCE_S, refuse_redirect
from app.capture.source import NOWHERE, parse_source
from app.kit.errors import BadInputError
from app.kit.gate import Gate
from app.workers.gpu.graph import NotAdmitted

PINNED_SCHEMES = ("rtsp", "rtsps")


def admitted(gate: Gate, address: str, patience_s: float = PATIENCE_S) -> str:
    """`address` with what its name means now in the name's place, so that nobody asks a second time (blocking).

    Args:
        patience_s: for each answer of the camera.

    Raises:
        NotAdmitted: the gate forbids it, its name has no address, the camera sends readers elsewhere or refuses the password,
            or it is read over HTTP, whose redirects and playlists DeepStream follows without asking.
    """
    source = parse_source(address, gate)
    try:
        if source is None:
            raise BadInputError("This is no camera address.")
        if source.is_file:  # from the operator's own settings: the service takes none from users
            return address
        if not address.strip().lower().startswith(tuple(f"{scheme}://" for scheme in PINNED_SCHEMES)):
            raise NotAdmitted(
                f"{source.place} is read over HTTP, where DeepStream follows redirects and playlists that nobody checks; "
                "CPU workers read such cameras.",
                answered_no=True,
            )
        pinned = source.admitted()
        refuse_redirect(pinned, patience_s)
    except (BadInputError, CaptureError, OSError, UnicodeError) as error:
        found = of_error(error, source or NOWHERE)
        raise NotAdmitted(found.sentence, answered_no=found.answered_no) from error
    return pinned.url
