"""Writes helm/pennyprotect/README.md: every value with its default and what it is for, from the words above it in values.yaml."""

import json
import re
from typing import Any

import yaml

from tests.charts.conftest import CHART

README = CHART / "README.md"
COMMON = {
    "enabled": "Whether it is installed or used.",
    "replicas": "How many pods.",
    "registry": "Registry of the image.",
    "repository": "Repository of the image.",
    "tag": 'Tag of the image; "" means the chart\'s appVersion where the image is ours.',
    "digest": "sha256:... pins the image; wins over the tag.",
    "pullPolicy": "When the image is pulled, as Kubernetes takes it.",
    "requests": "What the scheduler keeps free for a pod, as Kubernetes takes it.",
    "limits": "What a pod may use at most, as Kubernetes takes it.",
    "nodeSelector": "Labels of the nodes it may run on.",
    "tolerations": "Taints that it bears, as Kubernetes takes them.",
    "affinity": "Where it would rather run, as Kubernetes takes it.",
    "storage": "Size of the volume.",
    "storageClass": 'Class of the volume; "" means the cluster\'s default.',
    "accessMode": "How many nodes may mount the volume.",
    "mode": "bundled: of this chart. external: a server of yours.",
    "maxMemory": "What the server may hold; its memory limit must be larger.",
    "host": "Address of your server.",
    "tls": "Whether that server speaks TLS.",
    "minReplicas": "Fewest pods.",
    "maxReplicas": "Most pods.",
    "cpuPercent": "Use of the requested CPU above which another pod is started.",
    "annotations": "Annotations of the object.",
    "labels": "Labels of the object.",
    "interval": "How often metrics are read.",
    "cidrs": "Networks that the network policy lets pods reach.",
    "port": "Port of the server.",
    "bucket": "Name of the bucket.",
    "region": "Region of the bucket.",
    "runtimeClassName": "Runtime class of pods with a GPU.",
    "count": "GPUs a pod.",
}
"""What names mean wherever values.yaml says nothing else."""
_KEY = re.compile(r"^(?P<indent> *)(?P<key>[A-Za-z0-9]+):")


def comments(text: str) -> dict[tuple[str, ...], str]:
    """Path of a value to the comment lines right above it."""
    found: dict[tuple[str, ...], str] = {}
    path: list[str] = []
    words: list[str] = []
    for line in text.splitlines():
        if line.strip().startswith("#"):
            words.append(line.strip().removeprefix("#").strip())
        elif match := _KEY.match(line):
            path = [*path[: len(match["indent"]) // 2], match["key"]]
            found[tuple(path)] = " ".join(words)
            words = []
        else:
            words = []
    return found


def leaves(values: Any, path: tuple[str, ...] = ()) -> list[tuple[tuple[str, ...], Any]]:
    """(path, default) of every value that is not a map of others."""
    if not isinstance(values, dict) or not values or path[-1:] in (("requests",), ("limits",), ("nodeSelector",)):
        return [(path, values)]
    if path and path[-1].endswith("NamespaceLabels"):
        return [(path, values)]
    return [leaf for key, value in values.items() for leaf in leaves(value, (*path, key))]


def described() -> list[tuple[str, str, str]]:
    """(value, default, words); words are "" where nobody says what it is for."""
    text = (CHART / "values.yaml").read_text("utf-8")
    said = comments(text)
    rows = []
    for path, default in leaves(yaml.safe_load(text)):
        words = said.get(path, "") or COMMON.get(path[-1], "")
        rows.append((".".join(path), json.dumps(default), words))
    return rows


def document() -> str:
    """The whole README."""
    words = {path[0]: said for path, said in comments((CHART / "values.yaml").read_text("utf-8")).items() if len(path) == 1}
    sections: dict[str, list[tuple[str, str, str]]] = {"": []}
    for row in described():
        sections.setdefault(row[0].partition(".")[0] if "." in row[0] else "", []).append(row)
    lines = [
        "# The chart's values",
        "",
        "Written from [values.yaml](values.yaml) by `python -m tests.charts.golden`; a test compares. What is not listed here is",
        "refused by [values.schema.json](values.schema.json). How to install: [docs/deploy.md](../../docs/deploy.md).",
    ]
    for section, rows in sections.items():
        lines += ["", f"## {section or 'Everywhere'}", ""]
        lines += [words[section], ""] if words.get(section) else []
        lines += ["| value | default | |", "|---|---|---|"]
        lines += [
            f"| {' | '.join(_cell(each) for each in (f'`{name}`', f'`{default}`', said))} |" for name, default, said in rows
        ]
    return "\n".join(lines) + "\n"


def _cell(text: str) -> str:
    return text.replace("|", "\\|")
