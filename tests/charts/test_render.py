"""Every profile and every pair of choices renders to manifests that Kubernetes takes and that fit together."""

import json
import os
import subprocess
from pathlib import Path
from typing import Any

import kubernetes_validate
import pytest
import yaml
from helm_python import Chart, lint

from tests.charts.conftest import CHART, PROFILES, ROOT, Manifest, Render, containers, pods, profile
from tests.charts.pairwise import pairwise

KUBERNETES = ("1.29", "1.33")
OPERATORS = {"Cluster", "ScheduledBackup", "ExternalSecret", "PodMonitor", "ServiceMonitor", "PrometheusRule", "ScaledObject"}
"""Kinds of operators that the chart can use; Kubernetes has no schema of theirs."""
CASES = [pytest.param(profile(name), id=name) for name in PROFILES] + [
    pytest.param(values, id=f"pairs-{number}") for number, values in enumerate(pairwise())
]
GOLDEN = ROOT / "k8s" / "golden"


def test_there_are_enough_combinations() -> None:
    assert len(CASES) - len(PROFILES) >= 20


def test_lint_finds_nothing() -> None:
    found = lint(str(CHART), strict=True)
    assert found["errors"] == []
    assert [message for message in found["messages"] if message["severity"] > 1] == []


@pytest.mark.parametrize("values", CASES)
@pytest.mark.parametrize("version", KUBERNETES)
def test_kubernetes_takes_it_strictly(render: Render, values: dict[str, Any], version: str) -> None:
    for manifest in render(values):
        if manifest["kind"] in OPERATORS:
            continue
        kubernetes_validate.validate(manifest, version, strict=True)


@pytest.mark.parametrize("values", CASES)
def test_selectors_find_their_pods_and_names_are_unique(render: Render, values: dict[str, Any]) -> None:
    manifests = render(values)
    names = [(manifest["kind"], manifest["metadata"]["name"]) for manifest in manifests]
    assert len(names) == len(set(names))
    assert all(len(name) <= 63 for _, name in names)
    labels = {owner: pod["metadata"]["labels"] for owner, pod in pods(manifests)}
    for manifest in manifests:
        if manifest["kind"] in ("Deployment", "StatefulSet"):
            own = labels[f"{manifest['kind']}/{manifest['metadata']['name']}"]
            assert manifest["spec"]["selector"]["matchLabels"].items() <= own.items()
        if manifest["kind"] == "Service":
            assert any(manifest["spec"]["selector"].items() <= pod.items() for pod in labels.values()), manifest["metadata"]
        if manifest["kind"] in ("HorizontalPodAutoscaler", "ScaledObject"):
            target = f"Deployment/{manifest['spec']['scaleTargetRef']['name']}"
            assert target in labels
            deployment = next(each for each in manifests if ("Deployment", each["metadata"]["name"]) == tuple(target.split("/")))
            assert "replicas" not in deployment["spec"], "a scaler and the chart would fight over the number"
        if manifest["kind"] == "PodDisruptionBudget":
            assert any(manifest["spec"]["selector"]["matchLabels"].items() <= pod.items() for pod in labels.values())


@pytest.fixture(scope="session")
def secret_keys() -> set[str]:
    """What `pennyprotect secrets` makes."""
    python = os.environ.get("PENNYPROTECT_PYTHON", str(ROOT / ".venv" / "bin" / "python"))
    made = subprocess.run(
        [python, "-m", "app.cli", "secrets", "kubernetes"], cwd=ROOT, capture_output=True, check=True, timeout=60
    )
    return set(json.loads(made.stdout)["items"][0]["data"])


ADDED_BY_OPERATORS = {"twilio_auth_token", "smtp_url"}
"""Keys of providers that whoever installs adds to the Secret, or not: values.yaml says so."""


@pytest.mark.parametrize("values", CASES)
def test_every_key_and_name_that_is_referred_to_exists(render: Render, values: dict[str, Any], secret_keys: set[str]) -> None:
    manifests = render(values)
    configs = {each["metadata"]["name"] for each in manifests if each["kind"] == "ConfigMap"}
    claimed = {each["metadata"]["name"] for each in manifests if each["kind"] == "PersistentVolumeClaim"}
    accounts = {each["metadata"]["name"] for each in manifests if each["kind"] == "ServiceAccount"}
    secret = values.get("secrets", {}).get("existingSecret", "pennyprotect")
    for owner, pod in pods(manifests):
        assert pod["spec"]["serviceAccountName"] in accounts
        volumes = {volume["name"]: volume for volume in pod["spec"].get("volumes", [])}
        for volume in volumes.values():
            if "persistentVolumeClaim" in volume and volume["name"] == "objects":
                assert volume["persistentVolumeClaim"]["claimName"] in claimed
            if "configMap" in volume:
                assert volume["configMap"]["name"] in configs
            if volume.get("secret", {}).get("secretName") == secret:
                assert {item["key"] for item in volume["secret"]["items"]} <= secret_keys
        for container in containers(pod):
            claims = {"data"} if owner.endswith("-bus") else set()
            assert {mount["name"] for mount in container.get("volumeMounts", [])} <= set(volumes) | claims, owner
            for variable in container.get("env", []):
                reference = variable.get("valueFrom", {}).get("secretKeyRef")
                if reference is not None and reference["name"] != "s3":  # the bucket's own, which the operator brings
                    added = reference["key"] in ADDED_BY_OPERATORS and reference.get("optional") is True
                    assert (reference["name"], added or reference["key"] in secret_keys) == (secret, True), variable


@pytest.mark.parametrize("values", CASES)
def test_addresses_inside_the_release_are_those_of_its_services(render: Render, values: dict[str, Any]) -> None:
    manifests = render(values)
    services = [each for each in manifests if each["kind"] == "Service"]
    served = {(each["metadata"]["name"], port["port"]) for each in services for port in each["spec"]["ports"]}
    for _, pod in pods(manifests):
        for variable in (each for container in containers(pod) for each in container.get("env", [])):
            value = variable.get("value", "")
            if variable["name"] in ("REDIS_URL", "MEMORY_REDIS_URL", "TRITON_URL") and "example.com" not in value:
                host, port = value.rpartition("@")[2].split("/")[0].split(":")
                assert (host, int(port)) in served, variable


@pytest.mark.parametrize("name", PROFILES)
def test_the_rendered_profile_is_the_committed_one(render: Render, name: str) -> None:
    """`python -m tests.charts.golden` writes them anew; the diff is what an upgrade changes."""
    committed = list(yaml.safe_load_all((GOLDEN / f"{name}.yaml").read_text("utf-8")))
    assert committed == render(profile(name))


IMMUTABLE = Path(__file__).with_name("released.json")


def frozen_fields(manifests: list[Manifest]) -> dict[str, Any]:
    """What Kubernetes does not let an upgrade change: selectors, a StatefulSet's service and claims."""
    return {
        f"{each['kind']}/{each['metadata']['name']}": {
            "selector": each["spec"]["selector"],
            "serviceName": each["spec"].get("serviceName"),
            "claims": [claim["metadata"]["name"] for claim in each["spec"].get("volumeClaimTemplates", [])],
        }
        for each in manifests
        if each["kind"] in ("Deployment", "StatefulSet")
    }


def test_an_upgrade_from_the_last_release_changes_nothing_that_cannot_be_changed(render: Render, chart: Chart) -> None:
    released = json.loads(IMMUTABLE.read_text("utf-8"))
    now = frozen_fields(render({}))
    kept = {name: now.get(name) for name in released["fields"]}
    assert kept == released["fields"], f"helm upgrade from {released['version']} fails"


@pytest.mark.parametrize("values", CASES)
def test_a_bundled_database_makes_a_login_for_every_role(render: Render, values: dict[str, Any], secret_keys: set[str]) -> None:
    roles = {key.removeprefix("postgres.") for key in secret_keys if key.startswith("postgres.")} - {"admin"}
    for cluster in (each for each in render(values) if each["kind"] == "Cluster"):
        managed = {role["name"].removeprefix("pennyprotect_") for role in cluster["spec"]["managed"]["roles"]}
        assert managed | {"owner"} == roles
