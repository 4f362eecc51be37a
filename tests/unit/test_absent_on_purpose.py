"""Rule 24: what this product must not have is looked for in its code, schemas, API and texts."""

import re
from pathlib import Path

import pytest

CHECKOUT = Path(__file__).resolve().parents[2]
LOOKED_AT = (
    "app/**/*.py",
    "app/**/*.toml",
    "db/**/*.sql",
    "web/src/**/*.ts",
    "web/src/**/*.tsx",
    "web/openapi.json",
    "docs/contracts.schema.json",
    "benchmarks/**/*.py",
    "triton_models/**/*.toml",
    "triton_models/**/*.pbtxt",
)

# One pattern a thing; words are taken apart at capitals and underscores first, so that `raceScore` and `race_score` are found.
FORBIDDEN = {
    "emotion": r"emotions?|emotional|mood|sentiments?|facial expressions?|arousal",
    "race": r"(?:perceived|apparent|by|of|person|people|human) races?|racial|ethnic|ethnicity|ethnicities|skin tones?"
    r"|skin colou?rs?|nationality",
    "sex": r"sex|sexual|gender|genders|sexes|male|female",
    "religion": r"religion|religions|religious|faiths?|hijab|headscarf|turban|beliefs?",
    "crime risk": r"risk scores?|crime risk|criminality|criminal scores?|suspicion scores?|suspicious persons?"
    r"|predictive policing",
    "scraped enrolment": r"scrape|scraped|scraping|social media|clearview|facebook|instagram|linkedin",
    "marketing": r"marketing|advertis\w+|loyalty|purchase intent|customer segments?|demographics?",
    "age": r"age estimation|estimated age|age groups?",
}
# "race" alone is also what two requests do: as a name of something it is a field, a column or a key.
RACE_FIELD = re.compile(r"""["'._]race["'._]|\brace\s*:|\brace\s+(text|integer|real|boolean|smallint)\b|\brace_|_race\b""")

# Where a forbidden word may stand, and why. Each entry must be used, or the test fails.
ALLOWED: dict[tuple[str, str], str] = {
    ("app/tenancy/notice/texts.toml", "religion"): "tells visitors that nobody's beliefs are guessed",
    ("app/tenancy/notice/texts.toml", "emotion"): "the same sentence in French, about feelings",
    ("app/dashboard/second_look/models.py", "sex"): "the instruction that forbids a vision model to say any of it",
    ("app/dashboard/second_look/models.py", "race"): "the same instruction",
}


def words(text: str) -> str:
    """Lower-case words with single spaces."""
    text = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", text)
    return re.sub(r"[^a-z0-9]+", " ", text.lower())


def files() -> list[Path]:
    found = {path for pattern in LOOKED_AT for path in CHECKOUT.glob(pattern) if "node_modules" not in path.parts}
    assert len(found) > 150
    return sorted(found)


def findings(text: str) -> set[str]:
    flat = f" {words(text)} "
    found = {name for name, pattern in FORBIDDEN.items() if re.search(rf" ({pattern}) ", flat)}
    return found | {"race"} if RACE_FIELD.search(text) else found


def test_rule_24_nothing_sorts_people_by_what_they_are() -> None:
    met: set[tuple[str, str]] = set()
    offences = []
    for path in files():
        name = str(path.relative_to(CHECKOUT))
        for number, line in enumerate(path.read_text("utf-8").splitlines(), 1):
            for what in findings(line):
                met.add((name, what))
                if (name, what) not in ALLOWED:
                    offences.append(f"{name}:{number}: {what}: {line.strip()[:120]}")
    assert offences == []
    assert met == set(ALLOWED), "an entry of the allow-list is no longer needed"


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("emotionScore: number", "emotion"),
        ("person_gender text", "sex"),
        ('"ethnicity"', "race"),
        ("skin-tone", "race"),
        ("race: str", "race"),
        ("raceless, by race", "race"),
        ("race text NOT NULL", "race"),
        ("religion = ", "religion"),
        ("crimeRisk", "crime risk"),
        ("risk_score real", "crime risk"),
        ("loyalty_id", "marketing"),
        ("estimated_age", "age"),
    ],
)
def test_rule_24_the_scan_finds_what_it_looks_for(text: str, what: str) -> None:
    assert what in findings(text)


def test_rule_24_the_scan_knows_words_apart() -> None:
    assert findings("trace embrace storage message manager Essex racks emails; two requests race, lose the race") == set()
