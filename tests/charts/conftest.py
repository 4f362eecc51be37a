"""The chart, rendered by the real Helm engine. These tests run in an environment of their own (`make verify`): the engine, the
Kubernetes schemas and the scanners have no place in the product's."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from helm_python import Chart

ROOT = Path(__file__).resolve().parent.parent.parent
CHART = ROOT / "helm" / "pennyprotect"
PROFILES = {"default": None} | {path.stem.removeprefix("values-"): path for path in sorted(CHART.glob("values-*.yaml"))}
RELEASE, NAMESPACE = "pp", "stores"
Manifest = dict[str, Any]
Render = Callable[[dict[str, Any]], list[Manifest]]


def profile(name: str) -> dict[str, Any]:
    """The values of a profile."""
    path = PROFILES[name]
    return {} if path is None else yaml.safe_load(path.read_text("utf-8"))


@pytest.fixture(scope="session")
def chart() -> Iterator[Chart]:
    """The chart, loaded once."""
    with Chart.load(str(CHART)) as loaded:
        yield loaded


@pytest.fixture(scope="session")
def render(chart: Chart) -> Render:
    """Values to manifests, as `helm install pp --namespace stores` would send them."""

    def rendered(values: dict[str, Any]) -> list[Manifest]:
        files = chart.render(values=values, name=RELEASE, namespace=NAMESPACE, is_install=True, revision=1)
        texts = [text for path, text in sorted(files.items()) if path.endswith(".yaml")]
        return [manifest for text in texts for manifest in yaml.safe_load_all(text) if manifest]

    return rendered


def pods(manifests: list[Manifest]) -> Iterator[tuple[str, Manifest]]:
    """(name of its owner, pod: `metadata` and `spec`) of everything that runs pods."""
    for manifest in manifests:
        name = f"{manifest['kind']}/{manifest['metadata']['name']}"
        if manifest["kind"] == "Pod":
            yield name, manifest
        elif manifest["kind"] in ("Deployment", "StatefulSet", "Job"):
            yield name, manifest["spec"]["template"]


def containers(pod: Manifest) -> list[Manifest]:
    """Init containers and containers."""
    return [*pod["spec"].get("initContainers", []), *pod["spec"]["containers"]]
