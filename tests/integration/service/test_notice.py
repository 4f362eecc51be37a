"""The public page, the sign and training at a running service."""

import asyncio
import uuid
from datetime import date
from types import SimpleNamespace
from typing import Any, cast

import pytest

from app.audit.models import ActorKind
from app.auth.models import Principal
from app.kit.backends import Backends
from app.kit.postgres import connect_pool
from app.tenancy.notice.endpoints import A_MINUTE
from app.tenancy.training.gate import UntrainedError, demand_training
from app.tenancy.training.models import MATCH_REVIEW
from tests.integration.conftest import Database
from tests.integration.service.conftest import Product
from tests.integration.service.people import person, user_id
from tests.integration.service.test_policy import NOTICE, gather_evidence, switch_on

TODAY = date.today().isoformat()  # noqa: DTZ011


async def test_rule_14_anybody_reads_the_live_settings_and_no_person(product: Product) -> None:
    path = await gather_evidence(product)
    public = (await product.ask("GET", path))[1]["public_id"]
    status, page = await product.ask("GET", f"/policy/{public}?language=de", token="")
    assert status == 200
    assert "erkennt keine Besucher" in page.decode()
    await switch_on(product, path, await person(product, "chain-administrator"))
    product_address = f"{product.base}/policy/{public}"
    async with product.session.get(product_address, headers={"Accept-Language": "fr"}) as answer:
        cached = await answer.text()
        assert answer.headers["Content-Language"] == "fr"
        assert "max-age" in answer.headers["Cache-Control"]
        assert "script" not in answer.headers["Content-Security-Policy"].replace("default-src", "")
    assert '<html lang="fr">' in cached
    settled = (await product.ask("GET", f"/policy/{public}", token=""))[1].decode()
    for _ in range(60):
        if NOTICE in settled:
            break
        await asyncio.sleep(0.2)
        settled = (await product.ask("GET", f"/policy/{public}", token=""))[1].decode()
    assert NOTICE in settled
    for secret in ("admin", "chain-administrator", "DPIA 7", "rtsp://", str(await product.store())):
        assert secret not in settled


async def test_the_public_page_knows_no_other_address_and_slows_down_who_asks_too_often(product: Product) -> None:
    assert (await product.ask("GET", f"/policy/{uuid.uuid4()}", token=""))[0] == 404
    assert (await product.ask("GET", f"/policy/{await product.store()}", token=""))[0] == 404
    assert (await product.ask("GET", "/policy/nonsense", token=""))[0] == 404
    answers = [(await product.ask("GET", f"/policy/{uuid.UUID(int=1)}", token=""))[0] for _ in range(A_MINUTE + 20)]
    assert answers.count(429) >= 15


async def test_rule_14_a_manager_prints_the_sign_before_anything_is_on(product: Product) -> None:
    path = f"/api/v1/stores/{await product.store()}/policy"
    manager = await person(product, "store-manager", await product.store())
    body = {"language": "es", "switches": ["face"], "notice_text": NOTICE}
    status, drawn = await product.ask("POST", f"{path}/sign", body, token=manager)
    assert status == 200
    assert drawn.startswith(b"<svg")
    assert "Comparación de rostros".encode() in drawn
    assert (await product.ask("POST", f"{path}/sign", body, token=await person(product, "viewer")))[0] == 403


async def test_rule_23_who_has_no_standing_training_is_kept_out(product: Product) -> None:
    reviewer, manager = await person(product, "investigator"), await person(product, "store-manager", await product.store())

    async def gate(token: str) -> bool:
        items = (await product.ask("GET", "/api/v1/training/gates", token=token))[1]["items"]
        return bool(next(each["open"] for each in items if each["gate"] == MATCH_REVIEW))

    assert await gate(reviewer) is False
    course = {"name": "Reviewing leads", "gate": MATCH_REVIEW, "valid_months": 12}
    assert (await product.ask("POST", "/api/v1/training/courses", course, token=manager))[0] == 403
    status, made = await product.ask("POST", "/api/v1/training/courses", course)
    assert status == 201, made
    taken = {"course_id": made["id"], "user_id": await user_id(product, reviewer), "trainer": "T. Rainer", "trained_on": TODAY}
    assert (await product.ask("POST", "/api/v1/training/records", taken, token=reviewer))[0] == 403
    own = {**taken, "user_id": await user_id(product, manager)}
    assert (await product.ask("POST", "/api/v1/training/records", own, token=manager))[0] == 403
    status, record = await product.ask("POST", "/api/v1/training/records", taken, token=manager)
    assert status == 201, record
    assert await gate(reviewer) is True
    assert await gate(manager) is False
    lapsed = await product.sql("UPDATE training_records SET trained_on = '2020-01-01', expires_on = '2021-01-01' RETURNING id")
    assert len(lapsed) == 1
    assert await gate(reviewer) is False
    assert (await product.ask("DELETE", f"/api/v1/training/records/{record['id']}", token=manager))[0] == 204
    shown = (await product.ask("GET", "/api/v1/training/records"))[1]["items"]
    assert shown[0]["withdrawn_at"] is not None
    acts = {row["act"] for row in await product.sql("SELECT act FROM audit_unsealed")}
    assert {"course-created", "training-recorded", "training-withdrawn"} <= acts


async def test_rule_23_the_gate_answers_403_when_training_has_lapsed(product: Product, database: Database) -> None:
    pool = await connect_pool(database.url("app"), role="test", largest=2)
    reviewer = await person(product, "investigator")
    who, chain = uuid.UUID(await user_id(product, reviewer)), (await product.sql("SELECT id FROM chains"))[0]["id"]
    principal = Principal(ActorKind.USER, who, "reviewer", chain, ())
    servers = Backends(pool, cast(Any, None), cast(Any, None))
    request = cast(Any, SimpleNamespace(app=SimpleNamespace(state=SimpleNamespace(backends=servers))))
    course = {"name": "Reviewing leads", "gate": MATCH_REVIEW, "valid_months": 12}
    made = (await product.ask("POST", "/api/v1/training/courses", course))[1]
    with pytest.raises(UntrainedError):
        await demand_training(request, principal, MATCH_REVIEW)
    taken = {"course_id": made["id"], "user_id": str(who), "trainer": "T. Rainer", "trained_on": TODAY}
    assert (await product.ask("POST", "/api/v1/training/records", taken))[0] == 201
    await demand_training(request, principal, MATCH_REVIEW)
    await product.sql("UPDATE training_records SET trained_on = '2020-01-01', expires_on = '2021-01-01'")
    with pytest.raises(UntrainedError) as refused:
        await demand_training(request, principal, MATCH_REVIEW)
    assert refused.value.status == 403
    with pytest.raises(UntrainedError):
        await demand_training(request, Principal(ActorKind.API_KEY, who, "key", chain, ()), MATCH_REVIEW)
    await pool.close()
