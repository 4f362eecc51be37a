"""compose.yaml asks for nothing that `pennyprotect secrets compose` does not make; evidence goes where each kind of .env says."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from app.deployment.manifests import environment, make_values
from app.embedded.postgres import ROLES
from app.settings import Settings

COMPOSE = (Path(__file__).resolve().parents[3] / "compose.yaml").read_text("utf-8")
FRESH = {"OBJECTS_SECRET": "made"}
AMAZON = {
    "AWS_S3_BUCKET": "theirs",
    "AWS_REGION": "eu-central-1",
    "AWS_ACCESS_KEY_ID": "AKIA",
    "AWS_SECRET_ACCESS_KEY": "s",
}
ELSEWHERE = "https://s3.inner.example:9000"


class MissingError(Exception):
    """Compose stops before it starts anything, with this sentence."""


def interpolated(text: str, given: dict[str, str]) -> str:
    """As compose reads it; what stands in a default is no further variable here."""

    def value(found: re.Match[str]) -> str:
        name, operator, word = found["name"], found["operator"] or "", found["word"] or ""
        there = name in given and (given[name] != "" or not operator.startswith(":"))
        if operator.endswith("?") and not there:
            raise MissingError(f"required variable {name} is missing a value: {word}")
        if operator.endswith("-") and not there:
            return word
        return given.get(name, "")

    return re.sub(r"\$\{(?P<name>\w+)(?:(?P<operator>:?[-?])(?P<word>[^{}]*))?\}", value, text)


def told(role: str, given: dict[str, str]) -> dict[str, str]:
    """What compose tells a container about the bucket."""
    variables = yaml.safe_load(COMPOSE)["services"][role]["environment"]
    about = {name: text for name, text in variables.items() if name.startswith("AWS_") or "OBJECTS" in name}
    return {name: interpolated(text, given) for name, text in about.items()}


def test_every_variable_that_compose_demands_is_made() -> None:
    made = {line.split("=", 1)[0] for line in environment(make_values()).splitlines() if "=" in line and not line.startswith("#")}
    assert set(re.findall(r"\$\{([A-Z0-9_]+):\?", COMPOSE)) <= made


def test_every_database_role_gets_its_login() -> None:
    (line,) = re.findall(r"ROLE_PASSWORDS: (.*)", COMPOSE)
    assert set(re.findall(r"(\w+)=\$\{", line)) == set(ROLES)


@pytest.mark.parametrize("role", ["bucket", "service", "sealer", "retention"])
@pytest.mark.parametrize(
    ("given", "bucket", "access", "grants"),
    [
        pytest.param(FRESH, "pennyprotect", ("pennyprotect", "made", "http://objects:7070"), False, id="ours"),
        pytest.param(
            FRESH | {name: AMAZON[name] for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY")},
            "pennyprotect", ("pennyprotect", "made", "http://objects:7070"), False, id="ours-and-keys-for-something-else",
        ),
        pytest.param(FRESH | AMAZON, "theirs", ("AKIA", "s", ""), True, id="amazon"),
        pytest.param(
            FRESH | AMAZON | {"AWS_ENDPOINT_URL_S3": ""}, "theirs", ("AKIA", "s", ""), True, id="amazon-named"
        ),
        pytest.param(FRESH | {"AWS_S3_BUCKET": "b"}, "b", ("", "", ""), True, id="amazon-by-the-machine-s-role"),
        pytest.param(FRESH | AMAZON | {"AWS_ENDPOINT_URL_S3": ELSEWHERE}, "theirs", ("AKIA", "s", ELSEWHERE), True, id="s"),
        pytest.param(FRESH | {"AWS_S3_BUCKET": ""}, "", None, None, id="older-than-the-bucket"),
    ],
)  # fmt: skip
def test_each_kind_of_env_reaches_the_bucket_that_it_means(
    role: str, given: dict[str, str], bucket: str, access: tuple[str, str, str] | None, grants: bool | None
) -> None:
    found = Settings(_env_file=None, **told(role, given))  # type: ignore[arg-type]
    assert found.s3_bucket == bucket
    if access is not None:
        assert (found.s3_access, not found.bucket_is_bundled) == (access, grants)


@pytest.mark.parametrize("given", [{}, AMAZON, {"AWS_S3_BUCKET": ""}])
def test_an_env_without_the_server_s_secret_starts_nothing_and_is_told_where_it_is_made(given: dict[str, str]) -> None:
    for role in ("bucket", "service"):
        with pytest.raises(
            MissingError, match=r"OBJECTS_SECRET is missing a value: add it to \.env as the head of compose\.yaml says"
        ):
            told(role, given)
    head = COMPOSE[: COMPOSE.index("name: pennyprotect")]
    assert 'echo "OBJECTS_SECRET=$(openssl rand -hex 32)" >> .env' in head


def test_the_container_that_makes_the_bucket_ends_well_where_evidence_stays_in_the_volume(tmp_path: Path) -> None:
    command = yaml.safe_load(COMPOSE)["services"]["bucket"]["command"]
    clean = {name: text for name, text in os.environ.items() if not name.startswith(("AWS_", "PENNYPROTECT_"))}
    env = clean | told("bucket", FRESH | {"AWS_S3_BUCKET": ""}) | {"PENNYPROTECT_HOME": str(tmp_path)}
    done = subprocess.run(
        [sys.executable, "-m", "app.cli", *command], env=env, capture_output=True, text=True, timeout=120, check=False
    )
    assert (done.returncode, done.stdout.strip()) == (0, "AWS_S3_BUCKET is empty: evidence lies in the state folder.")
