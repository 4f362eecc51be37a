"""Rule 21: a package verifies offline, and every changed byte, wherever it is, fails and is named."""

import zipfile
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from app.evidence.custody import FIRST, canonical, link_hash
from app.evidence.package import CUSTODY, MANIFEST, SIGNATURE, build, fingerprint_of, verify
from app.kit.errors import BadInputError

KEY = Ed25519PrivateKey.from_private_bytes(b"k" * 32)
FINGERPRINT = fingerprint_of(KEY.public_key().public_bytes_raw())


def custody() -> bytes:
    links, before = [], FIRST
    for sequence, act in enumerate(("registered", "exported"), 1):
        link = {"sequence": sequence, "act": act, "details": {"größe": 1}}
        before = link_hash(before, link)
        links.append({**link, "hash": before.hex()})
    return canonical(links)


def package(tmp_path: Path) -> Path:
    path = tmp_path / "package.zip"
    path.write_bytes(build([("README.txt", b"read me"), ("recording.mp4", b"clip" * 50), (CUSTODY, custody())], {"a": 1}, KEY))
    return path


def test_rule_21_a_package_is_a_plain_zip_and_is_whole(tmp_path: Path) -> None:
    path = package(tmp_path)
    with zipfile.ZipFile(path) as archive:
        assert archive.testzip() is None
        assert archive.namelist() == ["README.txt", "recording.mp4", CUSTODY, MANIFEST, SIGNATURE]
    found = verify(path, FINGERPRINT)
    assert (found.findings, found.fingerprint, found.files) == ((), FINGERPRINT, 5)
    assert verify(path, "00" * 32).findings == (f"{MANIFEST} was signed by another key, {FINGERPRINT}",)


def test_rule_21_every_single_changed_byte_fails_and_content_is_named(tmp_path: Path) -> None:
    path = package(tmp_path)
    whole = path.read_bytes()
    recording = whole.index(b"clipclip")
    for place in range(len(whole)):
        path.write_bytes(whole[:place] + bytes([whole[place] ^ 0x01]) + whole[place + 1 :])
        try:
            found = verify(path, FINGERPRINT)
        except BadInputError:
            assert place < 4, "only the very first bytes say what it is"
            continue
        assert not found.whole, f"a change at byte {place} was not seen"
        if recording <= place < recording + 200:
            assert found.findings == ("recording.mp4 was changed",)


def test_rule_21_what_is_added_missing_cut_off_or_signed_by_somebody_else_is_named(tmp_path: Path) -> None:
    path = package(tmp_path)
    whole = path.read_bytes()
    path.write_bytes(whole + b"x")
    assert not verify(path).whole
    path.write_bytes(whole[:-30])
    assert not verify(path).whole
    other = build([("recording.mp4", b"other")], {}, Ed25519PrivateKey.generate())
    path.write_bytes(other)
    assert verify(path).whole
    assert any("another key" in each for each in verify(path, FINGERPRINT).findings)
    links = custody().replace(b"registered", b"regiztered")
    path.write_bytes(build([(CUSTODY, links)], {}, KEY))
    assert verify(path).findings == (f"{CUSTODY} does not follow at link 1 (regiztered)",)
    path.write_bytes(b"nothing of ours")
    with pytest.raises(BadInputError):
        verify(path)
    with pytest.raises(BadInputError):
        verify(tmp_path / "missing")
