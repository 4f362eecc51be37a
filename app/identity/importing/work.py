"""`pennyprotect enrol` and `watchlist`: through a running service, so that every gate and audit row is the service's own."""

import csv
import hashlib
import io
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from app.identity.enrolment.pictures import LARGEST_PICTURE
from app.identity.importing.rows import Refused, RowIn, demand_row, read_rows
from app.identity.models import IdentitySettings
from app.kit.clock import now
from app.kit.errors import BadInputError
from app.kit.objects.files import write_whole
from app.tenancy.policy.command import ServiceClient
from app.tenancy.sharing.models import Category

Progress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class Target:
    """The list to enrol on, and what its chain allows."""

    list_id: str
    store_id: str
    category: Category
    settings: IdentitySettings


class Importer:
    """Enrols on one list. `dry`: everything is checked, nothing is stored."""

    def __init__(self, client: ServiceClient, target: Target, *, dry: bool = False, draft: bool = False) -> None:
        self._client, self._target, self._dry, self._draft = client, target, dry, draft
        self._seen: dict[str, int] = {}

    def take(self, line: int, row: RowIn, picture: bytes) -> dict[str, Any]:
        """The enrolment, or what the gate says of it; BadInputError says why it is refused."""
        demand_row(row, self._target.settings, self._target.category, now())
        digest = hashlib.sha256(picture).hexdigest()
        if self._seen.setdefault(digest, line) != line:
            raise BadInputError(f"The same picture stands at line {self._seen[digest]}.")
        path = f"/stores/{self._target.store_id}/faces/check?watchlist_id={self._target.list_id}"
        said = self._client.send("POST", path, picture, "image/png" if picture.startswith(b"\x89PNG") else "image/jpeg")
        excused = row.override_reason.strip() and not said["hopeless"]
        if said["findings"] and not excused:
            raise BadInputError(" ".join(each["why"] for each in said["findings"]))
        if self._dry:
            return {"line": line, "findings": [each["finding"] for each in said["findings"]]}
        key = hashlib.sha256(f"{self._target.list_id} {digest} {row.model_dump_json()}".encode()).hexdigest()
        body = {"store_id": self._target.store_id, "name": row.name}
        person = self._client.ask("POST", "/persons", body, key=f"person-{key[:48]}")["id"]
        fields = row.form(self._target.category) | {"watchlist_id": self._target.list_id, "draft": str(self._draft).lower()}
        made = self._client.form(f"/persons/{person}/enrolments", fields, picture, f"enrol-{key[:48]}")
        return {"line": line, "enrolment_id": made["id"], "state": made["state"], "findings": made["findings"]}


def target_of(client: ServiceClient, store: str, named: str) -> Target:
    """The list of this id or name; the only one of the store where none is named."""
    store_id = client.store(store)
    lists = client.every(f"/watchlists?store_id={store_id}")
    found = [each for each in lists if named in ("", each["id"], each["name"])]
    if len(found) != 1:
        raise BadInputError(f"Name one list with --list: {', '.join(each['name'] for each in lists) or 'there is none yet'}.")
    settings = IdentitySettings(**client.ask("GET", "/identity/settings"))
    return Target(found[0]["id"], found[0]["store_id"], Category(found[0]["category"]), settings)


def import_file(file: Path, importer: Importer, progress: Progress) -> dict[str, Any]:
    """Enrol every row of a CSV file that passes; the report says which did and why others did not, and names nobody.

    A second run enrols nobody twice: what was made before is answered again.
    """
    try:
        rows = list(read_rows(file.read_text("utf-8")))
    except (OSError, UnicodeDecodeError) as error:
        raise BadInputError(f"{file} cannot be read as a UTF-8 text file.") from error
    done: list[dict[str, Any]] = []
    refused: list[Refused] = []
    for number, each in enumerate(rows):
        progress(number, len(rows))
        if isinstance(each, Refused):
            refused.append(each)
            continue
        line, row = each
        try:
            done.append(importer.take(line, row, read_picture_file(file.parent / row.picture, file.parent)))
        except BadInputError as error:
            refused.append(Refused(line, row.picture, error.detail))
    progress(len(rows), len(rows))
    return {"rows": len(rows), "accepted": done, "refused": [asdict(each) for each in refused]}


def read_picture_file(path: Path, folder: Path | None = None) -> bytes:
    """The bytes; BadInputError where there is no such file, it is too large, or it lies elsewhere by a link."""
    try:
        if folder is not None and not path.resolve().is_relative_to(folder.resolve()):
            raise BadInputError(f"{path.name} leads out of the folder.")
        if path.stat().st_size > LARGEST_PICTURE:
            raise BadInputError(f"{path.name} is larger than {LARGEST_PICTURE >> 20} MB.")
        return path.read_bytes()
    except OSError as error:
        raise BadInputError(f"There is no picture {path.name} to read.") from error


def enrol_one(client: ServiceClient, target: Target, picture: Path, fields: Mapping[str, Any], *, draft: bool) -> dict[str, Any]:
    """One entry with its picture."""
    try:
        row = RowIn.model_validate({"picture": picture.name, **{name: value for name, value in fields.items() if value}})
    except ValidationError as error:
        first = error.errors()[0]
        raise BadInputError(f"--{str(first['loc'][0]).replace('_', '-')}: {first['msg']}.") from error
    return Importer(client, target, draft=draft).take(1, row, read_picture_file(picture))


def lists_of(client: ServiceClient, store: str) -> list[dict[str, Any]]:
    """The lists that are searched in a store, with how many entries are approved and proposed."""
    store_id = client.store(store)
    entries = client.every(f"/enrolments?store_id={store_id}&state=approved&state=proposed")
    counted = Counter((each["watchlist_id"], each["state"]) for each in entries)
    return [
        {"id": each["id"], "name": each["name"], "category": each["category"], "reach": each["reach"]}
        | {state: counted[each["id"], state] for state in ("approved", "proposed")}
        for each in client.every(f"/watchlists?store_id={store_id}")
    ]


def export_file(client: ServiceClient, store: str, named: str, to: Path) -> int:
    """Write the service's CSV of a list, whole or not at all, for its owner alone; how many entries."""
    target = target_of(client, store, named)
    document = client.ask("GET", f"/watchlists/{target.list_id}/export")
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, document["columns"])
    writer.writeheader()
    writer.writerows({name: harmless(value) for name, value in row.items()} for row in document["rows"])
    write_whole(to, text.getvalue().encode())
    return len(document["rows"])


def harmless(value: Any) -> str:
    """A cell that no spreadsheet takes for a formula."""
    said = "" if value is None else str(value)
    return f"'{said}" if said[:1] in ("=", "+", "-", "@", "\t", "\r") else said
