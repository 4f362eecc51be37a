"""What `helm upgrade` from the last released chart does to a cluster: objects that come, go and change, and by which field."""

from pathlib import Path
from typing import Any

import yaml

RELEASED = Path(__file__).with_name("released.yaml")
"""The default values as the last released chart rendered them; copied from k8s/golden/default.yaml when a release is made."""
_VERSIONED = ("app.kubernetes.io/version", "helm.sh/chart", "image")
Manifest = dict[str, Any]


def released() -> list[Manifest]:
    """The last release's objects."""
    return list(yaml.safe_load_all(RELEASED.read_text("utf-8")))


def named(manifests: list[Manifest]) -> dict[str, Manifest]:
    """Kind/name to object."""
    return {f"{each['kind']}/{each['metadata']['name']}": each for each in manifests}


def frozen_fields(manifests: list[Manifest]) -> dict[str, Any]:
    """What Kubernetes does not let an upgrade change: selectors, a StatefulSet's service and claims, a claim's own words."""
    found: dict[str, Any] = {}
    for name, each in named(manifests).items():
        if each["kind"] in ("Deployment", "StatefulSet"):
            claims = [claim["metadata"]["name"] for claim in each["spec"].get("volumeClaimTemplates", [])]
            found[name] = (each["spec"]["selector"], each["spec"].get("serviceName"), claims)
        elif each["kind"] == "PersistentVolumeClaim":
            found[name] = (each["spec"]["accessModes"], each["spec"].get("storageClassName"))
    return found


def differences(before: Any, after: Any, path: str = "") -> list[str]:
    """Paths of what differs, lists of named things by name; words of the version are left out."""
    if isinstance(before, dict) and isinstance(after, dict):
        keys = [key for key in sorted({*before, *after}) if key not in _VERSIONED]
        return [line for key in keys for line in differences(before.get(key), after.get(key), f"{path}.{key}".lstrip("."))]
    if isinstance(before, list) and isinstance(after, list) and all(isinstance(x, dict) and "name" in x for x in before + after):
        pairs = {x["name"]: x for x in before}, {x["name"]: x for x in after}
        names = sorted({*pairs[0], *pairs[1]})
        return [line for name in names for line in differences(pairs[0].get(name), pairs[1].get(name), f"{path}[{name}]")]
    if before == after:
        return []
    sign = "+" if before is None else "-" if after is None else "~"
    return [f"{sign} {path}"]


def told(before: list[Manifest], after: list[Manifest]) -> list[str]:
    """One line an object that comes (+), goes (-) or changes (~), with what changes in it below."""
    old, new, lines = named(before), named(after), []
    for name in sorted({*old, *new}):
        if name not in old or name not in new:
            lines.append(f"{'+' if name in new else '-'} {name}")
        elif changed := differences(old[name], new[name]):
            lines += [f"~ {name}", *(f"    {line}" for line in changed)]
    return lines
