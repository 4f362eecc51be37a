"""`pennyprotect enrol` and `watchlist list|import|export` as they are run: same gates, a dry run, a report without names."""

import asyncio
import csv
import json
import stat
from pathlib import Path
from typing import Any

import pytest

from tests.integration.conftest import Database
from tests.integration.service import faces
from tests.integration.service.conftest import Product
from tests.integration.service.faces import DrawnFaces, drawn, grounds
from tests.integration.service.test_commands import command, document
from tests.integration.service.test_identity import Desk, desk  # noqa: F401 - a fixture


@pytest.fixture
def more_settings(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    monkeypatch.setattr("app.lifespan.TritonFaces", DrawnFaces)
    return {"TRITON_URL": "127.0.0.1:1"}


def write(folder: Path, rows: list[dict[str, Any]]) -> Path:
    path = folder / "people.csv"
    with path.open("w", newline="") as out:
        writer = csv.DictWriter(out, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    return path


async def test_a_file_is_checked_then_proposed_once_and_exported(desk: Desk, database: Database, tmp_path: Path) -> None:  # noqa: F811
    product: Product = desk.product
    url = database.url("owner")
    said = grounds(desk.watchlist, desk.incident)
    said.pop("watchlist_id")
    pictures = {
        "ada.png": drawn(1),
        "bea.png": drawn(7),
        "blur.png": drawn(12, level=faces.BLURRED),
        "two.png": drawn(20, faces=2),
    }
    for name, content in pictures.items():
        (tmp_path / name).write_bytes(content)
    rows = [
        said | {"picture": name, "name": f"Person {number}"} for number, name in enumerate((*pictures, "ada.png", "gone.png"))
    ]
    rows.append(said | {"picture": "bea.png", "name": "Late", "expires_at": "2035-01-01T00:00:00Z"})
    path = write(tmp_path, rows)
    code, out, err = await command(product, url, "watchlist", "import", str(path), "--dry-run", "--json")
    report = json.loads(out)
    assert (code, len(report["accepted"]), [row["line"] for row in report["refused"]]) == (1, 2, [4, 5, 6, 7, 8]), err
    words = " ".join(row["why"] for row in report["refused"])
    for why in ("blurred", "several faces", "line 2", "no picture gone.png", "365 days"):
        assert why in words, words
    assert "Person" not in out
    assert await product.sql("SELECT FROM persons UNION ALL SELECT FROM enrolments") == []
    for _ in range(2):  # a second run enrols nobody twice
        code, out, err = await command(product, url, "watchlist", "import", str(path), "--json")
        assert code == 1, err
    stored = await product.sql("SELECT e.state, p.name FROM enrolments e JOIN persons p ON p.id = e.person_id ORDER BY p.name")
    assert [(row["state"], row["name"]) for row in stored] == [("proposed", "Person 0"), ("proposed", "Person 1")]
    (listed,) = (await document(product, url, "watchlist", "list"))["lists"]
    assert (listed["name"], listed["proposed"], listed["approved"]) == ("Violence", 2, 0)
    to = tmp_path / "out.csv"
    assert (await document(product, url, "watchlist", "export", str(to)))["entries"] == 2
    assert stat.S_IMODE(to.stat().st_mode) == 0o600
    with to.open(newline="") as lines:
        exported = list(csv.DictReader(lines))
    assert sorted(row["name"] for row in exported) == ["Person 0", "Person 1"]
    assert {row["reason"] for row in exported} == {"Hit a guard"}
    assert len(await product.sql("SELECT FROM audit_unsealed WHERE act = 'watchlist-exported'")) == 1


async def test_a_file_is_read_row_by_row_for_the_page_and_nothing_is_stored(desk: Desk, tmp_path: Path) -> None:  # noqa: F811
    said = grounds(desk.watchlist, desk.incident)
    said.pop("watchlist_id")
    rows = [said | {"picture": "a.png", "name": "Ada"}, said | {"picture": "b.png", "expires_at": "2035-01-01T00:00:00Z"}]
    rows.append(said | {"picture": "../c.png"})
    address, file = f"/api/v1/watchlists/{desk.watchlist}/rows", write(tmp_path, [{"name": "", **row} for row in rows])

    async def read(content: bytes, token: str) -> tuple[int, Any]:
        return await desk.product.ask("POST", address, token=token, data=content, headers={"Content-Type": "text/csv"})

    content = await asyncio.to_thread(file.read_bytes)
    status, found = await read(content, desk.enroller)
    assert (status, [(row["line"], row["name"]) for row in found["rows"]]) == (200, [(2, "Ada")])
    assert [(row["line"], row["why"].split()[0]) for row in found["refused"]] == [(3, "An"), (4, "picture:")]
    assert found["rows"][0]["fields"]["watchlist_id"] == desk.watchlist
    assert (await read(content, desk.enroller))[1]["rows"][0]["key"] == found["rows"][0]["key"]
    assert (await read(content, desk.approver))[0] == 403
    assert (await read(b"\xff\xfe", desk.enroller))[0] == 422
    status, refused = await read(b"no,such\n1,2\n", desk.enroller)
    assert (status, refused["detail"][:24]) == (422, "The columns do not fit: ")
    assert await desk.product.sql("SELECT FROM persons UNION ALL SELECT FROM enrolments") == []


async def test_one_person_is_proposed_by_command_with_every_ground(desk: Desk, database: Database, tmp_path: Path) -> None:  # noqa: F811
    picture = tmp_path / "p.png"
    picture.write_bytes(drawn(3))
    said = grounds(desk.watchlist, desk.incident)
    words = [
        "enrol", str(picture), "--reason", "Hit a guard", "--incident", desk.incident, "--source", "police", "--evidence", "E 1",
        "--review-on", said["review_on"], "--expires-at", said["expires_at"], "--age-basis", "Identity card", "--adult",
        "--not-vulnerable", "--notice-withheld", "danger",
    ]  # fmt: skip
    url = database.url("owner")
    code, _, err = await command(desk.product, url, *words[:-2])
    assert (code, "Say when and how" in err) == (2, True), err
    code, _, err = await command(desk.product, url, *(word for word in words if word != "--adult"))
    assert (code, "under-18" in err) == (2, True), "nothing is inferred: who enrols says it"
    made = await document(desk.product, url, *words)
    assert made["state"] == "proposed"
    code, _, err = await command(desk.product, url, *words[:2], "--list", "Nowhere", *words[2:])
    assert (code, "Violence" in err) == (2, True)
