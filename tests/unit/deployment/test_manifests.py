"""The secrets of a deployment: complete, different each time, in the shapes that Kubernetes and compose read."""

import base64
import hashlib

import pytest

from app.deployment.manifests import environment, kubernetes, make_values
from app.embedded.secrets import DATABASE_ROLES, names
from app.kit.errors import BadInputError
from tests.unit.deployment.elasticache import ACL, document


def test_every_secret_of_the_embedded_default_is_there_and_none_is_made_twice() -> None:
    values, others = make_values(), make_values()
    assert set(names()) | {"admin_password", "bus.acl", "memory.acl", "objects_secret"} == set(values)
    assert not set(values.values()) & set(others.values())


def test_acl_files_hold_digests_and_no_password() -> None:
    values = make_values()
    assert hashlib.sha256(values["memory.worker"].encode()).hexdigest() in values["memory.acl"]
    assert not [name for name, value in values.items() if not name.endswith(".acl") and value in values["bus.acl"]]


def test_kubernetes_reads_one_secret_for_pods_and_one_login_a_database_role() -> None:
    values = make_values()
    main, *logins = kubernetes(values, "pennyprotect-secrets", "stores")
    assert base64.b64decode(main["data"]["jwt"]).decode() == values["jwt"]
    assert set(values) - set(main["data"]) == {"objects_secret"}, "no pod of the chart has an S3 server beside it"
    assert [login["metadata"]["name"] for login in logins] == [f"pennyprotect-secrets-postgres-{role}" for role in DATABASE_ROLES]
    assert base64.b64decode(logins[1]["data"]["username"]) == b"pennyprotect_owner"
    assert {each["metadata"]["namespace"] for each in (main, *logins)} == {"stores"}


@pytest.mark.parametrize("name", ["", "Upper", "-a", "a-", "a_b", "a.b", "ü", "a" * 64])
def test_a_name_that_kubernetes_would_refuse_is_refused_here(name: str) -> None:
    with pytest.raises(BadInputError, match="cannot be a Kubernetes name"):
        kubernetes(make_values(), name, "stores")


def test_compose_reads_one_line_a_secret() -> None:
    values = make_values()
    found = dict(line.split("=", 1) for line in environment(values).splitlines() if not line.startswith("#"))
    assert found["POSTGRES_APP"] == values["postgres.app"]
    assert base64.b64decode(found["BUS_ACL_BASE64"]).decode() == values["bus.acl"]
    assert len(found) == len(values)


def test_managed_valkeys_have_the_rules_of_our_own() -> None:
    assert ACL.read_text("utf-8") == document(), "python -m tests.unit.deployment.elasticache writes it anew"
