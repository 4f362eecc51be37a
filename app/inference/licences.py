"""The operator's acceptance of model licences: shown once, asked once, kept in `licences.json` of the state folder."""

import contextlib
import getpass
import json
import os
import sys
import tempfile
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from app.inference.lock import Artefact
from app.kit import clock
from app.kit.errors import SetupError

Ask = Callable[[str], bool]
"""Shows a text and says whether the person agreed."""


def terminal_ask(*, headless: bool) -> Ask | None:
    """Asking at the prompt, where there is a terminal and asking is allowed."""
    if headless or not (sys.stdin.isatty() and sys.stderr.isatty()):
        return None
    return _ask


def ensure_accepted(home: Path, artefacts: Iterable[Artefact], *, accept: bool, ask: Ask | None) -> None:
    """Return when every artefact's licence is accepted, now or earlier; a changed file is asked for again.

    Args:
        home: the state folder.
        accept: the operator accepts by setting (PENNYPROTECT_ACCEPT_LICENSES=1).
        ask: how to ask; None where nobody can be asked.

    Raises:
        SetupError: not accepted; says what to do. Nothing has been fetched.
    """
    for artefact in artefacts:
        if is_accepted(home, artefact):
            continue
        if accept:
            how = "PENNYPROTECT_ACCEPT_LICENSES"
        elif ask is None:
            raise SetupError(
                f"The model {artefact.name} is under {artefact.licence} ({artefact.licence_url}) and nobody can be "
                "asked here; read it, and set PENNYPROTECT_ACCEPT_LICENSES=1 if you accept it."
            )
        elif ask(notice(artefact)):
            how = "prompt"
        else:
            raise SetupError(f"The licence of {artefact.name} was not accepted, and nothing works without a pose model.")
        _record(home, artefact, how)


def is_accepted(home: Path, artefact: Artefact) -> bool:
    """Whether this very file's licence was accepted."""
    return any(entry.get("sha256") == artefact.sha256 and entry.get("licence") == artefact.licence for entry in _read(home))


def notice(artefact: Artefact) -> str:
    """What a person reads before accepting."""
    return (
        f"Model {artefact.name} {artefact.version} by {artefact.publisher}, licence {artefact.licence} "
        f"({artefact.licence_url})\n\n{artefact.licence_notice.strip()}\n"
    )


def _ask(text: str) -> bool:
    sys.stderr.write(f"\n{text}\nDo you accept this licence? Type yes to accept: ")
    sys.stderr.flush()
    return sys.stdin.readline().strip().lower() in ("yes", "y")


def _read(home: Path) -> list[dict[str, Any]]:
    path = home / "licences.json"
    try:
        entries = json.loads(path.read_text("utf-8"))["accepted"]
    except FileNotFoundError:
        return []
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise SetupError(f"{path} cannot be read ({error!r}); delete it to be asked again.") from error
    return [entry for entry in entries if isinstance(entry, dict)]


def _record(home: Path, artefact: Artefact, how: str) -> None:
    who = str(os.getuid())
    with contextlib.suppress(OSError, KeyError):
        who = getpass.getuser()
    entry = {
        "artefact": artefact.name,
        "version": artefact.version,
        "sha256": artefact.sha256,
        "licence": artefact.licence,
        "accepted_by": who,
        "accepted_at": clock.now().isoformat(),
        "how": how,
    }
    home.mkdir(parents=True, exist_ok=True)
    content = json.dumps({"accepted": [*_read(home), entry]}, indent=2) + "\n"
    handle, part = tempfile.mkstemp(dir=home, suffix=".part")
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    Path(part).replace(home / "licences.json")
