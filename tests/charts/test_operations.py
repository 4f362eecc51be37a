"""Alerts lead to a runbook, dashboards and rules use metrics that exist, files beside the chart are what Kubernetes takes."""

import json
import re
import textwrap
from pathlib import Path

import kubernetes_validate
import pytest
import yaml
from helm_python import Chart

from tests.charts.conftest import CHART, ROOT, Render
from tests.charts.test_render import KUBERNETES
from tests.charts.values_document import README, described, document

MONITORED = {"monitoring": {"rules": {"enabled": True}, "dashboards": {"enabled": True}, "serviceMonitor": {"enabled": True}}}
DECLARED = re.compile(r"(?:counter|gauge|histogram|Counter|Gauge|Histogram)\(\s*\"(?:pennyprotect_)?([a-z0-9_]+)\"")
USED = re.compile(r"\bpennyprotect_[a-z0-9_]+")
SUFFIX = re.compile(r"_(total|bucket|count|sum)$")


def declared_metrics() -> set[str]:
    """Names of every metric that the product's code makes, without Prometheus' suffixes."""
    return {f"pennyprotect_{name}" for path in (ROOT / "app").rglob("*.py") for name in DECLARED.findall(path.read_text("utf-8"))}


def test_rules_and_dashboards_use_metrics_that_exist(render: Render) -> None:
    manifests = render(MONITORED)
    texts = [json.dumps(each) for each in manifests if each["kind"] in ("PrometheusRule", "ConfigMap")]
    used = {SUFFIX.sub("", name) for text in texts for name in USED.findall(text)}
    assert used
    assert used <= declared_metrics()


def test_every_alert_leads_to_a_runbook(render: Render) -> None:
    (rules,) = (each for each in render(MONITORED) if each["kind"] == "PrometheusRule")
    anchors = set(re.findall(r"^## (\S+)$", (ROOT / "docs" / "runbooks.md").read_text("utf-8"), re.MULTILINE))
    alerts = [rule for group in rules["spec"]["groups"] for rule in group["rules"]]
    assert {rule["annotations"]["runbook_url"].partition("#")[2] for rule in alerts} == anchors
    for rule in alerts:
        assert rule["labels"]["severity"] in ("page", "ticket")
        assert rule["annotations"]["summary"].endswith(".")
        assert 'namespace="stores"' in rule["expr"], "an alert of one release must not look at another's"


def test_a_part_that_is_gone_altogether_raises_its_alarm_unless_nobody_wants_it(render: Render) -> None:
    def asked(values: dict[str, object]) -> dict[str, str]:
        (rules,) = (each for each in render({**MONITORED, **values}) if each["kind"] == "PrometheusRule")
        return {rule["alert"]: rule["expr"] for group in rules["spec"]["groups"] for rule in group["rules"]}

    shards = 'sum(pennyprotect_pipeline_shards{namespace="stores"})'
    assert asked({})["PennyProtectShardsUnowned"] == f"({shards} or vector(0)) < 64"
    assert asked({"pipeline": {"keda": {"enabled": True}, "replicas": 0}})["PennyProtectShardsUnowned"].endswith(
        "or vector(0)) < 64"
    )
    assert asked({"pipeline": {"enabled": False}})["PennyProtectShardsUnowned"] == f"({shards}) < 64"
    assert "or vector(31)) > 30" in asked({})["PennyProtectAuditUnsealed"]
    assert "vector" not in asked({"sealer": {"replicas": 0}})["PennyProtectAuditUnsealed"]


@pytest.mark.parametrize("path", sorted((CHART / "dashboards").glob("*.json")), ids=lambda path: path.stem)
def test_dashboards_can_be_imported(path: Path) -> None:
    dashboard = json.loads(path.read_text("utf-8"))
    assert dashboard["uid"]
    assert len({panel["id"] for panel in dashboard["panels"]}) == len(dashboard["panels"])
    for panel in dashboard["panels"]:
        assert panel["title"]
        assert panel["datasource"] == {"type": "prometheus", "uid": "${datasource}"}
        assert all(target["expr"] for target in panel["targets"])


@pytest.mark.parametrize("path", sorted((ROOT / "k8s").glob("*.yaml")), ids=lambda path: path.stem)
def test_files_beside_the_chart_are_valid(path: Path) -> None:
    for manifest in yaml.safe_load_all(path.read_text("utf-8")):
        for version in KUBERNETES:
            kubernetes_validate.validate(manifest, version, strict=True)


def leaves(values: object, path: tuple[str, ...] = ()) -> list[tuple[str, ...]]:
    """Paths of every value that is not a map of others."""
    if not isinstance(values, dict) or not values:
        return [path]
    return [leaf for key, value in values.items() for leaf in leaves(value, (*path, key))]


def test_the_schema_knows_every_value_and_refuses_others() -> None:
    schema = json.loads((CHART / "values.schema.json").read_text("utf-8"))
    values = yaml.safe_load((CHART / "values.yaml").read_text("utf-8"))
    for leaf in leaves(values):
        node = schema
        for key in leaf:
            if "$ref" in node:
                node = schema["definitions"][node["$ref"].rpartition("/")[2]]
            free = node.get("additionalProperties")
            assert key in node.get("properties", {}) or isinstance(free, dict), leaf
            node = node.get("properties", {}).get(key, free)
    closed = [node for node in walk(schema) if node.get("type") == "object" and "properties" in node]
    assert all(node["additionalProperties"] is False for node in closed)


def test_every_value_is_explained_and_the_readme_shows_it() -> None:
    assert [name for name, _, words in described() if not words] == []
    assert README.read_text("utf-8") == document(), "python -m tests.charts.golden writes it anew"


def test_the_values_that_the_guide_writes_down_install(render: Render) -> None:
    text = (ROOT / "docs" / "deploy.md").read_text("utf-8")
    (written,) = re.findall(r"cat > mine.yaml <<'END'\n(.*?)\n    END\n", text, re.DOTALL)
    values = yaml.safe_load(textwrap.dedent(written))
    assert values["networkPolicy"]["cameras"]["cidrs"] != ["10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16"]
    kinds = {each["kind"] for each in render(values)}
    assert {"Ingress", "Cluster", "Job"} <= kinds
    assert "PersistentVolumeClaim" not in kinds, "objects are in the bucket"


def walk(node: object) -> list[dict[str, object]]:
    """Every map inside a JSON document."""
    if isinstance(node, dict):
        return [node, *(found for value in node.values() for found in walk(value))]
    return [found for value in node for found in walk(value)] if isinstance(node, list) else []


GUIDES = ("docs/deploy.md", "docs/backup.md", "docs/gpu.md", "k8s/k3s.md")


def test_values_that_the_guides_set_are_values_of_the_chart() -> None:
    schema = json.loads((CHART / "values.schema.json").read_text("utf-8"))
    typed = [
        (guide, path)
        for guide in GUIDES
        for path in re.findall(r"--set(?:-string)? '?([A-Za-z0-9_.]+)=", (ROOT / guide).read_text("utf-8"))
    ]
    assert len(typed) > 15
    for guide, path in typed:
        if path in ("runtimeClassName",):  # of NVIDIA's own chart
            continue
        node = schema
        for key in path.split("."):
            assert key in node.get("properties", {}), f"{guide}: --set {path}"
            node = node["properties"][key]


def test_objects_that_the_guide_asks_kubectl_for_are_those_of_the_release(chart: Chart) -> None:
    values = {"mediamtx": {"enabled": True, "publicHosts": ["198.51.100.7"]}}
    files = chart.render(values=values, name="pennyprotect", namespace="pennyprotect", is_install=True, revision=1)
    made = {
        f"{each['kind'].lower()}/{each['metadata']['name']}"
        for path, text in files.items() if path.endswith(".yaml") for each in yaml.safe_load_all(text) if each
    }  # fmt: skip
    text = (ROOT / "docs" / "deploy.md").read_text("utf-8") + (ROOT / "docs" / "backup.md").read_text("utf-8")
    asked = re.findall(r"\b(deploy|deployment|statefulset|service|svc)[/ ](pennyprotect-[a-z-]+)", text)
    assert len(asked) > 5
    kinds = {"deploy": "deployment", "svc": "service"}
    assert {f"{kinds.get(kind, kind)}/{name}" for kind, name in asked} <= made
