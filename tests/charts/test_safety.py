"""What must hold of every pod, whatever the values: no rights, no way round the network policy, nothing of people on a disk."""

import re
import tomllib
from typing import Any

import pytest
import yaml
from helm_python import Chart

from tests.charts.conftest import CHART, PROFILES, Manifest, Render, containers, pods, profile
from tests.charts.test_render import CASES

OURS = {"pennyprotect", "elsewhere"}
"""Names of the main Secret in the cases."""
PUSHED = {"pushes": {"enabled": True, "keysSecret": "model-keys", "bucket": "models"}}


def joins(values: dict[str, Any]) -> bool:
    """Whether the release is a store that joins a region."""
    return bool(values.get("region", {}).get("url"))


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
        assert joins(values) or values["memory"]["external"]["nothingOnDisk"]
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
    server = pod["spec"]["containers"][0]
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
                ports = values.get("networkPolicy", {}).get("objects", {}).get("ports", [443])
                assert not wide or {each["port"] for each in rule["ports"]} <= {443, *ports}, policy["metadata"]["name"]


@pytest.mark.parametrize("values", CASES)
def test_each_role_holds_only_its_own_secrets(render: Render, values: dict[str, Any]) -> None:
    allowed = {
        "service": {"postgres.app", "bus.service", "memory.service", "jwt", "storage_key", "metrics_key", "relay_key"}
        | {"oidc_client_secret", "openai_api_key"},
        "test": {"metrics_key"},
        # It asks each server, with what the service holds and without its keys.
        "doctor": {"postgres.app", "bus.service", "memory.service"},
        "mediamtx": {"relay_key", "worker_key"},
        # The key opens templates for matching: only where face models may be installed at all.
        "pipeline": {"postgres.pipeline", "bus.pipeline", "memory.pipeline"}
        | ({"storage_key"} if values.get("models", {}).get("biometrics") else set()),
        # It opens the addresses of notification channels.
        "dispatcher": {"postgres.dispatcher", "bus.dispatcher", "storage_key", "twilio_auth_token", "smtp_url"},
        "sealer": {"postgres.sealer"},
        "retention": {"postgres.retention"},
        "worker-cpu": {"bus.worker", "memory.worker", "worker_key", "relay_key"},
        "worker-gpu": {"bus.worker", "memory.worker", "worker_key", "relay_key"},
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
        ({"mediamtx": {"publicHosts": ["http://a.example/"]}}, "publicHosts"),
        ({"models": {"s3": {"bucket": "s3://b"}}}, "bucket"),
        ({"region": {"url": "safety.example.com"}}, "region"),
        ({"oidc": {"scopes": ["profile"]}}, "scopes"),
        ({"serviceAccount": {"roles": {"servise": {}}}}, "servise"),
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
        ({"models": {"source": "s3"}}, "models.s3.bucket is empty"),
        ({"models": {"pushes": {"enabled": True}}}, "models.pushes.keysSecret is empty"),
        ({"models": {"source": "claim", "claim": "c", "pushes": {"enabled": True, "keysSecret": "k"}}}, "changed by you"),
        ({"models": {"pushes": {"enabled": True, "keysSecret": "k", "bucket": "models"}}}, "objects.bucket is empty"),
        ({"mediamtx": {"enabled": True}}, "mediamtx.publicHosts is empty"),
        (
            {"mediamtx": {"enabled": True, "publicHosts": ["a.example"], "service": {"type": "NodePort"}, "port": 8189}},
            "mediamtx.port must be between 30000 and 32767",
        ),
        ({"ingress": {"enabled": True}}, "ingress.host is empty"),
        ({"region": {"url": "http://safety.example.com"}}, "region.url is http://: frames of people"),
        (
            {"region": {"url": "https://a.example"}, "mediamtx": {"enabled": True, "publicHosts": ["a.example"]}},
            "region.url and mediamtx.enabled are both set",
        ),
        # A joined store has a Triton of its own, which is asked the same.
        ({"region": {"url": "https://a.example"}, "models": {"source": "claim"}}, "models.claim is empty"),
        ({"region": {"url": "https://a.example"}, "models": {"source": "s3"}}, "models.s3.bucket is empty"),
        (
            {"region": {"url": "https://a.example"}, "models": {"pushes": {"enabled": True, "keysSecret": "k"}}},
            "region.url and models.pushes.enabled are both set",
        ),
        ({"oidc": {"issuer": "https://login.example.com"}}, "oidc.clientId is empty"),
        (
            {"oidc": {"issuer": "https://login.example.com", "clientId": "p"}, "ingress": {"host": "a.example"}},
            "networkPolicy.providers.cidrs is empty: the service could not reach the provider",
        ),
        ({"service": {"autoscaling": {"enabled": True}}}, "objects are on a volume that one node mounts: give objects.bucket"),
        (
            {"database": {"cloudnativepg": {"backup": {"destinationPath": "s3://b"}}}},
            "nothing opens the bucket: name credentialsSecret",
        ),
    ],
)
def test_a_decision_that_is_missing_stops_the_install(render: Render, values: dict[str, Any], sentence: str) -> None:
    with pytest.raises(Exception, match=re.escape(sentence)):
        render(values)


def test_without_an_accepted_licence_the_model_fetch_is_told_so(render: Render) -> None:
    (init,) = roles(render({}))["triton"]["spec"]["initContainers"]
    told = {variable["name"]: variable.get("value") for variable in init["env"]}
    assert (init["args"], told["PENNYPROTECT_ACCEPT_LICENSES"]) == (["models", "pull"], "0")


@pytest.mark.parametrize("values", CASES)
def test_who_shares_a_volume_of_one_node_is_sent_to_that_node(render: Render, values: dict[str, Any]) -> None:
    found = roles(render(values))
    objects = values.get("objects", {})
    one_node = not objects.get("bucket") and objects.get("volume", {}).get("accessMode", "ReadWriteOnce") == "ReadWriteOnce"
    for role, pod in found.items():
        terms = pod["spec"].get("affinity", {}).get("podAffinity", {}).get("requiredDuringSchedulingIgnoredDuringExecution", [])
        assert bool(terms) is (one_node and any(each["name"] == "objects" for each in pod["spec"].get("volumes", []))), role
        for term in terms:
            assert term["topologyKey"] == "kubernetes.io/hostname"
            labels, (chosen,) = pod["metadata"]["labels"], term["labelSelector"]["matchExpressions"]
            # Its own term must fit itself, or the first pod would wait for a companion.
            assert term["labelSelector"]["matchLabels"].items() <= labels.items()
            assert role in chosen["values"]


def test_an_affinity_of_the_values_stays_beside_the_one_that_the_volume_demands(render: Render) -> None:
    own = {"nodeAffinity": {"a": 1}, "podAffinity": {"preferredDuringSchedulingIgnoredDuringExecution": ["b"]}}
    found = roles(render({"sealer": {"affinity": own}}))["sealer"]["spec"]["affinity"]
    assert found["nodeAffinity"] == own["nodeAffinity"]
    assert found["podAffinity"].keys() == {
        "preferredDuringSchedulingIgnoredDuringExecution",
        "requiredDuringSchedulingIgnoredDuringExecution",
    }


def allowed_out(manifests: list[Manifest], role: str) -> set[tuple[str, int]]:
    """(network, port) that the policies let a role reach outside the release."""
    labels = roles(manifests)[role]["metadata"]["labels"]
    found = set()
    for policy in (each["spec"] for each in manifests if each["kind"] == "NetworkPolicy"):
        chosen = policy["podSelector"]
        fits = chosen.get("matchLabels", {}).items() <= labels.items()
        if not fits or any(labels[each["key"]] not in each["values"] for each in chosen.get("matchExpressions", [])):
            continue
        for rule in policy.get("egress", []):
            blocks = [peer["ipBlock"]["cidr"] for peer in rule["to"] if "ipBlock" in peer]
            found |= {(block, port["port"]) for block in blocks for port in rule.get("ports", [])}
    return found


@pytest.mark.parametrize(
    ("values", "role", "place"),
    [
        (
            {"triton": {"enabled": False, "externalUrl": "triton.example.com:9001", "externalCidrs": ["10.3.0.0/16"]}},
            "worker-cpu",
            ("10.3.0.0/16", 9001),
        ),
        ({"triton": {"enabled": False, "externalUrl": "t.example.com:8001"}}, "doctor", ("10.0.0.0/8", 8001)),
        ({"workerCpu": {"serviceUrl": "https://safety.example.com"}}, "worker-cpu", ("0.0.0.0/0", 443)),
        (
            {"workerCpu": {"serviceUrl": "http://10.9.1.1:8000/x"}, "networkPolicy": {"serviceUrl": {"cidrs": ["10.9.0.0/16"]}}},
            "worker-cpu",
            ("10.9.0.0/16", 8000),
        ),
        (
            {
                "objects": {"bucket": "evidence", "endpoint": "https://s3.inner:9000"},
                "networkPolicy": {"objects": {"ports": [9000]}},
            },
            "retention",
            ("0.0.0.0/0", 9000),
        ),
        ({"networkPolicy": {"providers": {"cidrs": ["198.51.100.0/24"]}}}, "service", ("198.51.100.0/24", 443)),
        # Clips are PUT to the bucket by who recorded them, with an address that the service signed.
        ({"objects": {"bucket": "evidence"}}, "worker-cpu", ("0.0.0.0/0", 443)),
        ({"objects": {"bucket": "evidence"}}, "retention", ("169.254.170.23/32", 80)),
        ({"models": {"source": "s3", "s3": {"bucket": "models"}}}, "triton", ("169.254.170.23/32", 80)),
        ({"region": {"url": "https://safety.example.com:8443"}}, "worker-cpu", ("0.0.0.0/0", 8443)),
        (
            {"networkPolicy": {"providers": {"cidrs": ["10.4.0.0/16"]}}, "extraEnv": {"PENNYPROTECT_KMS_KEYS": "alias/x"}},
            "dispatcher",
            ("10.4.0.0/16", 443),
        ),
    ],
)
def test_what_the_values_name_can_be_reached(render: Render, values: dict[str, Any], role: str, place: tuple[str, int]) -> None:
    assert place in allowed_out(render(values), role)
    assert place not in allowed_out(render({}), role), "the test would pass without the value"


def test_a_load_balancer_that_sends_to_pods_itself_is_let_in(render: Render) -> None:
    manifests = render({"networkPolicy": {"ingressCidrs": ["10.64.0.0/24"]}})
    (policy,) = (each for each in manifests if each["metadata"]["name"].endswith("-ingress-to-service"))
    assert {"ipBlock": {"cidr": "10.64.0.0/24"}} in policy["spec"]["ingress"][0]["from"]


def test_the_service_takes_cameras_where_the_network_policy_lets_it_go(render: Render) -> None:
    def told(values: dict[str, Any]) -> list[str]:
        (service,) = roles(render(values))["service"]["spec"]["containers"]
        return [each["value"] for each in service["env"] if each["name"] == "PENNYPROTECT_CAMERA_NETWORKS"]

    assert told({"networkPolicy": {"cameras": {"cidrs": ["10.9.0.0/16", "10.8.0.0/16"]}}}) == ["10.9.0.0/16 10.8.0.0/16"]
    assert told({"networkPolicy": {"enabled": False}}) == []
    assert told({"extraEnv": {"PENNYPROTECT_CAMERA_NETWORKS": "public"}}) == ["public"]


RELAYED = {"mediamtx": {"enabled": True, "publicHosts": ["198.51.100.7"]}, "workerGpu": {"enabled": True}}


def test_only_those_who_may_watch_reach_the_relay_and_its_control_stays_in_its_pod(render: Render) -> None:
    manifests = render(RELAYED)
    (config,) = (each["data"]["mediamtx.yml"] for each in manifests if "mediamtx.yml" in each.get("data", {}))
    settings = yaml.safe_load(config)
    assert settings["apiAddress"] == "127.0.0.1:9997"
    first, api, metrics = settings["authInternalUsers"]
    assert (first["user"], first["permissions"]) == ("pennyprotect", [{"action": "read"}])
    assert (api["ips"], api["permissions"]) == (["127.0.0.1", "::1"], [{"action": "api"}])
    assert metrics["permissions"] == [{"action": "metrics"}]
    assert [settings[each] for each in ("rtmp", "hls", "srt", "playback", "pprof", "webrtcIPsFromInterfaces")] == [False] * 6
    assert settings["pathDefaults"] == {"record": False}
    services = {each["metadata"]["name"]: each["spec"] for each in manifests if each["kind"] == "Service"}
    assert {port["name"] for port in services["pp-pennyprotect-mediamtx"]["ports"]} == {"rtsp", "whep"}
    (video,) = services["pp-pennyprotect-mediamtx-video"]["ports"]
    assert (video["protocol"], f":{video['port']}") == ("UDP", settings["webrtcLocalUDPAddress"])
    callers = {
        (peer["podSelector"]["matchLabels"]["app.kubernetes.io/component"], port["port"])
        for each in manifests
        if each["kind"] == "NetworkPolicy" and each["metadata"]["name"].endswith("-to-mediamtx-ingress")
        for rule in each["spec"]["ingress"]
        for peer in rule["from"]
        for port in rule["ports"]
    }
    assert callers == {("service", 8889), ("worker-cpu", 8554), ("worker-gpu", 8554)}
    told = {
        role: {each["name"]: each.get("value") for each in containers(pod)[-1]["env"]}
        for role, pod in roles(manifests).items()
        if role in ("service", "worker-cpu", "worker-gpu")
    }
    assert told["service"]["PENNYPROTECT_LIVE_URL"] == "http://pp-pennyprotect-mediamtx:8889"
    assert {told[role]["PENNYPROTECT_RELAY_URL"] for role in ("worker-cpu", "worker-gpu")} == {
        "rtsp://pp-pennyprotect-mediamtx:8554"
    }


def test_pushed_versions_reach_every_triton_by_one_volume_that_only_the_service_writes(render: Render) -> None:
    found = roles(render({"models": {"acceptLicenses": True, "pushes": {"enabled": True, "keysSecret": "model-keys"}}}))
    volumes = {role: {each["name"]: each for each in found[role]["spec"]["volumes"]} for role in ("service", "triton")}
    claims = {role: [each["models"]["persistentVolumeClaim"]["claimName"]] for role, each in volumes.items()}
    assert claims == {"service": ["pp-pennyprotect-models"], "triton": ["pp-pennyprotect-models"]}
    (server,), (service,) = found["triton"]["spec"]["containers"], found["service"]["spec"]["containers"]
    (read,) = (each for each in server["volumeMounts"] if each["name"] == "models")
    (written,) = (each for each in service["volumeMounts"] if each["name"] == "models")
    told = {each["name"]: each.get("value") for each in service["env"]}
    served = f"--model-repository={read['mountPath']}/triton/models"
    assert (read["readOnly"], served in server["args"]) == (True, True)
    assert told["PENNYPROTECT_MODEL_REPOSITORY"] == f"{written['mountPath']}/triton/models"
    assert any(each["mountPath"] == told["PENNYPROTECT_MODEL_KEYS"] and each["readOnly"] for each in service["volumeMounts"])
    check = found["triton"]["spec"]["initContainers"][-1]
    mounts = {each["name"]: each["mountPath"] for each in check["volumeMounts"]}
    assert (check["args"], mounts["models"]) == (["models", "check"], "/var/lib/pennyprotect"), "before any Triton starts"
    assert mounts["model-keys"] == next(each["value"] for each in check["env"] if each["name"] == "PENNYPROTECT_MODEL_KEYS")


def test_pushed_versions_in_a_bucket_reach_every_triton_by_a_folder_of_its_own_that_follows_it(render: Render) -> None:
    objects = {"bucket": "evidence", "region": "eu-central-1", "credentialsSecret": "s3"}
    network = {"objects": {"cidrs": ["10.7.0.0/16"], "ports": [9000]}}
    values = {"models": PUSHED, "triton": {"replicas": 3}, "objects": objects, "networkPolicy": network}
    manifests = render(values)
    assert "pp-pennyprotect-models" not in {each["metadata"]["name"] for each in manifests}, "no volume in common"
    found = roles(manifests)
    (service,), pod = found["service"]["spec"]["containers"], found["triton"]["spec"]
    server, sync = pod["containers"]
    check = pod["initContainers"][-1]
    assert (check["args"], sync["args"]) == (["models", "sync", "--every", "0"], ["models", "sync", "--every", "2"])
    stores = set()
    for container in (service, check, sync):
        told = {each["name"]: each.get("value") for each in container["env"]}
        mounts = {each["mountPath"]: each.get("readOnly", False) for each in container["volumeMounts"]}
        stores.add(told["PENNYPROTECT_MODEL_STORE"])
        assert mounts[told["PENNYPROTECT_MODEL_KEYS"]], "keys are read, not written"
        assert {"AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_REGION"} <= told.keys()
    assert stores == {"s3://models/models"}
    assert "AWS_ACCESS_KEY_ID" not in {each["name"] for each in server.get("env", [])}, "the server itself opens no bucket"
    (read,) = (each for each in server["volumeMounts"] if each["name"] == "models")
    assert read["readOnly"]
    assert all("emptyDir" in each for each in pod["volumes"] if each["name"] == "models")
    assert ("10.7.0.0/16", 9000) in allowed_out(manifests, "triton")
    own = {**values, "models": {"pushes": {**PUSHED["pushes"], "credentialsSecret": "reads-models"}}}
    pod = roles(render(own))["triton"]["spec"]
    for container in (pod["initContainers"][-1], pod["containers"][1]):
        keys = {
            each["valueFrom"]["secretKeyRef"]["name"]
            for each in container["env"]
            if each["name"].startswith("AWS_") and "valueFrom" in each
        }
        assert keys == {"reads-models"}, "keys of its own open no evidence"
        assert "AWS_S3_BUCKET" not in {each["name"] for each in container["env"]}


@pytest.mark.parametrize("values", CASES)
def test_each_role_has_an_account_of_its_own_without_a_token(render: Render, values: dict[str, Any]) -> None:
    manifests = render(values)
    accounts = {each["metadata"]["name"]: each for each in manifests if each["kind"] == "ServiceAccount"}
    assert all(each["automountServiceAccountToken"] is False for each in accounts.values())
    used = [pod["spec"]["serviceAccountName"] for pod in roles(manifests).values()]
    assert len(set(used)) == len(used)
    left = {"pp-pennyprotect"} - ({"pp-pennyprotect"} if joins(values) else set())
    assert set(accounts) == set(used) | left


def test_only_roles_that_call_the_bucket_or_kms_carry_an_identity(render: Render) -> None:
    def known(values: dict[str, Any]) -> set[str]:
        trusted = {"serviceAccount": {"annotations": {"eks.amazonaws.com/role-arn": "arn:x"}, "roles": {"bus": {"a": "b"}}}}
        accounts = [each["metadata"] for each in render({**values, **trusted}) if each["kind"] == "ServiceAccount"]
        return {each["name"].removeprefix("pp-pennyprotect-") for each in accounts if each.get("annotations")} - {
            "pp-pennyprotect"
        }

    assert known({}) == {"service", "sealer", "retention", "bus"}
    assert known({"models": {"source": "s3", "s3": {"bucket": "models"}}}) == {"service", "sealer", "retention", "bus", "triton"}
    found = known({"extraEnv": {"PENNYPROTECT_KMS_KEYS": "alias/x"}})
    assert found == {"service", "sealer", "retention", "bus", "pipeline", "dispatcher", "migrate"}


@pytest.mark.parametrize(
    ("values", "asking"),
    [
        ({}, set()),
        ({"objects": {"bucket": "evidence"}}, {"service", "sealer", "retention"}),
        ({"objects": {"bucket": "evidence", "credentialsSecret": "s"}}, set()),
        ({"models": {"source": "s3", "s3": {"bucket": "models"}}}, {"triton"}),
        ({"models": {"source": "s3", "s3": {"bucket": "models", "credentialsSecret": "s"}}}, set()),
        ({"models": PUSHED, "objects": {"bucket": "evidence"}}, {"service", "sealer", "retention", "triton"}),
        ({"models": PUSHED, "objects": {"bucket": "evidence", "credentialsSecret": "s"}}, set()),
        (
            {"models": {"pushes": {**PUSHED["pushes"], "credentialsSecret": "r"}}, "objects": {"bucket": "evidence"}},
            {"service", "sealer", "retention"},
        ),
        ({"extraEnv": {"PENNYPROTECT_KMS_KEYS": "alias/x"}}, {"service", "pipeline", "dispatcher", "migrate"}),
        ({"region": {"url": "https://a.example"}, "extraEnv": {"PENNYPROTECT_KMS_KEYS": "alias/x"}}, set()),
    ],
)
def test_the_identity_s_agent_is_open_to_whoever_asks_it_and_to_nobody_whom_a_secret_gives_keys(
    render: Render, values: dict[str, Any], asking: set[str]
) -> None:
    manifests = render(values)
    assert {role for role in roles(manifests) if ("169.254.170.23/32", 80) in allowed_out(manifests, role)} == asking


@pytest.mark.parametrize(
    ("controller", "named", "theirs"),
    [
        ("nginx", "nginx.ingress.kubernetes.io/proxy-body-size", "64m"),
        ("alb", "alb.ingress.kubernetes.io/target-type", "instance"),
        ("other", "example.com/words", "kept"),
    ],
)
def test_an_annotation_that_the_values_name_too_stands_once_and_is_theirs(
    chart: Chart, controller: str, named: str, theirs: str
) -> None:
    def text(annotations: dict[str, str]) -> str:
        values = {"ingress": {"enabled": True, "host": "a.example", "controller": controller, "annotations": annotations}}
        files = chart.render(values=values, name="pp", namespace="stores", is_install=True, revision=1)
        return next(each for path, each in files.items() if path.endswith("service/ingress.yaml"))

    own, given = (yaml.safe_load(text(each))["metadata"].get("annotations", {}) for each in ({}, {named: theirs}))
    assert given == own | {named: theirs}
    assert text({named: theirs}).count(f"{named}:") == 1


def test_what_stores_workers_post_lies_in_no_file_of_the_ingress(render: Render) -> None:
    (ingress,) = (each for each in render({"ingress": {"enabled": True, "host": "a.example"}}) if each["kind"] == "Ingress")
    assert ingress["metadata"]["annotations"]["nginx.ingress.kubernetes.io/proxy-request-buffering"] == "off"


JOINED = {"region": {"url": "https://safety.example.com", "caSecret": "region-ca"}, "workerGpu": {"enabled": True}}


def test_a_store_that_joins_a_region_is_workers_and_triton_and_holds_one_key(render: Render) -> None:
    manifests = render(JOINED)
    found = roles(manifests)
    assert set(found) == {"worker-cpu", "worker-gpu", "triton"}
    assert not {each["kind"] for each in manifests} & {
        "Job",
        "Ingress",
        "Cluster",
        "PersistentVolumeClaim",
        "StatefulSet",
        "ConfigMap",
    }
    for role in ("worker-cpu", "worker-gpu"):
        (container,) = found[role]["spec"]["containers"]
        env = {each["name"]: each.get("value") for each in container["env"]}
        assert env["PENNYPROTECT_SERVICE_URL"] == "https://safety.example.com"
        assert not {"REDIS_URL", "MEMORY_REDIS_URL", "DATABASE_URL"} & set(env)
        secret = [each["valueFrom"]["secretKeyRef"]["key"] for each in container["env"] if "valueFrom" in each]
        assert secret == ["worker_key"]
        (mount,) = (each for each in container["volumeMounts"] if each["name"] == "region-ca")
        assert env["PENNYPROTECT_CA_FILE"] == f"{mount['mountPath']}/ca.crt"
    targets = {
        each["spec"]["selector"]["matchLabels"]["app.kubernetes.io/component"]
        for each in manifests
        if each["kind"] == "PodDisruptionBudget"
    }
    assert targets == {"worker-cpu", "worker-gpu", "triton"}


def test_rotated_keys_reach_every_role_that_opens_secrets_by_a_secret_that_need_not_exist(render: Render) -> None:
    found = roles(render({"models": {"biometrics": True}, "secrets": {"existingSecret": "elsewhere"}}))
    holders = set()
    for role, pod in found.items():
        for container in containers(pod):
            env = {each["name"]: each.get("value", "") for each in container.get("env", [])}
            if "PENNYPROTECT_SECRET_KEY" not in env:
                assert "PENNYPROTECT_KEY_RING" not in env
                continue
            holders.add(role)
            (mount,) = (each for each in container["volumeMounts"] if each["name"] == "key-ring")
            assert env["PENNYPROTECT_KEY_RING"] == f"{mount['mountPath']}/keys.json"
            assert mount["readOnly"]
            assert "subPath" not in mount, "a subPath never follows its Secret"
            (volume,) = (each["secret"] for each in pod["spec"]["volumes"] if each["name"] == "key-ring")
            assert volume == {"secretName": "elsewhere-key-ring", "optional": True, "defaultMode": 0o440}
    assert holders == {"service", "pipeline", "dispatcher", "migrate"}


def test_an_alb_takes_no_secret_and_single_sign_on_is_told_to_the_service_alone(render: Render) -> None:
    values = {
        "ingress": {"enabled": True, "host": "a.example", "controller": "alb", "className": "alb"},
        "oidc": {
            "issuer": "https://login.example.com",
            "clientId": "penny",
            "secondFactor": True,
            "scopes": ["openid", "groups"],
        },
        "networkPolicy": {"providers": {"cidrs": ["10.5.0.0/16"]}},
    }
    manifests = render(values)
    (ingress,) = (each for each in manifests if each["kind"] == "Ingress")
    assert ingress["spec"]["tls"] == [{"hosts": ["a.example"]}]
    assert ingress["metadata"]["annotations"]["alb.ingress.kubernetes.io/target-type"] == "ip"
    told = {
        role: {each["name"]: each.get("value") for each in containers(pod)[-1].get("env", [])}
        for role, pod in roles(manifests).items()
    }
    assert [role for role, env in told.items() if "PENNYPROTECT_OIDC_ISSUER" in env] == ["service"]
    mine = told["service"]
    assert (mine["PENNYPROTECT_PUBLIC_URL"], mine["PENNYPROTECT_OIDC_SCOPES"]) == ("https://a.example", "openid groups")
    assert mine["PENNYPROTECT_OIDC_SECOND_FACTOR"] == "1"


@pytest.mark.parametrize("name", PROFILES)
def test_a_worker_s_memory_holds_the_recorded_packets_of_all_its_cameras(render: Render, name: str) -> None:
    """64 MiB of packets (PENNYPROTECT_RING_MB) and 40 MB beside them a camera, and half a GiB of its own."""
    for role, pod in roles(render(profile(name))).items():
        if role == "worker-cpu":
            (container,) = pod["spec"]["containers"]
            cameras = next(int(each["value"]) for each in container["env"] if each["name"] == "PENNYPROTECT_WORKER_CAPACITY")
            limit = int(container["resources"]["limits"]["memory"].removesuffix("Gi")) << 30
            assert limit >= cameras * ((64 << 20) + 40_000_000) + (512 << 20)


def test_the_lag_that_scales_pipelines_is_not_divided_by_them(render: Render) -> None:
    (scaler,) = (each for each in render({"pipeline": {"keda": {"enabled": True}}}) if each["kind"] == "ScaledObject")
    (trigger,) = scaler["spec"]["triggers"]
    assert (trigger["type"], trigger["metricType"]) == ("prometheus", "Value")
    assert trigger["metadata"]["query"].startswith("histogram_quantile(0.95,")


def test_a_bundled_database_is_given_what_only_a_superuser_may_give(render: Render) -> None:
    (cluster,) = (each for each in render({"imagePullSecrets": ["inner"]}) if each["kind"] == "Cluster")
    assert cluster["spec"]["bootstrap"]["initdb"]["postInitApplicationSQL"] == ["CREATE EXTENSION IF NOT EXISTS vector"]
    assert cluster["spec"]["imagePullSecrets"] == [{"name": "inner"}]


def test_the_notes_say_what_to_do_next_of_either_shape(chart: Chart) -> None:
    def notes(values: dict[str, Any]) -> str:
        files = chart.render(values=values, name="pp", namespace="stores", is_install=True, revision=1)
        return next(text for path, text in files.items() if path.endswith("NOTES.txt"))

    joined = notes({"region": {"url": "https://safety.example.com"}})
    assert "they join https://safety.example.com" in joined
    assert "logs deploy/pp-pennyprotect-worker-cpu" in joined
    assert "admin_password" not in joined
    assert "admin_password" in notes({})
