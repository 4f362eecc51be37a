"""Every operation of the OpenAPI document, as every role at every scope and as API keys: the answer is what the table says.

New operations are covered without a line here. An operation without a permission, and an id of a kind that
`principals.ADD` cannot make, fail.
"""

import asyncio
import json
import re
import uuid
from collections.abc import Iterator
from typing import Any

import pytest

from app.auth.permissions import ROLE_PERMISSIONS, Permission, Role
from tests.integration.service.conftest import Product
from tests.integration.service.principals import ADD, SCOPES, World, expected, make_world

OPEN = re.compile(r"/(healthz|readyz|metrics)|/api/v1/auth/(token|logout|oidc(/.*)?)|/api/v1/public/.*|/api/v1/uploads/.*")
REFUSED = "Your roles do not allow this."
PARAMETER = re.compile(r"\{([^}]+)\}")
Operation = tuple[str, str, str, dict[str, Any]]


async def operations(product: Product) -> tuple[dict[str, Any], list[Operation]]:
    """The document, and (path, METHOD, permission, operation) of each operation that asks for one."""
    document = (await product.ask("GET", "/openapi.json", token=""))[1]
    found = []
    for path, of in document["paths"].items():
        for method, operation in of.items():
            if "x-permission" not in operation:
                assert OPEN.fullmatch(path), f"{method} {path} declares no permission"
                continue
            found.append((path, method.upper(), operation["x-permission"], operation))
    assert len(found) > 40
    return document, found


async def callers_at(world: World, scopes: tuple[str, ...]) -> dict[str, list[tuple[str, frozenset[Permission], str]]]:
    """By scope: (who, permissions held, token) of every role and of a key."""
    found = {}
    for scope in scopes:
        found[scope] = [(f"{role} {scope}", ROLE_PERMISSIONS[role], (await world.sign_in(role, scope))[1]) for role in Role]
        keyed = ROLE_PERMISSIONS[Role.AUDITOR] - {Permission.SELF}
        found[scope].append((f"key {scope}", keyed, await world.key(keyed, scope)))
    return found


async def answered_wrongly(
    product: Product, operation: Operation, callers: list[tuple[str, frozenset[Permission], str]]
) -> list[Any]:
    """The callers whom an operation answers otherwise than the table says."""
    path, method, permission, _ = operation
    address = PARAMETER.sub(str(uuid.uuid4()), path)
    body = None if method in ("GET", "DELETE") else {}
    answers = await asyncio.gather(*(product.ask(method, address, body, token=token) for _, _, token in callers))
    wrong = []
    for (who, held, _), (status, answer) in zip(callers, answers, strict=True):
        refused = status == 403 and isinstance(answer, dict) and answer["detail"] == REFUSED
        if status == 401 or (status >= 500 and status != 503) or refused is (Permission(permission) in held):
            wrong.append((who, method, path, status, answer))
    return wrong


async def test_every_operation_answers_every_role_and_a_key_as_the_table_says(product: Product) -> None:
    """Each at one scope, the next operation at the next: `require` looks at roles before it looks at places."""
    world = await make_world(product)
    _, listed = await operations(product)
    callers = await callers_at(world, SCOPES)
    assert len(callers[SCOPES[0]]) == len(Role) + 1
    wrong = []
    for number, operation in enumerate(listed):
        wrong += await answered_wrongly(product, operation, callers[SCOPES[number % len(SCOPES)]])
    assert wrong == [], wrong[:3]


@pytest.mark.matrix
@pytest.mark.timeout(300)  # more than two hundred operations, fifty callers each
async def test_every_operation_answers_every_role_and_key_at_every_scope_as_the_table_says(product: Product) -> None:
    world = await make_world(product)
    _, listed = await operations(product)
    callers = [each for at in (await callers_at(world, SCOPES)).values() for each in at]
    wrong = []
    for operation in listed:
        wrong += await answered_wrongly(product, operation, callers)
    assert wrong == [], wrong[:3]


async def test_an_id_of_another_store_or_chain_is_answered_like_one_that_is_not(product: Product) -> None:
    world = await make_world(product)
    document, listed = await operations(product)
    wrong, compared = [], 0
    for path, method, permission, operation in listed:
        names = PARAMETER.findall(path)
        if not names:
            continue
        assert set(names) <= set(ADD) | {"store_id", "chain_id"}, f"principals.ADD cannot make {names} of {path}"
        body = sample_body(document, operation)
        for role, scope in callers_of(permission):
            _, token = await world.sign_in(role, scope)
            unknown = await ask(world, method, path, {name: uuid.uuid4() for name in names}, body, token)
            for place in ("other-store", "other-chain"):
                if place == "other-store" and scope == "chain":
                    continue  # it is theirs
                foreign = {name: world.things[place][name] for name in names}
                if place == "other-store" and "chain_id" in foreign:
                    continue
                answer = await ask(world, method, path, foreign, body, token)
                compared += 1
                if answer != unknown or answer[0] not in (403, 404, 422):
                    wrong.append((role, scope, place, method, path, answer, unknown))
    assert wrong == [], wrong[:3]
    assert compared > 40


def callers_of(permission: str) -> Iterator[tuple[Role, str]]:
    """Who holds it: the strongest role there is, at one store and in the whole chain."""
    for scope in ("store", "chain"):
        role = Role.STORE_MANAGER if expected(Role.STORE_MANAGER, permission) else Role.CHAIN_ADMINISTRATOR
        yield role, scope


async def ask(world: World, method: str, path: str, ids: dict[str, uuid.UUID], body: Any, token: str) -> tuple[int, str]:
    """(status, detail) without what differs by the ids themselves."""
    address = PARAMETER.sub(lambda found: str(ids[found[1]]), path)
    status, answer = await world.product.ask(method, address, body, token=token)
    detail = answer.get("detail", json.dumps(answer)) if isinstance(answer, dict) else repr(answer)[:200]
    for each in ids.values():
        detail = detail.replace(str(each), "ID")
    return status, detail


def sample_body(document: dict[str, Any], operation: dict[str, Any]) -> Any:
    """The smallest body that the schema of an operation takes; None where it takes no JSON."""
    content = operation.get("requestBody", {}).get("content", {}).get("application/json")
    return None if content is None else sample(document, content["schema"])


def sample(document: dict[str, Any], schema: dict[str, Any]) -> Any:
    """One value of a JSON Schema, as far as ours go."""
    if "$ref" in schema:
        return sample(document, document["components"]["schemas"][schema["$ref"].rsplit("/", 1)[1]])
    for several in ("anyOf", "oneOf", "allOf"):
        if several in schema:
            return sample(document, schema[several][0])
    if "enum" in schema:
        return schema["enum"][0]
    kind = schema.get("type")
    if kind == "object":
        wanted = {name: of for name, of in schema.get("properties", {}).items() if name in schema.get("required", ())}
        return {name: sample(document, of) for name, of in wanted.items()}
    if kind == "array":
        each = schema.get("prefixItems") or [schema.get("items", {})] * schema.get("minItems", 0)  # a tuple, or a list
        return [sample(document, of) for of in each]
    if kind == "string":
        formats = {"uuid": str(uuid.uuid4()), "date": "2026-01-01", "date-time": "2026-01-01T00:00:00Z"}
        return formats.get(schema.get("format", ""), "x" * max(schema.get("minLength", 1), 1))
    return {"integer": max(1, schema.get("minimum", 1)), "number": 0.5, "boolean": True}.get(str(kind))
