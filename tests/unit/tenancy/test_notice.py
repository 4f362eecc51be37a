"""Rule 14: what visitors are told is made from live settings, in their language, without a person in it."""

import re
import uuid
from dataclasses import replace
from datetime import UTC, datetime
from xml.etree import ElementTree as ET

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.tenancy.notice.limits import Allowance, Remembered
from app.tenancy.notice.models import PublicPolicy, choose_language, languages
from app.tenancy.notice.page import page_of
from app.tenancy.notice.sign import HEIGHT, MARGIN, WIDTH, sign_of, wrap
from app.tenancy.policy.models import Switch, Switches

NOTICE = "We compare faces with a list of <banned> people & nobody else."
POLICY = PublicPolicy(
    uuid.UUID(int=7), "Chain", "Store", False, 4, Switches(face=True), "Legitimate interest", NOTICE,
    datetime(2026, 11, 23, tzinfo=UTC),
)  # fmt: skip
ADDRESS = "https://store.example/policy/00000000-0000-0000-0000-000000000007"


def test_five_languages_say_every_sentence() -> None:
    assert {"en", "es", "fr", "de", "zh"} <= set(languages())
    for words in languages().values():
        assert all(getattr(words, field) for field in words.__struct_fields__)


@pytest.mark.parametrize(
    ("asked", "accept", "chosen"),
    [
        ("de", "fr", "de"),
        ("", "fr-CH, fr;q=0.9, en;q=0.8", "fr"),
        ("", "pt;q=1, es;q=0.5, de;q=0.9", "de"),
        ("xx", "", "en"),
        ("", ";q=;q=,,,", "en"),
        ("ZH-cn", "", "zh"),
    ],
)
def test_the_readers_language_is_chosen(asked: str, accept: str, chosen: str) -> None:
    assert choose_language(asked, accept) == chosen


@pytest.mark.parametrize("language", ["en", "es", "fr", "de", "zh"])
def test_rule_14_the_page_says_what_is_on_and_nothing_that_is_off(language: str) -> None:
    words, page = languages()[language], page_of(POLICY, language)
    assert f'<html lang="{language}">' in page
    assert words.face in page
    assert words.gait not in page
    off = page_of(replace(POLICY, switches=Switches()), language)
    assert words.off in off.replace("&#x27;", "'")
    assert "Legitimate interest" not in off


@given(st.text(max_size=60))
def test_texts_of_settings_are_never_markup(text: str) -> None:
    page = page_of(replace(POLICY, notice_text=text, store=text, chain=text, legal_basis=text), "en")
    assert len(re.findall(r"<script", page)) == 0
    own = "x" if text else ""
    plain = page_of(replace(POLICY, legal_basis=own, notice_text=own), "en")
    assert page.split("</style>")[1].count("<") == plain.split("</style>")[1].count("<")


@pytest.mark.parametrize("language", ["en", "es", "fr", "de", "zh"])
def test_rule_14_the_sign_can_be_read_and_its_code_leads_to_the_page(language: str) -> None:
    drawn = sign_of(languages()[language], list(Switch), "Store", NOTICE * 3, ADDRESS)
    root = ET.fromstring(drawn)  # noqa: S314 - drawn by ourselves
    texts = [each for each in root.iter() if each.tag.endswith("text")]
    lowest = max(float(each.attrib["y"]) for each in texts)
    assert lowest < HEIGHT
    code_top = HEIGHT - MARGIN - 48
    above = [float(each.attrib["y"]) for each in texts if float(each.attrib["x"]) == MARGIN]
    assert max(above) < code_top, "the words run into the code"
    for each in texts:
        size = float(each.attrib["font-size"])
        wide = sum(1.0 if ord(letter) > 0x2E80 else 0.54 for letter in each.text or "") * size
        assert float(each.attrib["x"]) + wide < WIDTH
    assert scanned(drawn) == ADDRESS


def scanned(drawn: str) -> str:
    """What a telephone reads from the sign's code, by a reader other than the library that drew it."""
    found = re.search(r'scale\(([\d.]+)\)"><path d="([^"]+)"', drawn)
    assert found is not None
    modules = [tuple(map(int, each)) for each in re.findall(r"M(\d+) (\d+)h1v1h-1z", found[2])]
    side = max(max(pair) for pair in modules) + 5
    pixels = np.full((side, side), 255, np.uint8)
    for x, y in modules:
        pixels[y, x] = 0
    large = cv2.resize(pixels, None, fx=8, fy=8, interpolation=cv2.INTER_NEAREST)
    return cv2.QRCodeDetector().detectAndDecode(large)[0]


@given(st.text(max_size=300), st.floats(5, 60))
def test_wrapping_loses_no_letter(text: str, room: float) -> None:
    assert "".join("".join(wrap(text, room)).split()) == "".join(text.split())


def test_answers_are_kept_for_a_while_and_bounded() -> None:
    kept: Remembered[int, str] = Remembered(5.0, most=2)
    kept.put(1, "one", now=0.0)
    assert kept.get(1, now=4.9) == "one"
    assert kept.get(1, now=5.0) is None
    for number in range(9):
        kept.put(number, "x", now=10.0)
    assert [number for number in range(9) if kept.get(number, now=10.0)] == [7, 8]


def test_an_address_asks_so_often_a_minute_and_no_more() -> None:
    allowance = Allowance(60)
    assert sum(allowance.take("a", now=0.0) for _ in range(100)) == 60
    assert allowance.take("b", now=0.0) is True
    assert sum(allowance.take("a", now=10.0) for _ in range(100)) == 10
