"""Scanners over everything that is deployed, nothing left unexplained; files of others' formats against their schemas."""

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.charts.conftest import ROOT, Render

TOOLS = Path(sys.executable).parent
EXPLAINED = {
    "CKV_K8S_21": "the namespace is chosen at install; manifests without one are the chart's custom",
    "CKV_K8S_43": "a digest is the operator's to pin (image.digest); release images carry attestations",
    "CKV_K8S_15": "an immutable tag need not be asked for at every start, and an air-gapped site cannot",
    "CKV_K8S_11": "a CPU limit would throttle what must keep up with cameras; requests are set, memory is limited",
    "CKV_K8S_35": "the product reads its settings from the environment in every deployment; each role holds only its own",
    "CKV_K8S_9": "roles that nobody calls have nothing to be ready for; each one that is called has a probe (tested below)",
    "CKV_K8S_8": "the Job and the test pod end by themselves",
    "CKV_DOCKER_7": "the scanner does not read ARG: the base image is tagged there",
}


def checkov(*arguments: str) -> list[dict[str, Any]]:
    """What fails and is not explained; the scanner downloads nothing."""
    command = [str(TOOLS / "python"), str(TOOLS / "checkov"), *arguments, "--quiet", "--compact", "--skip-download", "-o", "json"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=600, check=False)
    reports = json.loads(done.stdout)
    reports = reports if isinstance(reports, list) else [reports]
    assert sum(report["summary"]["passed"] for report in reports) > 50, "the scanner looked at something"
    failed = [check for report in reports for check in report["results"]["failed_checks"]]
    return [
        {key: check[key] for key in ("check_id", "check_name", "resource")}
        for check in failed
        if check["check_id"] not in EXPLAINED
    ]


@pytest.mark.parametrize("profile", ["default", "region", "store-cell", "store-workers", "air-gapped"])
def test_rendered_manifests(profile: str) -> None:
    assert checkov("-f", f"k8s/golden/{profile}.yaml", "--framework", "kubernetes") == []


def test_dockerfile() -> None:
    assert checkov("-f", "Dockerfile", "--framework", "dockerfile") == []


def test_workflows() -> None:
    assert checkov("-d", ".github", "--framework", "github_actions") == []


def test_terraform() -> None:
    """Never applied: scanned, and its format checked by the tool itself on machines that have it (no index carries it)."""
    assert checkov("-d", "infra/terraform", "--framework", "terraform") == []
    if shutil.which("terraform"):
        command = ["terraform", "fmt", "-check", "-recursive", "infra"]
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60, check=False)
        assert (done.returncode, done.stdout) == (0, "")


IDENTITY = (ROOT / "infra" / "terraform" / "aws" / "identity.tf").read_text("utf-8")
VARIABLES = (ROOT / "infra" / "terraform" / "aws" / "variables.tf").read_text("utf-8")


def may(role: str) -> set[str]:
    """The actions that AWS allows a role of the chart."""
    found = re.search(rf"^      {role} = \[\n(.*?)^      \]$", IDENTITY, re.MULTILINE | re.DOTALL)
    assert found, role
    actions = set(re.findall(r'"((?:s3|kms):\w+)"', found[1]))
    for name in re.findall(r"local\.(bucket|versions)", found[1]):
        (block,) = re.findall(rf"^  {name} = \{{\n(.*?)^  \}}$", IDENTITY, re.MULTILINE | re.DOTALL)
        actions |= set(re.findall(r'"(s3:\w+)"', block))
    return actions


def test_a_lock_is_overridden_by_retention_alone_and_each_role_may_what_it_calls() -> None:
    """What is called: app/kit/objects, app/evidence, app/audit/anchors."""
    holders = {role for role in ("service", "sealer", "retention") if "s3:BypassGovernanceRetention" in may(role)}
    assert (holders, IDENTITY.count("s3:BypassGovernanceRetention")) == ({"retention"}, 1)
    opened = {"s3:ListBucket", "s3:GetBucketObjectLockConfiguration"}
    seen = {"s3:GetObject", "s3:GetObjectRetention"}
    assert may("sealer") == opened | seen | {"s3:PutObject", "s3:PutObjectRetention", "kms:Decrypt", "kms:GenerateDataKey"}
    erases = {
        "s3:ListBucketVersions",
        "s3:GetObjectVersion",
        "s3:GetObjectLegalHold",
        "s3:DeleteObject",
        "s3:DeleteObjectVersion",
    }
    assert may("retention") == opened | seen | erases | {"s3:PutObjectLegalHold", "s3:BypassGovernanceRetention"}
    writes = {"s3:PutObject", "s3:PutObjectRetention", "s3:PutObjectLegalHold"}
    assert may("service") == opened | seen | erases | writes | {"kms:Encrypt", "kms:Decrypt", "kms:GenerateDataKey"}
    assert not re.search(r'"\w+:\w*\*"', IDENTITY)


def test_pushed_versions_are_written_by_the_service_alone_and_read_by_triton() -> None:
    """What is called: app/models/shared, `models sync`."""
    (writes,) = re.findall(r'^resource "aws_iam_role_policy" "pushes" \{\n(.*?)^\}$', IDENTITY, re.MULTILINE | re.DOTALL)
    assert re.search(r'count += var\.pushes_bucket == "" \? 0 : 1', writes)
    assert 'aws_iam_role.pod["service"]' in writes
    assert set(re.findall(r'"(s3:\w+)"', writes)) == {"s3:ListBucket", "s3:GetObject", "s3:PutObject", "s3:DeleteObject"}
    (reads,) = re.findall(r"for role in local\.models_roles : role => \[\n(.*?)\] \}$", IDENTITY, re.MULTILINE | re.DOTALL)
    assert set(re.findall(r'"(s3:\w+)"', reads)) == {"s3:ListBucket", "s3:GetObject"}
    for block in (writes, reads):
        assert "evidence" not in block
        assert not re.search(r"Resource += (\"\*\"|.*:::\*)", block), "a bucket by name"
    assert 'var.pushes_prefix != "" || var.pushes_bucket == "" || var.pushes_bucket != var.models_bucket' in VARIABLES
    assert "var.pushes_bucket" in reads
    assert "local.models_files" in reads
    assert re.search(r'models_roles +=.*var\.pushes_bucket == ""', IDENTITY), "Triton has an identity for pushes alone, too"


def test_whoever_may_be_known_to_aws_in_the_chart_is_given_an_identity_there(render: Render) -> None:
    values = {"extraEnv": {"PENNYPROTECT_KMS_KEYS": "arn:x"}, "models": {"source": "s3", "s3": {"bucket": "models"}}}
    accounts = render({**values, "serviceAccount": {"annotations": {"a": "b"}}})
    named = {
        each["metadata"]["name"].removeprefix("pp-pennyprotect-")
        for each in accounts
        if each["kind"] == "ServiceAccount" and "annotations" in each["metadata"]
    }
    always = set(re.findall(r"^      ([\w-]+) = \[$", IDENTITY, re.MULTILINE))
    some = {
        role for line in re.findall(r"^  \w+_roles\s+= (.*)$", IDENTITY, re.MULTILINE) for role in re.findall(r'"([\w-]+)"', line)
    }
    assert always | some == named - {"pp-pennyprotect"}
    assert IDENTITY.count("for_each        = local.identities") == 1
    assert 'service_account = "pennyprotect-${each.key}"' in IDENTITY


@pytest.mark.parametrize(
    ("schema", "path"),
    [("vendor.compose-spec", "compose.yaml"), ("vendor.dependabot", ".github/dependabot.yaml")]
    + [("vendor.github-workflows", str(path.relative_to(ROOT))) for path in sorted((ROOT / ".github/workflows").glob("*.yaml"))],
)
def test_files_of_others_formats_follow_their_schema(schema: str, path: str) -> None:
    command = [str(TOOLS / "check-jsonschema"), "--builtin-schema", schema, path]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stdout


def test_no_workflow_hands_out_more_than_it_needs() -> None:
    """Read-only by default; what writes is named by the job that does."""
    for path in (ROOT / ".github" / "workflows").glob("*.yaml"):
        text = path.read_text("utf-8")
        assert "\npermissions:\n  contents: read\n" in text
        assert "pull_request_target" not in text


COMPOSE = yaml.safe_load((ROOT / "compose.yaml").read_text("utf-8"))["services"]


def test_compose_keeps_evidence_in_a_bucket_that_locks_and_that_nobody_outside_reaches() -> None:
    server, told = COMPOSE["objects"], ("AWS_S3_BUCKET", "AWS_ENDPOINT_URL_S3", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY")
    told += ("PENNYPROTECT_OBJECTS", "PENNYPROTECT_OBJECTS_SECRET")
    users = {name: each["environment"] for name, each in COMPOSE.items() if "AWS_S3_BUCKET" in each.get("environment", {})}
    assert set(users) == {"service", "sealer", "retention", "bucket"}
    assert len({tuple(env[name] for name in told) for env in users.values()}) == 1
    assert (server["networks"], "ports" in server) == (["inside"], False)
    assert server["environment"]["ROOT_SECRET_ACCESS_KEY"] == users["service"]["PENNYPROTECT_OBJECTS_SECRET"]
    assert users["service"]["PENNYPROTECT_OBJECTS"] == f"http://objects{server['command'][1]}"
    assert server["environment"]["ROOT_ACCESS_KEY_ID"] == "pennyprotect", "BUNDLED_USER of app/settings/servers.py"
    assert server["command"][-3:] == ["--versioning-dir", "/objects/versions", "/objects/data"], "Object Lock needs versions"
    # The service, which takes clips for it, waits until the bucket is there with its lock.
    assert "inside" in COMPOSE["worker-cpu"]["networks"]
    assert COMPOSE["bucket"]["command"] == ["evidence", "bucket"]
    assert COMPOSE["service"]["depends_on"]["bucket"] == {"condition": "service_completed_successfully"}


def test_every_container_of_compose_that_holds_a_storage_key_follows_one_key_ring() -> None:
    holders = {name: each for name, each in COMPOSE.items() if "PENNYPROTECT_SECRET_KEY" in each.get("environment", {})}
    assert set(holders) == {"first-run", "service", "pipeline", "dispatcher"}
    for name, each in holders.items():
        folder = each["environment"]["PENNYPROTECT_KEY_RING"].rpartition("/")[0]
        (mount,) = (volume for volume in each["volumes"] if volume.startswith("keys:"))
        assert mount.split(":")[1] == folder
        assert mount.endswith(":ro") is (name in ("pipeline", "dispatcher"))
    assert "/var/lib/pennyprotect/ring" in (ROOT / "Dockerfile").read_text("utf-8"), "the volume takes its owner from the image"


def test_containers_of_compose_have_no_rights_and_no_moving_tag() -> None:
    for name, each in COMPOSE.items():
        assert not each["image"].endswith(":latest"), name
        if name in ("postgres", "proxy"):  # their images start as root and step down by themselves
            continue
        assert each["read_only"] is True, name
        assert each["cap_drop"] == ["ALL"], name
        assert each["user"] != "0:0" or (name, each["cap_add"], each["network_mode"]) == ("objects-folders", ["CHOWN"], "none")
