"""What must hold of every pod, whatever the values: no rights, no way round the network policy, nothing of people on a disk."""

import re
import tomllib
from typing import Any

import pytest

from tests.charts.conftest import CHART, Manifest, Render, containers, pods
from tests.charts.test_render import CASES

OURS = {"pennyprotect", "elsewhere"}
"""Names of the main Secret in the cases."""


def roles(manifests: list[Manifest]) -> dict[str, Manifest]:
    """component label -> pod."""
    return {pod["metadata"]["labels"]["app.kubernetes.io/component"]: pod for _, pod in pods(manifests)}


@pytest.mark.parametrize("values", CASES)
def test_every_pod_meets_pod_security_restricted(render: Render, values: dict[str, Any]) -> None:
    for owner, pod in pods(render(values)):
        assert pod["spec"]["automountServiceAccountToken"] is False, owner
        own = pod["spec"]["securityContext"]
        assert (own["runAsNonRoot"], own["seccompProfile"]["type"]) == (True, "RuntimeDefault")
        assert not any("hostPath" in volume for volume in pod["spec"].get("volumes", []))
        assert not {"hostNetwork", "hostPID", "hostIPC"} & pod["spec"].keys()
        for container in containers(pod):
            context = container["securityContext"]
            assert context["allowPrivilegeEscalation"] is False
            assert context["readOnlyRootFilesystem"] is True
            assert context["capabilities"] == {"drop": ["ALL"]}
            assert container["resources"]["limits"]["memory"]
            assert not re.search(r":latest$|^[^:@]+$", container["image"]), container["image"]


@pytest.mark.parametrize("values", CASES)
def test_the_memory_server_can_write_nothing_to_a_disk(render: Render, values: dict[str, Any]) -> None:
    manifests = render(values)
    pod = roles(manifests).get("memory")
    if pod is None:
        assert values["memory"]["external"]["nothingOnDisk"]
        return
    server = next(each for each in manifests if each["kind"] == "StatefulSet" and each["metadata"]["name"].endswith("-memory"))
    assert "volumeClaimTemplates" not in server["spec"]
    assert server["spec"]["replicas"] == 1
    data = next(volume for volume in pod["spec"]["volumes"] if volume["name"] == "data")
    assert data["emptyDir"]["medium"] == "Memory"
    configs = [each for each in manifests if each["kind"] == "ConfigMap" and each["metadata"]["name"].endswith("-memory")]
    text = configs[0]["data"]["valkey.conf"]
    lines = set(text.splitlines())
    assert {"appendonly no", 'save ""', "maxmemory-policy noeviction", "crash-log-enabled no"} <= lines


def locked_models() -> tuple[set[str], set[str]]:
    """(ordinary, biometric) models of the lock file."""
    listed = tomllib.loads((CHART.parents[1] / "triton_models" / "models.lock.toml").read_text("utf-8"))["model"]
    biometric = {each["name"] for each in listed if each.get("biometric")}
    return {each["name"] for each in listed} - biometric, biometric


@pytest.mark.parametrize("values", CASES)
@pytest.mark.parametrize("wanted", [False, True])
def test_biometric_models_are_installed_by_value_only_and_never_loaded_at_start(
    render: Render, values: dict[str, Any], wanted: bool
) -> None:
    ordinary, biometric = locked_models()
    assert biometric
    models = {**values.get("models", {}), **({"biometrics": True} if wanted else {})}
    pod = roles(render({**values, "models": models})).get("triton")
    if pod is None:
        return
    (server,) = pod["spec"]["containers"]
    assert {each.partition("=")[2] for each in server["args"] if each.startswith("--load-model=")} == ordinary
    pulls = [each["args"] for each in pod["spec"].get("initContainers", []) if each["name"] == "models"]
    assert all(("--faces" in args) is wanted for args in pulls)
    if models.get("source") == "claim" and not wanted:
        seen = {mount["subPath"] for mount in server["volumeMounts"] if mount["name"] == "models"}
        assert seen == {f"triton/models/{name}" for name in ordinary}


def test_compose_loads_no_biometric_model() -> None:
    ordinary, _ = locked_models()
    text = (CHART.parents[1] / "compose.yaml").read_text("utf-8")
    assert set(re.findall(r"--load-model=([^\s,\"]+)", text)) == ordinary
    assert "--faces" not in text


@pytest.mark.parametrize("values", CASES)
def test_nothing_is_reachable_unless_named(render: Render, values: dict[str, Any]) -> None:
    policies = [each for each in render(values) if each["kind"] == "NetworkPolicy"]
    if not values.get("networkPolicy", {}).get("enabled", True):
        assert policies == []
        return
    deny = next(each for each in policies if each["metadata"]["name"].endswith("default-deny"))
    assert deny["spec"].keys() == {"podSelector", "policyTypes"}
    assert set(deny["spec"]["policyTypes"]) == {"Ingress", "Egress"}
    for _, pod in pods(render(values)):
        assert deny["spec"]["podSelector"]["matchLabels"].items() <= pod["metadata"]["labels"].items()
    for policy in policies:
        for rule in policy["spec"].get("ingress", []) + policy["spec"].get("egress", []):
            assert rule.get("from") or rule.get("to"), f"{policy['metadata']['name']} lets everybody in or out"
            for peer in rule.get("to", []):
                block = peer.get("ipBlock", {})
                wide = block.get("cidr") == "0.0.0.0/0"
                assert not wide or rule["ports"] == [{"protocol": "TCP", "port": 443}], policy["metadata"]["name"]


@pytest.mark.parametrize("values", CASES)
def test_each_role_holds_only_its_own_secrets(render: Render, values: dict[str, Any]) -> None:
    allowed = {
        "service": {"postgres.app", "bus.service", "memory.service", "jwt", "storage_key", "metrics_key"},
        "test": {"metrics_key"},
        # The key opens templates for matching: only where face models may be installed at all.
        "pipeline": {"postgres.pipeline", "bus.pipeline", "memory.pipeline"}
        | ({"storage_key"} if values.get("models", {}).get("biometrics") else set()),
        # It opens the addresses of notification channels.
        "dispatcher": {"postgres.dispatcher", "bus.dispatcher", "storage_key", "twilio_auth_token", "smtp_url"},
        "sealer": {"postgres.sealer"},
        "worker-cpu": {"bus.worker", "memory.worker", "worker_key"},
        "worker-gpu": {"bus.worker", "memory.worker", "worker_key"},
        "migrate": {"postgres.owner", "admin_password", "worker_key", "storage_key"},
    }
    for role, pod in roles(render(values)).items():
        held = {
            variable["valueFrom"]["secretKeyRef"]["key"]
            for container in containers(pod)
            for variable in container.get("env", [])
            if variable.get("valueFrom", {}).get("secretKeyRef", {}).get("name") in OURS
        }
        assert held <= allowed.get(role, set()), role


@pytest.mark.parametrize(
    ("values", "named"),
    [
        ({"service": {"replicas": "two"}}, "replicas"),
        ({"service": {"replica": 2}}, "replica"),
        ({"pipelines": {}}, "pipelines"),
        ({"logLevel": "LOUD"}, "logLevel"),
        ({"image": {"digest": "abc"}}, "digest"),
        ({"database": {"mode": "sqlite"}}, "mode"),
        ({"database": {"external": {"sslMode": "disable"}}}, "sslMode"),
        ({"networkPolicy": {"cameras": {"cidrs": []}}}, "cidrs"),
        ({"service": {"port": 70000}}, "port"),
        ({"triton": {"externalUrl": "http://triton:8001/"}}, "externalUrl"),
    ],
)
def test_a_wrong_value_is_refused_by_its_name(render: Render, values: dict[str, Any], named: str) -> None:
    with pytest.raises(Exception, match=named):
        render(values)


@pytest.mark.parametrize(
    ("values", "sentence"),
    [
        ({"secrets": {"existingSecret": ""}}, "existingSecret"),
        ({"database": {"mode": "external"}}, "database.external.host is empty: give the address"),
        ({"triton": {"enabled": False}}, "triton.externalUrl is empty: workers need"),
        ({"bus": {"mode": "external"}}, "bus.external.host is empty"),
        ({"memory": {"mode": "external", "external": {"host": "m"}}}, "must never reach a disk"),
        ({"models": {"source": "claim"}}, "models.claim is empty"),
        ({"ingress": {"enabled": True}}, "ingress.host is empty"),
    ],
)
def test_a_decision_that_is_missing_stops_the_install(render: Render, values: dict[str, Any], sentence: str) -> None:
    with pytest.raises(Exception, match=re.escape(sentence)):
        render(values)


def test_without_an_accepted_licence_the_model_fetch_is_told_so(render: Render) -> None:
    (init,) = roles(render({}))["triton"]["spec"]["initContainers"]
    told = {variable["name"]: variable.get("value") for variable in init["env"]}
    assert (init["args"], told["PENNYPROTECT_ACCEPT_LICENSES"]) == (["models", "pull"], "0")
