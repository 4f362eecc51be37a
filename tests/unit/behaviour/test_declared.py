"""Every parameter is declared once, with a sentence, and its range holds."""

import re
from pathlib import Path

import msgspec
import pytest

from app.behaviour.cameras import CAMERA_RULES
from app.behaviour.declared import declared
from app.behaviour.rules import RULES, read_parameters

EVERY: dict[str, type[msgspec.Struct]] = {
    **{kind: rule.parameters for kind, rule in RULES.items()},
    **{kind: rule.parameters for kind, rule in CAMERA_RULES.items()},
}
NUMBERS = [(kind, each) for kind, rule in EVERY.items() for each in declared(rule) if each.type in ("number", "whole")]
BESIDE = {("loitering", "resume_s"): {"gap_s": 0}, ("falling", "within_s"): {"stays_down_s": 0}}
"""What may not be more than these, or not near them."""
DOCS = (Path(__file__).parents[3] / "docs" / "behaviours.md").read_text()


@pytest.mark.parametrize("kind", EVERY)
def test_every_parameter_has_a_sentence_and_a_default_that_is_taken(kind: str) -> None:
    settings = declared(EVERY[kind])
    assert {each.name for each in settings} == set(EVERY[kind].__struct_fields__)
    assert all(each.sentence.endswith(".") for each in settings)
    read_parameters(kind, {each.name: each.default for each in settings})


@pytest.mark.parametrize(("kind", "each"), NUMBERS, ids=lambda each: getattr(each, "name", each))
def test_a_range_holds_at_its_ends_and_not_beyond(kind: str, each: object) -> None:
    name, least, most = each.name, each.least, each.most  # type: ignore[attr-defined]
    whole = each.type == "whole"  # type: ignore[attr-defined]
    assert least < most
    for value in (least, most):
        read_parameters(kind, {**BESIDE.get((kind, name), {}), name: int(value) if whole else value})
    for value in (least - 1, most + 1):
        with pytest.raises(msgspec.ValidationError):
            read_parameters(kind, {name: int(value) if whole else value})


def test_the_figures_of_the_table_are_those_of_the_code() -> None:
    """Each `{kind.parameter}` comment in the table of docs/behaviours.md follows a figure: they must agree."""
    told = re.findall(r"([0-9.]+)[^|0-9<]*<!-- ([a-z-]+)\.([a-z_]+) -->", DOCS)
    assert len(told) >= 12
    for figure, kind, name in told:
        assert getattr(EVERY[kind](), name) == pytest.approx(float(figure)), f"{kind}.{name}"
    assert all(f"\n| {kind} |" in DOCS for kind in EVERY)
