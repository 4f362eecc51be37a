"""A list of cameras as CSV: every line judged, nothing done. Pure."""

import csv
import io
from dataclasses import dataclass
from typing import Final

from pydantic import TypeAdapter, ValidationError

from app.cameras.schemas import Fps, Name
from app.cameras.urls import check_camera_url
from app.kit.egress import EgressPolicy
from app.kit.errors import BadInputError

MOST_LINES: Final = 500
COLUMNS: Final = ("name", "url", "analysis_fps")
_NAME: Final = TypeAdapter(Name)
_FPS: Final = TypeAdapter(Fps)


@dataclass(frozen=True, slots=True)
class Line:
    """One line of the list.

    Attributes:
        number: in the file, the heading being 1.
        url: as given, with credentials: shown to nobody.
        problem: one sentence, "" when the camera can be added.
    """

    number: int
    name: str
    url: str
    analysis_fps: float
    problem: str


def read_list(text: str, policy: EgressPolicy, known: frozenset[str]) -> list[Line]:
    """The lines of a CSV with the columns name, url and, if wanted, analysis_fps; `known` are names the store has already.

    Raises:
        BadInputError: it is no such list, or too long.
    """
    text = text.removeprefix("\ufeff")
    separator = ";" if ";" in text.partition("\n")[0] else ","
    reader = csv.DictReader(io.StringIO(text), delimiter=separator, strict=True)
    try:
        heading = [(each or "").strip().lower() for each in reader.fieldnames or ()]
        if not {"name", "url"} <= set(heading) or not set(heading) <= set(COLUMNS):
            raise BadInputError("The first line must name the columns: name,url or name,url,analysis_fps.")
        reader.fieldnames = heading
        rows = [(reader.line_num, row) for row in reader]
    except csv.Error as error:
        raise BadInputError(f"Line {reader.line_num + 1} is no CSV: {error}.") from error
    if len(rows) > MOST_LINES:
        raise BadInputError(f"A list has at most {MOST_LINES} cameras; this one has {len(rows)}.")
    lines, seen = [], set(known)
    for number, row in rows:
        line = _line(number, row, policy, seen)
        seen.add(line.name)
        lines.append(line)
    return lines


def _line(number: int, row: "dict[str | None, str | list[str] | None]", policy: EgressPolicy, seen: set[str]) -> Line:
    name, url, fps = (str(row.get(column) or "").strip() for column in COLUMNS)
    problem, rate = "", 5.0
    try:
        if None in row or None in row.values():
            raise BadInputError("The line has another number of columns than the first.")
        name = _NAME.validate_python(name)
        rate = _FPS.validate_python(fps or 5.0)
        url = check_camera_url(url, policy)
        if name in seen:
            raise BadInputError("There is a camera of this name already.")
    except ValidationError as error:
        problem = f"{'The name' if error.title == 'constrained-str' or not name else 'A value'}: {error.errors()[0]['msg']}."
    except BadInputError as error:
        problem = error.detail
    return Line(number, name[:200], url, rate, problem)
