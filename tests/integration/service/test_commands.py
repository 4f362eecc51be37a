"""The commands of operators, as they are run: `audit verify|export`, `chains create|list`, `policy show|set|report`."""

import asyncio
import json
import os
import sys
import uuid
from typing import Any

from tests.integration.conftest import CHECKOUT, Database
from tests.integration.service.conftest import Product
from tests.integration.service.people import person
from tests.integration.service.test_audit import sealing
from tests.integration.service.test_policy import FACE, gather_evidence, switch_on


async def command(product: Product, url: str, *words: str) -> tuple[int, str, str]:
    """(exit code, stdout, stderr) of `pennyprotect` with this database."""
    env = {**os.environ, "PENNYPROTECT_HOME": str(product.settings.home), "DATABASE_URL": url}
    running = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "app.cli", *words, cwd=CHECKOUT, env=env, stdout=-1, stderr=-1
    )
    out, err = await asyncio.wait_for(running.communicate(), 60)
    return running.returncode or 0, out.decode(), err.decode()


async def document(product: Product, url: str, *words: str) -> Any:
    """What a command that must succeed says with --json, which is nothing else."""
    code, out, err = await command(product, url, *words, "--json")
    assert code == 0, err
    return json.loads(out)


async def test_rule_19_verify_and_export_as_commands(product: Product, database: Database) -> None:
    await product.camera()
    async with sealing(product, database) as sealer:
        while await product.sql("SELECT FROM audit_unsealed"):
            await asyncio.sleep(0.05)
        await sealer.anchor()
    sealer_url = database.url("sealer")
    found = await document(product, sealer_url, "audit", "verify")
    (chain,) = await product.sql("SELECT id FROM chains")
    mine = next(each for each in found["ledgers"] if each["ledger"] == str(chain["id"]))
    assert (found["whole"], mine["whole"], mine["anchors_agreed"]) == (True, True, 1)
    code, out, err = await command(product, sealer_url, "audit", "export")
    rows = [json.loads(line) for line in out.splitlines()]
    assert (code, err, len(rows)) == (0, "", found["rows"])
    assert "camera-created" in {row["act"] for row in rows}
    code, out, err = await command(product, sealer_url, "audit", "export", "--syslog", "http://x")
    assert (code, out, "looks like tls://" in err) == (2, "", True)
    code, out, err = await command(product, sealer_url.replace("host=", "host=/nowhere"), "audit", "verify")
    assert (code, out, "does not answer" in err) == (1, "", True)
    await product.sql(
        "UPDATE audit_log a SET act = 'log-out' WHERE ledger = $1"
        " AND sequence = (SELECT max(sequence) FROM audit_log WHERE ledger = $1)",
        chain["id"],
    )
    code, out, _ = await command(product, sealer_url, "audit", "verify", "--json")
    broken = next(each for each in json.loads(out)["ledgers"] if not each["whole"])
    assert (code, broken["ledger"], broken["broken"]["kind"]) == (1, str(chain["id"]), "changed")


async def test_a_second_chain_is_made_whole_and_sees_nothing_of_the_first(product: Product, database: Database) -> None:
    owner = database.url("owner")
    await product.camera("Theirs")
    made = await document(product, owner, "chains", "create", "Second chain", "--admin", "Boss", "--store", "First shop")
    listed = await document(product, owner, "chains", "list")
    assert [(each["name"], each["stores"], each["users"]) for each in listed][1] == ("Second chain", 1, 1)
    code, out, err = await command(product, owner, "chains", "create", "Third", "--admin", "admin")
    assert (code, out, "taken" in err) == (1, "", True)
    code, _, err = await command(product, owner, "chains", "create", " ", "--admin", "x")
    assert (code, "empty" in err) == (2, True)
    assert len(await document(product, owner, "chains", "list")) == 2
    status, tokens = await product.sign_in(made["username"], made["initial_password"])
    assert status == 200
    token = tokens["access_token"]
    assert (await product.ask("GET", "/api/v1/auth/me", token=token))[1]["duties"] == ["change-password"]
    change = {"current_password": made["initial_password"], "new_password": "gravel-otter-lantern-mop"}
    assert (await product.ask("POST", "/api/v1/auth/password", change, token=token))[0] == 204
    token = (await product.sign_in("boss", "gravel-otter-lantern-mop"))[1]["access_token"]
    stores = (await product.ask("GET", "/api/v1/stores", token=token))[1]["items"]
    assert [each["id"] for each in stores] == [made["store_id"]]
    assert (await product.ask("GET", "/api/v1/cameras", token=token))[1]["items"] == []
    (row,) = await product.sql("SELECT chain_id FROM audit_unsealed WHERE act = 'chain-created'")
    assert row["chain_id"] == uuid.UUID(made["chain_id"])


async def test_the_policy_as_commands_from_proposal_to_annex(product: Product, database: Database) -> None:
    await product.camera()
    owner, path = database.url("owner"), await gather_evidence(product)
    shown = await document(product, owner, "policy", "show")
    assert shown["current"]["switches"]["face"] is False
    code, _, err = await command(product, owner, "policy", "set", "--on", "face")
    assert (code, "notice_text" in err) == (2, True)
    papers = ("--legal-basis", "Interest", "--dpia-reference", "DPIA 7", "--notice-text", FACE["notice_text"])
    proposed = await document(product, owner, "policy", "set", "--on", "face", *papers)
    assert proposed["proposal"]["switches"]["face"] is True
    await switch_on(product, path, await person(product, "chain-administrator"))
    annex = await document(product, owner, "policy", "report")
    assert annex["settings"]["face"] is True
    assert annex["error_rates"][0]["strangers"] == 500
    assert {"retention", "recipients", "data_flows", "masks", "people"} <= set(annex)
    assert any(each["what"] == "Clips and stills of alerts" and each["kept"].startswith("30 days") for each in annex["retention"])
    code, text, _ = await command(product, owner, "policy", "report")
    assert code == 0
    for part in ("## Settings", "## Data flows", "## Retention", "## Recipients", "## Error rates", "## Privacy masks"):
        assert part in text
    off = await document(product, owner, "policy", "set", "--off", "face")
    assert off["current"]["switches"]["face"] is False
