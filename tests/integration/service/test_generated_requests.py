"""Requests that schemathesis makes up from the OpenAPI document, as several callers: none of them breaks the service.

Bad bodies, odd ids, wrong types, huge numbers and strings in every place: each answer is one of the service's own, never a 5xx
but 503, which says that a server behind it (Triton, a camera) is away.
"""

import asyncio
import time
from typing import Any

import schemathesis
from hypothesis import HealthCheck, Phase, given, seed, settings
from schemathesis import GenerationMode
from schemathesis.config import GenerationConfig, SchemathesisConfig

from app.auth.permissions import Role
from tests.integration.service.conftest import Product
from tests.integration.service.principals import make_world

CALLERS = ((Role.CHAIN_ADMINISTRATOR, "chain"), (Role.STORE_MANAGER, "store"), (Role.AUDITOR, "other-chain"))
EXAMPLES = 4
BUDGET_S = 55.0
DESTROYS = {"/api/v1/auth/sessions", "/api/v1/auth/password", "/api/v1/auth/settings", "/api/v1/auth/logout"}
"""They would end the very session that asks, or oblige it to something first."""
UNSENDABLE = 0
"""The client refuses to send it, e.g. control characters in a form's field name."""
PROBES = {"/api/v1/cameras/probe"}
"""It waits for a stream for many seconds; its input is tested on its own."""


async def test_no_generated_request_breaks_the_service(product: Product) -> None:
    world = await make_world(product)
    tokens = [(await world.sign_in(role, scope))[1] for role, scope in CALLERS]
    document = (await product.ask("GET", "/openapi.json", token=""))[1]
    document.pop("servers", None)
    found: list[tuple[str, str, int, str]] = []
    loop = asyncio.get_running_loop()
    end = time.monotonic() + BUDGET_S

    def ask(case: Any, token: str) -> bool:
        sent = asyncio.run_coroutine_threadsafe(_send(product, case, token), loop)
        status, text = sent.result(30)
        if status >= 500 and status != 503:
            found.append((case.method, case.formatted_path, status, text))
        return status != UNSENDABLE

    asked = await asyncio.to_thread(_walk, document, tokens, ask, end)
    assert found == [], found[:5]
    assert asked > 300, f"only {asked} requests fitted into {BUDGET_S} s"
    assert (await product.ask("GET", "/healthz", token=""))[0] == 200


def _walk(document: dict[str, Any], tokens: list[str], ask: Any, end: float) -> int:
    """Requests of each operation in turn, half of them good by the schema; how many were asked."""
    asked = 0
    config = SchemathesisConfig()
    config.generation = GenerationConfig(modes=[GenerationMode.POSITIVE, GenerationMode.NEGATIVE])
    schema = schemathesis.openapi.from_dict(document, config=config)
    for result in schema.get_all_operations():
        operation = result.ok()
        if time.monotonic() > end:
            break
        if operation.path in DESTROYS | PROBES:
            continue

        @seed(20261123)
        @settings(
            max_examples=EXAMPLES,
            deadline=None,
            database=None,
            phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        )
        @given(case=operation.as_strategy())
        def examples(case: Any) -> None:
            nonlocal asked
            for token in tokens:
                asked += ask(case, token)

        examples()
    return asked


async def _send(product: Product, case: Any, token: str) -> tuple[int, str]:
    """(status, the answer's beginning) of one generated request."""
    made = case.as_transport_kwargs(base_url=product.base)
    headers = {name: value for name, value in dict(made.get("headers") or {}).items() if value.isascii() and value.isprintable()}
    headers["Authorization"] = f"Bearer {token}"
    more = {name: made[name] for name in ("params", "json", "data") if made.get(name) is not None}
    try:
        asked = product.session.request(made["method"], made["url"], headers=headers, allow_redirects=False, **more)
        async with asked as answer:
            return answer.status, (await answer.read())[:300].decode(errors="replace")
    except ValueError:
        return UNSENDABLE, ""
