"""A CSV file of people to enrol, read row by row: what a row says, and what is wrong with it in words. Pure.

Columns are the fields of `POST /persons/{id}/enrolments`, with `name` (may be empty) and `picture`: a file beside the CSV.
"""

import csv
import io
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import PurePosixPath
from typing import Annotated, Final

from pydantic import AwareDatetime, BaseModel, ConfigDict, StringConstraints, ValidationError

from app.identity import lifecycle
from app.identity.models import Grounds, IdentitySettings, Notice, Source
from app.kit.errors import BadInputError
from app.tenancy.sharing.models import Category

MOST_ROWS: Final = 10_000
LARGEST_CSV: Final = 16 << 20
Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=2000, pattern=r"^[^\x00]*$")]


class RowIn(BaseModel):
    """One row. Every field of rule 4; what has a default may be left out as a column."""

    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True)

    picture: Text
    reason: Text
    incident_id: uuid.UUID
    source: Source
    evidence: Text
    review_on: date
    expires_at: AwareDatetime
    under_18: bool
    vulnerable: bool
    age_basis: Text
    category: Category | None = None
    name: str = ""
    exception_reason: str = ""
    notice_given_on: date | None = None
    notice_how: str = ""
    notice_withheld: str = ""
    override_reason: str = ""

    def grounds(self, category: Category) -> Grounds:
        """What the enrolment rests on, of the list's category where the row names none."""
        said = self.model_dump(include=set(_SAID))
        notice = Notice(self.notice_given_on, self.notice_how, self.notice_withheld)
        return Grounds(**said, category=self.category or category, notice=notice)

    def form(self, category: Category) -> dict[str, str]:
        """As the API takes it."""
        said = self.model_dump(mode="json", exclude={"name", "picture"}, exclude_none=True)
        fields = {name: str(value).lower() if isinstance(value, bool) else str(value) for name, value in said.items()}
        return {"category": category.value} | {name: text for name, text in fields.items() if text}


_SAID = (
    "reason", "incident_id", "source", "evidence", "review_on", "expires_at", "under_18", "vulnerable", "age_basis",
    "exception_reason",
)  # fmt: skip
COLUMNS: Final = tuple(RowIn.model_fields)


@dataclass(frozen=True, slots=True)
class Refused:
    """A row that is not enrolled: its line in the file, its picture and why. It names nobody."""

    line: int
    picture: str
    why: str


def read_rows(text: str) -> Iterator[tuple[int, RowIn] | Refused]:
    """Each row with its line, or why it cannot be one.

    Raises:
        BadInputError: it is no such file at all.
    """
    if len(text) > LARGEST_CSV:
        raise BadInputError(f"The file is larger than {LARGEST_CSV >> 20} MB; divide it.")
    reader = csv.DictReader(io.StringIO(text.removeprefix("\ufeff"), newline=""), strict=True)
    try:
        columns = [name.strip() for name in reader.fieldnames or ()]
        lacking = [name for name, field in RowIn.model_fields.items() if field.is_required() and name not in columns]
        unknown = sorted(set(columns) - set(COLUMNS))
        if lacking or unknown or len(set(columns)) < len(columns):
            raise BadInputError(_of_columns(lacking, unknown))
        reader.fieldnames = columns
        for number, row in enumerate(reader):
            if number >= MOST_ROWS:
                raise BadInputError(f"The file has more than {MOST_ROWS:,} rows; divide it.")
            yield _row(reader.line_num, row)
    except csv.Error as error:
        raise BadInputError(f"The file cannot be read as CSV at line {reader.line_num}: {error}.") from error


def demand_row(row: RowIn, settings: IdentitySettings, category: Category, now: datetime) -> None:
    """BadInputError unless the row may be proposed, by the same rules as one entry."""
    lifecycle.demand_grounds(row.grounds(category), settings, category, now)


def _row(line: int, row: dict[str, str]) -> tuple[int, RowIn] | Refused:
    picture = str(row.get("picture") or "")[:200]
    if None in row or None in row.values():
        return Refused(line, picture, "The row has not as many fields as there are columns.")
    try:
        read = RowIn.model_validate({name: text for name, text in row.items() if text.strip()})
    except ValidationError as error:
        wrong = [f"{'.'.join(map(str, each['loc']))}: {each['msg']}" for each in error.errors()]
        return Refused(line, picture, "; ".join(wrong)[:1000])
    path = PurePosixPath(read.picture.replace("\\", "/"))
    if path.is_absolute() or ".." in path.parts:
        return Refused(line, picture, "picture: it has to lie in the folder of the CSV file.")
    return line, read


def _of_columns(lacking: list[str], unknown: list[str]) -> str:
    said = [f"it lacks {', '.join(lacking)}"] if lacking else []
    said += [f"{', '.join(unknown)} mean nothing here"] if unknown else []
    return f"The columns do not fit: {' and '.join(said) or 'one stands there twice'}. Known are {', '.join(COLUMNS)}."
