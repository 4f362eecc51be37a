"""A licence is accepted once, by a person or a setting, for one very file."""

import dataclasses
import json
from pathlib import Path

import pytest

from app.inference.licences import ensure_accepted, is_accepted
from app.inference.lock import read_lock
from app.kit.errors import SetupError

ARTEFACT = read_lock()[0].artefact


def test_without_setting_and_terminal_it_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(SetupError, match="PENNYPROTECT_ACCEPT_LICENSES=1"):
        ensure_accepted(tmp_path, [ARTEFACT], accept=False, ask=None)
    assert not (tmp_path / "licences.json").exists()


def test_a_person_sees_the_licence_and_is_asked_once(tmp_path: Path) -> None:
    shown: list[str] = []

    def agree(text: str) -> bool:
        shown.append(text)
        return True

    ensure_accepted(tmp_path, [ARTEFACT], accept=False, ask=agree)
    ensure_accepted(tmp_path, [ARTEFACT], accept=False, ask=None)
    assert len(shown) == 1
    assert "AGPL-3.0" in shown[0]
    (entry,) = json.loads((tmp_path / "licences.json").read_text())["accepted"]
    assert (entry["sha256"], entry["how"]) == (ARTEFACT.sha256, "prompt")
    assert entry["accepted_by"]
    assert entry["accepted_at"].endswith("+00:00")


def test_a_refusal_stops(tmp_path: Path) -> None:
    with pytest.raises(SetupError, match="not accepted"):
        ensure_accepted(tmp_path, [ARTEFACT], accept=False, ask=lambda _text: False)
    assert not is_accepted(tmp_path, ARTEFACT)


def test_another_file_is_asked_for_again(tmp_path: Path) -> None:
    ensure_accepted(tmp_path, [ARTEFACT], accept=True, ask=None)
    other = dataclasses.replace(ARTEFACT, sha256="0" * 64)
    assert is_accepted(tmp_path, ARTEFACT)
    assert not is_accepted(tmp_path, other)
    ensure_accepted(tmp_path, [other], accept=True, ask=None)
    assert is_accepted(tmp_path, ARTEFACT)
    assert is_accepted(tmp_path, other)


def test_a_broken_record_is_said(tmp_path: Path) -> None:
    (tmp_path / "licences.json").write_text("{")
    with pytest.raises(SetupError, match="delete it"):
        is_accepted(tmp_path, ARTEFACT)
