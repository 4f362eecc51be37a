"""The committed OpenAPI document, and what every operation of it promises."""

import re
from typing import Any

from tests.contract.openapi_document import COMMITTED, document, text

OPEN = {
    "/api/v1/uploads/{token}",
    "/api/v1/public/exports/{token}",
    "/healthz",
    "/readyz",
    "/metrics",
    "/api/v1/auth/token",
    "/api/v1/auth/logout",
}
OPEN |= {"/api/v1/auth/oidc", "/api/v1/auth/oidc/start", "/api/v1/auth/oidc/callback"}


def operations() -> list[tuple[str, str, dict[str, Any]]]:
    return [(path, method, operation) for path, of in document()["paths"].items() for method, operation in of.items()]


def test_the_committed_document_is_current() -> None:
    assert COMMITTED.read_text("utf-8") == text(), "run `python -m tests.contract.openapi_document` and review the diff"


def test_every_operation_declares_a_permission() -> None:
    undeclared = {path for path, _, operation in operations() if "x-permission" not in operation}
    assert undeclared == OPEN
    assert all(operation["security"] for path, _, operation in operations() if path not in OPEN)


def test_outputs_have_no_defaults_so_that_types_are_exact() -> None:
    schemas = document()["components"]["schemas"]
    for name, schema in schemas.items():
        if name.endswith("Out") or name.startswith("Page_"):
            assert sorted(schema.get("required", [])) == sorted(schema["properties"]), name


def test_problems_are_problem_documents() -> None:
    for path, method, operation in operations():
        for status, response in operation["responses"].items():
            if status.startswith("4") or status == "default":
                assert "application/problem+json" in response["content"] or path == "/readyz", (path, method, status)


def test_the_audit_pages_acts_are_those_of_the_document() -> None:
    acts = document()["components"]["schemas"]["Act"]["enum"]
    written = (COMMITTED.parent / "src" / "api" / "acts.ts").read_text("utf-8")
    assert re.findall(r'^  "([a-z-]+)",$', written, re.M) == acts, "run `npm run types` in web/"
