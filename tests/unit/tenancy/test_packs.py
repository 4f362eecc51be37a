"""Rule 2: jurisdiction packs deny by default."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.kit.errors import SetupError
from app.tenancy.policy.packs import FOLDER, Verdict, current_pack, read_pack

EEA = """AT BE BG HR CY CZ DK EE FI FR DE GR HU IE IT LV LT LU MT NL PL PT RO SK SI ES SE IS LI NO""".split()  # noqa: SIM905


@pytest.mark.parametrize("code", ["US-IL", "US-OR-Portland", *EEA])
def test_rule_02_a_place_with_a_ban_is_denied(code: str) -> None:
    found = current_pack().find(code)
    assert found.verdict is Verdict.DENY
    assert found.name
    assert found.why
    assert all(source.title and source.of.year > 1980 for source in found.sources)
    assert found.sources


@pytest.mark.parametrize("code", ["US-TX", "US-WA", "US-NYC", "GB", "NZ", "AU"])
def test_rule_02_a_place_with_conditions_needs_counsel(code: str) -> None:
    assert current_pack().find(code).verdict is Verdict.COUNSEL


@pytest.mark.parametrize("code", ["US-OH", "JP", "BR"])
def test_rule_02_elsewhere_it_may_be_proposed(code: str) -> None:
    assert current_pack().find(code).verdict is Verdict.ALLOW


@given(st.text(max_size=12))
def test_rule_02_an_unknown_place_is_denied(code: str) -> None:
    pack = current_pack()
    if code not in pack.places:
        assert pack.find(code).verdict is Verdict.DENY


@pytest.mark.parametrize("code", ["", "US", "us-oh", "US-IL ", "EU", "XX"])
def test_rule_02_a_country_without_its_state_or_a_near_miss_is_denied(code: str) -> None:
    assert current_pack().find(code).verdict is Verdict.DENY


def test_a_state_says_which_of_its_cities_have_a_rule_of_their_own() -> None:
    assert current_pack().find("US-OR").exceptions == ("US-OR-Portland",)
    assert current_pack().find("US-NY").exceptions == ("US-NYC",)


def test_every_pack_of_the_product_can_be_read() -> None:
    assert [read_pack(path).version for path in sorted(FOLDER.glob("*.toml"))]


PACK = """
version = "2030-01"
compiled_on = 2030-01-01
note = ""
[[rules]]
verdict = "{verdict}"
why = "Because."
sources = {sources}
[rules.places]
{places}
"""


@pytest.mark.parametrize(
    ("verdict", "sources", "places"),
    [
        ("perhaps", "[]", 'XX = "X"'),
        ("deny", "[]", 'XX = "X"'),  # a ban without a source
        ("allow", "[]", 'xx = "X"'),
        ("allow", "[]", 'XX = ""'),
        ("allow", '[{ title = "t" }]', 'XX = "X"'),
        ("allow", "[]", 'XX = "X"\n[rules.other]'),
    ],
)
def test_a_pack_that_is_not_as_its_schema_says_is_refused(tmp_path: Path, verdict: str, sources: str, places: str) -> None:
    file = tmp_path / "pack-2030-01.toml"
    file.write_text(PACK.format(verdict=verdict, sources=sources, places=places))
    with pytest.raises(SetupError):
        read_pack(file)
