"""Every profile and every pair of choices renders to manifests that Kubernetes takes and that fit together."""

import json
import os
import subprocess
from typing import Any

import kubernetes_validate
import pytest
import yaml
from helm_python import lint

from tests.charts.conftest import CHART, PROFILES, ROOT, Manifest, Render, containers, pods, profile
from tests.charts.pairwise import pairwise
from tests.charts.upgrade import frozen_fields, released, told

KUBERNETES = ("1.29", "1.33")
OPERATORS = {
    "Cluster",
    "ObjectStore",
    "ScheduledBackup",
    "ExternalSecret",
    "PodMonitor",
    "ServiceMonitor",
    "PrometheusRule",
    "ScaledObject",
}
"""Kinds of operators that the chart can use; Kubernetes has no schema of theirs."""
CASES = [pytest.param(profile(name), id=name) for name in PROFILES] + [
    pytest.param(values, id=f"pairs-{number}") for number, values in enumerate(pairwise())
]
GOLDEN = ROOT / "k8s" / "golden"


def test_there_are_enough_combinations() -> None:
    assert len(CASES) - len(PROFILES) >= 30


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


ADDED_BY_OPERATORS = {"twilio_auth_token", "smtp_url", "oidc_client_secret", "openai_api_key"}
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
            ours = volume["name"] == "objects" or (
                volume["name"] == "models" and values.get("models", {}).get("source") != "claim"
            )
            if "persistentVolumeClaim" in volume and ours:
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


ADDRESSES = ("REDIS_URL", "MEMORY_REDIS_URL", "TRITON_URL", "PENNYPROTECT_RELAY_URL", "PENNYPROTECT_LIVE_URL")


@pytest.mark.parametrize("values", CASES)
def test_addresses_inside_the_release_are_those_of_its_services(render: Render, values: dict[str, Any]) -> None:
    manifests = render(values)
    services = [each for each in manifests if each["kind"] == "Service"]
    served = {(each["metadata"]["name"], port["port"]) for each in services for port in each["spec"]["ports"]}
    for _, pod in pods(manifests):
        for variable in (each for container in containers(pod) for each in container.get("env", [])):
            value = variable.get("value", "")
            if variable["name"] in ADDRESSES and "example.com" not in value:
                host, port = value.rpartition("://")[2].rpartition("@")[2].split("/")[0].split(":")
                assert (host, int(port)) in served, variable


@pytest.mark.parametrize("name", PROFILES)
def test_the_rendered_profile_is_the_committed_one(render: Render, name: str) -> None:
    """`python -m tests.charts.golden` writes them anew; the diff is what an upgrade changes."""
    committed = list(yaml.safe_load_all((GOLDEN / f"{name}.yaml").read_text("utf-8")))
    assert committed == render(profile(name))


UPGRADE = GOLDEN / "upgrade.txt"


def test_an_upgrade_from_the_last_release_changes_nothing_that_cannot_be_changed(render: Render) -> None:
    before, now = frozen_fields(released()), frozen_fields(render({}))
    assert {name: now.get(name) for name in before} == before, "helm upgrade fails"


def test_what_an_upgrade_changes_was_read_by_a_person(render: Render) -> None:
    """`python -m tests.charts.golden` writes k8s/golden/upgrade.txt anew; a reviewer reads its diff."""
    found = told(released(), render({}))
    assert UPGRADE.read_text("utf-8").splitlines() == found
    gone = [line for line in found if line.startswith("- ") and not line.startswith("- NetworkPolicy/")]
    assert gone == [], "it would delete"


def test_the_diff_shows_what_comes_goes_and_changes() -> None:
    def deployment(name: str, **variables: str) -> Manifest:
        env = [{"name": key, "value": value} for key, value in variables.items()]
        return {"kind": "Deployment", "metadata": {"name": name}, "spec": {"containers": [{"name": "c", "env": env}]}}

    before = [deployment("stays", A="1"), deployment("goes"), deployment("changes", A="1", B="1")]
    after = [deployment("stays", A="1"), deployment("comes"), deployment("changes", A="2", C="1")]
    assert told(before, after) == [
        "~ Deployment/changes",
        "    ~ spec.containers[c].env[A].value", "    - spec.containers[c].env[B]", "    + spec.containers[c].env[C]",
        "+ Deployment/comes", "- Deployment/goes",
    ]  # fmt: skip


@pytest.mark.parametrize("values", CASES)
def test_a_bundled_database_makes_a_login_for_every_role(render: Render, values: dict[str, Any], secret_keys: set[str]) -> None:
    roles = {key.removeprefix("postgres.") for key in secret_keys if key.startswith("postgres.")} - {"admin"}
    for cluster in (each for each in render(values) if each["kind"] == "Cluster"):
        managed = {role["name"].removeprefix("pennyprotect_") for role in cluster["spec"]["managed"]["roles"]}
        assert managed | {"owner"} == roles
