"""`make demo`: a labelled store with its switches on, on loopback only, in a state folder of its own, off everywhere else."""

import base64
from dataclasses import replace
from pathlib import Path
from typing import Any
from unittest.mock import AsyncMock

import asyncpg
import pytest

from app.first_run import DEMO_PEOPLE, first_run
from app.kit.clock import now
from app.kit.errors import SetupError
from app.kit.postgres import connect_pool
from app.main import create_app
from app.perception.images import decode_image
from app.settings import Settings
from app.tenancy.changes.models import OwnApprovalError
from app.tenancy.policy.demonstration import PAPERS
from app.tenancy.policy.enforcer import enforce
from app.tenancy.policy.models import Field, Switch
from app.tenancy.policy.packs import Verdict, current_pack
from app.tenancy.policy.service import IncompleteError
from tests.contract.openapi_document import app_settings
from tests.integration.conftest import Database


def demo_settings(home: Path, **changes: Any) -> Settings:
    clip = home / "clip.mp4"
    clip.write_bytes(b"")
    given = {
        "PENNYPROTECT_HOME": home,
        "CAMERAS": str(clip),
        "JWT_SECRET": "j" * 40,
        "PENNYPROTECT_SECRET_KEY": base64.b64encode(b"k" * 32).decode(),
        "PENNYPROTECT_WORKER_KEY": "worker-key-of-these-tests",
        "PENNYPROTECT_DEMO": "1",
    }
    return Settings(_env_file=None, **given | changes)


async def rows(database: Database, query: str) -> list[Any]:
    connection = await asyncpg.connect(database.url("owner"))
    try:
        return list(await connection.fetch(query))
    finally:
        await connection.close()


async def test_the_demos_store_is_labelled_and_on_and_a_second_start_changes_nothing(database: Database, tmp_path: Path) -> None:
    for _ in range(2):
        await first_run(demo_settings(tmp_path), database.url("owner"))
    (store,) = await rows(database, "SELECT name, demo FROM stores")
    assert store["demo"] is True
    assert "Demonstration" in store["name"]
    policies = await rows(database, "SELECT face, gait, re_identification, cause FROM site_policies ORDER BY revision")
    assert [tuple(row) for row in policies] == [(False, False, False, "install"), (True, True, True, "approved")]


async def test_rule_01_a_demos_switches_passed_every_gate_by_two_people(database: Database, tmp_path: Path) -> None:
    await first_run(demo_settings(tmp_path), database.url("owner"))
    (policy,) = await rows(database, "SELECT * FROM site_policies WHERE cause = 'approved'")
    assert current_pack().find(policy["jurisdiction"]).verdict is Verdict.ALLOW
    assert all("emonstration" in policy[paper] for paper in ("legal_basis", "dpia_reference", "notice_text"))
    names = {row["id"]: row["username"] for row in await rows(database, "SELECT id, username FROM users")}
    assert [names[policy[who]] for who in ("proposed_by", "made_by")] == list(DEMO_PEOPLE)
    (photo,) = await rows(database, "SELECT id, taken_on, jpeg FROM sign_photos")
    assert (photo["id"], photo["taken_on"]) == (policy["sign_photo_id"], now().date())
    assert decode_image(photo["jpeg"]).shape == (1130, 800, 3)
    tests = await rows(database, "SELECT switch, passed, performed_by, camera_ids FROM acceptance_tests ORDER BY switch")
    (camera,) = await rows(database, "SELECT id FROM cameras")
    assert [(test["switch"], test["passed"], test["camera_ids"]) for test in tests] == [
        (switch.value, True, [camera["id"]]) for switch in sorted(Switch)
    ]
    assert all("no test was made" in test["performed_by"] for test in tests)
    acts = [row["act"] for row in await rows(database, "SELECT act FROM audit_unsealed ORDER BY at, id")]
    assert acts == [
        "jurisdiction-changed", "sign-photo-added", *["acceptance-test-recorded"] * 3, "policy-proposed", "policy-approved",
    ]  # fmt: skip


GATES: list[tuple[str, Any, Field]] = [
    ("PLACE", "US-IL", Field.JURISDICTION),
    ("PAPERS", replace(PAPERS, legal_basis=""), Field.LEGAL_BASIS),
    ("PAPERS", replace(PAPERS, dpia_reference=""), Field.DPIA_REFERENCE),
    ("PAPERS", replace(PAPERS, notice_text="Demonstration."), Field.NOTICE_TEXT),
    ("evidence.keep_photo", AsyncMock(), Field.SIGN_PHOTO),
    ("evidence.keep_test", AsyncMock(), Field.ACCEPTANCE_TEST),
]


async def test_rule_01_a_gate_that_a_demo_does_not_pass_keeps_it_off(database: Database, tmp_path: Path) -> None:
    for name, value, missing in GATES:
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(f"app.tenancy.policy.demonstration.{name}", value)
            with pytest.raises(IncompleteError) as refused:
                await first_run(demo_settings(tmp_path), database.url("owner"))
        listed: Any = refused.value.extra["missing"]
        assert {each["field"] for each in listed} == {missing.value}
        assert await rows(database, "SELECT FROM site_policies WHERE face OR gait OR re_identification") == []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("app.first_run.DEMO_PEOPLE", ("alone", "alone"))
        with pytest.raises(OwnApprovalError):
            await first_run(demo_settings(tmp_path), database.url("owner"))
    await first_run(demo_settings(tmp_path), database.url("owner"))
    assert len(await rows(database, "SELECT FROM site_policies WHERE face AND gait AND re_identification")) == 1


async def test_a_demo_with_other_cameras_is_tested_anew_at_its_start(database: Database, tmp_path: Path) -> None:
    await first_run(demo_settings(tmp_path), database.url("owner"))
    other = tmp_path / "other.mp4"
    other.write_bytes(b"")
    await first_run(demo_settings(tmp_path, CAMERAS=f"{tmp_path / 'clip.mp4'} {other}"), database.url("owner"))
    pool = await connect_pool(database.url("app"), role="test", largest=2)
    assert await enforce(pool, current_pack(), demo_allowed=True) == 0
    await pool.close()
    (count,) = await rows(database, "SELECT count(*) AS tests, count(DISTINCT recorded_by) AS people FROM acceptance_tests")
    assert tuple(count) == (6, 1)
    assert len(await rows(database, "SELECT FROM memberships")) == 3


async def test_a_demo_shares_no_state_with_a_store(database: Database, tmp_path: Path) -> None:
    await first_run(demo_settings(tmp_path, PENNYPROTECT_DEMO="0"), database.url("owner"))
    with pytest.raises(SetupError, match="no demonstration"):
        await first_run(demo_settings(tmp_path), database.url("owner"))


async def test_a_demos_switches_go_off_where_it_may_not_run(database: Database, tmp_path: Path) -> None:
    await first_run(demo_settings(tmp_path), database.url("owner"))
    pool = await connect_pool(database.url("app"), role="test", largest=2)
    assert await enforce(pool, current_pack(), demo_allowed=True) == 0
    assert await enforce(pool, current_pack()) == 1
    assert await enforce(pool, current_pack()) == 0
    await pool.close()
    newest = await rows(database, "SELECT face, gait, cause FROM site_policies ORDER BY revision DESC LIMIT 1")
    assert tuple(newest[0]) == (False, False, "lapsed")


@pytest.mark.parametrize("host", ["10.0.0.4", "192.168.1.4", "::", "example.org"])
async def test_a_demo_is_refused_on_an_address_that_others_reach(database: Database, tmp_path: Path, host: str) -> None:
    with pytest.raises(SetupError, match="loopback"):
        create_app(app_settings(PENNYPROTECT_DEMO="1", PENNYPROTECT_HOST=host))
    with pytest.raises(SetupError, match="loopback"):
        await first_run(demo_settings(tmp_path, PENNYPROTECT_HOST=host), database.url("owner"))
    assert await rows(database, "SELECT FROM stores") == []
