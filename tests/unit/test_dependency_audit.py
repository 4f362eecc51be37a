"""What is known against a locked version is told, once, unless somebody accepted it for a while; no answer is no clean bill."""

import json
import zipfile
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest

from tools import dependency_audit as audit
from tools.advisories import covers, npm_pins, order
from tools.dependency_audit import Known, NotAskedError, Pin, json_base, known_of, left, npm_known, pins_of, python_known

LOCK = """# by uv
PyJWT==2.9.0 \\
    --hash=sha256:00
redis[hiredis]==8.1.0 ; python_version >= "3.11" \\
    --hash=sha256:01
ruamel.yaml_clib==1.0 \\
    --hash=sha256:02
"""
TOLD = {"id": "GHSA-1", "aliases": ["CVE-1"], "summary": "Lets anybody in.\nMore", "fixed_in": ["2.9.1"], "withdrawn": None}


def test_every_pin_of_every_lock_is_asked_once() -> None:
    found = pins_of({"run.txt": LOCK, "dev.txt": "pyjwt==2.9.0 \\\n"})
    assert found == {
        Pin("pyjwt", "2.9.0"): ("run.txt", "dev.txt"),
        Pin("redis", "8.1.0"): ("run.txt",),
        Pin("ruamel-yaml-clib", "1.0"): ("run.txt",),
    }
    locks = {path.name: path.read_text("utf-8") for path in (audit.ROOT / "requirements").glob("*.txt")}
    ours = pins_of(locks)
    assert len(ours) > 100
    for text in locks.values():  # no line of a lock escapes
        assert sum("==" in line and not line.startswith("#") for line in text.splitlines()) == len(pins_of({"": text}))


def test_what_is_known_is_told_but_not_what_was_withdrawn() -> None:
    pin = Pin("pyjwt", "2.9.0")
    found = known_of(pin, {"vulnerabilities": [TOLD, TOLD | {"id": "GHSA-2", "withdrawn": "2026-01-01"}]}, ("run.txt",))
    assert found == [Known("pyjwt", "2.9.0", "GHSA-1", ("CVE-1",), "Lets anybody in.", ("2.9.1",), ("run.txt",))]
    with pytest.raises(NotAskedError, match="says nothing"):
        known_of(pin, {"info": {}}, ())


def test_an_acceptance_has_a_reason_and_an_end() -> None:
    known = [Known("pyjwt", "2.9.0", "GHSA-1", ("CVE-1",), "", (), ())]
    accepted = {"package": "pyjwt", "id": "CVE-1", "why": "not used", "until": date(2026, 12, 1)}
    assert left(known, [accepted], date(2026, 12, 1)) == []
    assert left(known, [accepted], date(2026, 12, 2)) == known
    assert left(known, [accepted | {"package": "other"}], date(2026, 12, 1)) == known
    for wrong in ({"why": " "}, {"until": "for ever"}):
        with pytest.raises(NotAskedError):
            left(known, [accepted | wrong], date(2026, 12, 1))


def test_npm_tells_each_advisory_once_and_no_answer_is_no_clean_bill() -> None:
    advisory = {"source": 1, "url": "https://x.example/advisories/GHSA-3", "title": "Slow"}
    entry = {"range": "<2", "via": [advisory, "other"], "fixAvailable": {"name": "a", "version": "2.0.0"}}
    answer = {"vulnerabilities": {"a": entry, "b": {"range": "*", "via": ["a"], "fixAvailable": True}}}
    assert npm_known(answer) == [Known("a", "<2", "GHSA-3", (), "Slow", ("2.0.0",), ("web/package-lock.json",))]
    assert npm_known({"vulnerabilities": {}}) == []
    with pytest.raises(NotAskedError, match="ENOAUDIT"):
        npm_known({"error": {"summary": "ENOAUDIT"}})


def test_the_exit_code_says_open_unasked_or_clean(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    monkeypatch.setattr(audit, "index", lambda: "https://user:word@index.example/simple/")
    monkeypatch.setattr(audit, "ask_npm", lambda: {"vulnerabilities": {}})
    bases, answers = [], {"vulnerabilities": [TOLD]}

    def ask(base: str, pin: Pin) -> dict[str, Any]:
        bases.append(base)
        if answers is None:
            raise NotAskedError(f"{pin.name}: away")
        return answers

    monkeypatch.setattr(audit, "ask", ask)
    assert audit.main(["--only", "pyjwt"]) == 1
    assert bases == ["https://user:word@index.example/pypi"]
    said = capsys.readouterr().out
    assert "GHSA-1" in said
    assert "word" not in said
    accepted = tmp_path / "accepted.toml"
    accepted.write_text('[[accepted]]\npackage = "pyjwt"\nid = "CVE-1"\nwhy = "no"\nuntil = 9999-01-01\n')
    monkeypatch.setattr(audit, "ACCEPTED", accepted)
    assert audit.main(["--only", "pyjwt"]) == 0
    answers = None
    assert audit.main(["--only", "pyjwt", "--json"]) == 2
    assert '"pyjwt: away"' in capsys.readouterr().out
    answers = {"vulnerabilities": []}
    assert audit.main([]) == 0


def test_where_the_json_lies() -> None:
    assert json_base("https://a.example/simple") == "https://a.example/pypi"
    assert json_base("https://a.example/root/prod/+simple/") == "https://a.example/root/prod/+simple/pypi"
    assert python_known({}, lambda _: {}) == ([], [])


def test_an_index_that_says_nothing_is_asked_three_times_and_told_so() -> None:
    asked = []

    def ask(pin: Pin) -> dict[str, Any]:
        asked.append(pin)
        return {"info": {}}

    known, unasked = python_known({Pin(f"p{number}", "1"): () for number in range(50)}, ask)
    assert (known, len(asked)) == ([], 3)
    assert "not asked about the other 47" in unasked[-1]


def test_versions_have_their_order() -> None:
    rising = ["nothing", "1.dev1", "1.0a1", "1.0b2", "1rc1", "1.0", "1.post1", "1.0.1", "1.9", "1.10", "2.0-beta.1", "2", "1!0.1"]
    mixed = [*rising[1::2], *rising[::2]]
    assert sorted(mixed, key=order) == rising
    assert order("1.0.0+cu121") == order("v1")


@pytest.mark.parametrize(
    ("version", "hit"),
    [("0.9", 0), ("1.0", 1), ("1.4.9", 1), ("1.5.0", 0), ("1.7", 0), ("2.0", 1), ("2.3", 1), ("2.3.1", 0)],
)
def test_ranges_begin_are_fixed_and_end(version: str, hit: int) -> None:
    events = [{"introduced": "2.0"}, {"last_affected": "2.3"}, {"introduced": "1.0"}, {"fixed": "1.5"}]
    git = {"type": "GIT", "events": [{"introduced": "0"}]}
    assert covers({"ranges": [git, {"type": "ECOSYSTEM", "events": events}], "versions": ["7.7"]}, version) is bool(hit)
    assert covers({"versions": ["7.7.0"]}, "7.7")
    assert covers({"ranges": [{"type": "SEMVER", "events": [{"introduced": "0"}, {"fixed": "3.0.0"}]}]}, version)


def test_advisories_that_were_brought_answer_for_both_ecosystems(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    other = next(iter(npm_pins((audit.ROOT / audit.NPM_LOCK).read_text())))
    pin = next(iter(pins_of({"run.txt": (audit.ROOT / "requirements" / "run.txt").read_text()})))

    def advisory(made: str, ecosystem: str, package: str, version: str, **more: str) -> dict[str, Any]:
        place = {"package": {"ecosystem": ecosystem, "name": package}, "versions": [version]}
        return {"id": made, "modified": datetime.now(UTC).isoformat(), "summary": "Bad", "affected": [place], **more}

    python = [
        advisory("GHSA-a", "PyPI", pin.name.replace("-", "_").upper(), pin.version),
        advisory("GHSA-b", "PyPI", pin.name, "0.0.0.dev0"),
        advisory("GHSA-c", "PyPI", pin.name, pin.version, withdrawn="2026-01-01T00:00:00Z"),
    ]
    with zipfile.ZipFile(tmp_path / "pypi.zip", "w") as archive:
        for each in python:
            archive.writestr(f"{each['id']}.json", json.dumps(each))
    npm = tmp_path / "npm" / "2026"
    npm.mkdir(parents=True)
    assert audit.main(["--advisories", str(tmp_path / "pypi.zip"), "--json"]) == 1
    told = json.loads(capsys.readouterr().out)
    assert (told["open"], told["not_asked"]) == (["GHSA-a"], ["The advisories say nothing of npm."])
    (npm / "GHSA-d.json").write_text(json.dumps(advisory("GHSA-d", "npm", other.name, other.version)))
    assert audit.main(["--advisories", str(tmp_path / "pypi.zip"), str(tmp_path / "npm"), "--json"]) == 1
    told = json.loads(capsys.readouterr().out)
    assert (set(told["open"]), told["not_asked"]) == ({"GHSA-d", "GHSA-a"}, [])
    old = advisory("GHSA-e", "npm", "left-pad-of-nobody", "1") | {"modified": "2026-01-01T00:00:00Z"}
    (npm / "GHSA-d.json").write_text(json.dumps(old))
    assert audit.main(["--advisories", str(npm)]) == 2
    assert "end on 2026-01-01" in capsys.readouterr().out
    assert audit.main(["--advisories", str(tmp_path / "nowhere.zip")]) == 2
