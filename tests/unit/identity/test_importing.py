"""CSV files of people to enrol: what is refused, and that the words say why. Nobody is named by a refusal."""

import pytest

from app.identity.importing.rows import COLUMNS, Refused, RowIn, demand_row, read_rows
from app.identity.importing.work import harmless, read_picture_file
from app.identity.models import IdentitySettings
from app.kit.errors import BadInputError
from app.tenancy.sharing.models import Category
from tests.unit.identity.builders import NOW

GOOD = {
    "picture": "a.jpg", "name": "Ada Example", "reason": "Hit a guard", "incident_id": "019aa000-0000-7000-8000-000000000007",
    "source": "police", "evidence": "Clip 7", "review_on": "2026-04-20", "expires_at": "2026-08-01T00:00:00Z", "under_18": "no",
    "vulnerable": "false", "age_basis": "Identity card", "notice_withheld": "danger",
}  # fmt: skip


def file(*rows: dict[str, str], columns: tuple[str, ...] = tuple(GOOD)) -> str:
    return "\n".join([",".join(columns), *(",".join(row.get(name, "") for name in columns) for row in rows)])


def test_a_good_row_is_read_and_fits_the_same_rules_as_one_entry() -> None:
    (read,) = read_rows("\ufeff" + file(GOOD))
    assert isinstance(read, tuple)
    line, row = read
    assert (line, row.name, row.under_18) == (2, "Ada Example", False)
    demand_row(row, IdentitySettings(), Category.VIOLENCE, NOW)
    assert row.form(Category.VIOLENCE)["category"] == "violence"
    assert "name" not in row.form(Category.VIOLENCE)
    for changes, field in (
        ({"expires_at": "2028-01-01T00:00:00Z"}, "expires_at"), ({"notice_withheld": ""}, "notice"),
        ({"under_18": "yes"}, "exception_reason"), ({"review_on": "2026-02-01"}, "review_on"),
    ):  # fmt: skip
        (each,) = read_rows(file(GOOD | changes))
        assert isinstance(each, tuple)
        with pytest.raises(BadInputError) as refused:
            demand_row(each[1], IdentitySettings(), Category.VIOLENCE, NOW)
        assert refused.value.extra["field"] == field


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"reason": ""}, "reason"), ({"incident_id": "7"}, "incident_id"), ({"expires_at": "2026-08-01"}, "expires_at"),
        ({"under_18": "perhaps"}, "under_18"), ({"source": "internet"}, "source"), ({"picture": "../a.jpg"}, "folder"),
        ({"picture": "/etc/passwd"}, "folder"), ({"evidence": "x,y"}, "as many fields"),
    ],
)  # fmt: skip
def test_a_bad_row_is_refused_with_its_line_and_keeps_no_other_one(changes: dict[str, str], why: str) -> None:
    bad, good = read_rows(file(GOOD | changes, GOOD))
    assert isinstance(bad, Refused)
    assert (bad.line, why in bad.why, "Ada" in bad.why) == (2, True, False)
    assert isinstance(good, tuple)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "lacks"), (file(GOOD, columns=("picture", "reason")), "lacks incident_id"),
        (file(GOOD, columns=(*GOOD, "race")), "race mean nothing"), (file(GOOD, columns=(*GOOD, "name")), "twice"),
        (file(GOOD) + '\n"unclosed', "line"),
    ],
)  # fmt: skip
def test_a_file_that_is_none_is_refused_as_a_whole(text: str, why: str) -> None:
    with pytest.raises(BadInputError, match=why):
        list(read_rows(text))


def test_no_column_asks_for_what_nobody_may_sort_by() -> None:
    assert set(COLUMNS) == set(RowIn.model_fields)
    assert not {"race", "sex", "gender", "religion", "ethnicity", "nationality"} & set(COLUMNS)


def test_pictures_stay_in_their_folder_and_cells_are_no_formulas(tmp_path) -> None:  # type: ignore[no-untyped-def]
    (tmp_path / "in").mkdir()
    (tmp_path / "secret.jpg").write_bytes(b"x")
    (tmp_path / "in" / "link.jpg").symlink_to(tmp_path / "secret.jpg")
    for name in ("link.jpg", "none.jpg"):
        with pytest.raises(BadInputError):
            read_picture_file(tmp_path / "in" / name, tmp_path / "in")
    assert [harmless(each) for each in ("=cmd()", "plain", None, "-1", True)] == ["'=cmd()", "plain", "", "'-1", "True"]
