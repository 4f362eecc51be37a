"""What is known against a locked version is told, once, unless somebody accepted it for a while; no answer is no clean bill."""

from datetime import date
from pathlib import Path
from typing import Any

import pytest

from tools import dependency_audit as audit
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
