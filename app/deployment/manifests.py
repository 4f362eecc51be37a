"""The secrets that the Helm chart and compose.yaml read, made once on the operator's machine and printed for him to keep.

One vocabulary for all deployments: the keys are the names in `app.embedded.secrets`. Redis users come as finished ACL files
that hold digests only, so a Valkey pod never sees the password of a role.
"""

import base64
import secrets
from collections.abc import Mapping
from typing import Any

from app.embedded.secrets import DATABASE_ROLES, complete
from app.embedded.valkey import BUS, MEMORY, acl_lines
from app.kit.errors import BadInputError

LONGEST_NAME = 63
COMPOSE_ONLY = frozenset({"objects_secret"})
"""Of servers that compose.yaml brings and the chart does not."""
_PART_OF = {"app.kubernetes.io/part-of": "pennyprotect"}


def make_values() -> dict[str, str]:
    """Every secret, fresh: names to text."""
    values = complete({})
    values["admin_password"] = secrets.token_urlsafe(15)
    values["objects_secret"] = secrets.token_urlsafe(32)
    for instance in (BUS, MEMORY):
        values[f"{instance.name}.acl"] = acl_lines(instance, values)
    return values


def kubernetes(values: Mapping[str, str], name: str, namespace: str) -> list[dict[str, Any]]:
    """Secret manifests: one that every pod's environment is picked from, and one a database role, as CloudNativePG reads them.

    Raises:
        BadInputError: `name` or `namespace` is none that Kubernetes takes.
    """
    for given in (name, namespace):
        if not _is_label(given):
            raise BadInputError(f"{given!r} cannot be a Kubernetes name; use lower-case letters, digits and hyphens, 63 at most.")
    of_pods = {key: value for key, value in values.items() if key not in COMPOSE_ONLY}
    manifests = [_secret(name, namespace, "Opaque", of_pods)]
    for role in DATABASE_ROLES:
        login = {"username": f"pennyprotect_{role}", "password": values[f"postgres.{role}"]}
        manifests.append(_secret(f"{name}-postgres-{role}", namespace, "kubernetes.io/basic-auth", login))
    return manifests


def environment(values: Mapping[str, str]) -> str:
    """Lines of an `.env` for compose.yaml: `bus.service` becomes `BUS_SERVICE`. ACL files do not fit a line and are base64."""
    lines = ["# Secrets of this installation. Keep it out of version control; chmod 600."]
    for name, value in sorted(values.items()):
        multiline = name.endswith(".acl")
        shown = base64.b64encode(value.encode()).decode() if multiline else value
        lines.append(f"{name.replace('.', '_').upper()}{'_BASE64' if multiline else ''}={shown}")
    return "\n".join(lines) + "\n"


def _secret(name: str, namespace: str, kind: str, values: Mapping[str, str]) -> dict[str, Any]:
    encoded = {key: base64.b64encode(value.encode()).decode() for key, value in sorted(values.items())}
    return {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": name, "namespace": namespace, "labels": _PART_OF},
        "type": kind,
        "data": encoded,
    }


def _is_label(name: str) -> bool:
    inside = name.replace("-", "a")
    return (
        0 < len(name) <= LONGEST_NAME
        and inside.isascii()
        and inside.isalnum()
        and inside == inside.lower()
        and not name.startswith("-")
        and not name.endswith("-")
    )
