"""The `pennyprotect` command: every role of the product, and the tools of its operators.

Imports happen inside commands, so `--help` answers at once and a role loads only what it runs.
"""

import asyncio
import enum
import errno
import json
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from app.audit_command import audit
from app.backup.command import backup, restore
from app.chains_command import chains
from app.evidence_command import evidence
from app.identity.calibration.cli import calibrate
from app.identity.command import enrol, watchlist
from app.keys_command import keys
from app.kit.cores import leave_no_core
from app.kit.errors import BadInputError, PennyError, SetupError
from app.kit.logs import configure, redact
from app.kit.options import AsJson
from app.models.cli import models
from app.planning.command import plan
from app.retention_command import retention
from app.roles_command import roles
from app.settings import settings
from app.tenancy.policy.cli import policy
from app.workers_command import workers

cli = typer.Typer(
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
    help="Store safety, self-hosted: cameras in, handled incidents out. Start with `pennyprotect run`.",
)
cli.add_typer(roles)
models.command()(calibrate)
cli.add_typer(models, name="models")
cli.add_typer(policy, name="policy")
cli.add_typer(audit, name="audit")
cli.add_typer(chains, name="chains")
cli.add_typer(workers, name="workers")
cli.add_typer(evidence, name="evidence")
cli.add_typer(retention, name="retention")
cli.add_typer(watchlist, name="watchlist")
cli.add_typer(keys, name="keys")
cli.command()(enrol)
cli.command()(backup)
cli.command()(restore)
cli.command()(plan)

_DISK_ERRNOS = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EROFS})


def main() -> None:
    """Run the command; an expected error becomes one sentence on stderr (exit 2 for bad input, else 1)."""
    configure("command", level="WARNING")  # a role says more; stdout belongs to the command's answer
    try:
        code = cli(standalone_mode=False)  # what a command's `typer.Exit` carried
    except typer.Abort:
        sys.exit(130)
    except Exception as error:
        if (expected := _expected(error)) is not None:
            sys.stderr.write(f"pennyprotect: {redact(expected.detail)}\n")
            sys.exit(2 if isinstance(expected, BadInputError) else 1)
        show = getattr(error, "show", None)  # click's own usage errors know how to print themselves
        if show is None:
            raise
        show()
        sys.exit(2)
    sys.exit(code if isinstance(code, int) else 0)


def _expected(error: Exception) -> PennyError | None:
    """What to say of an error that has a sentence: it, one inside a task group's, or a disk that takes nothing."""
    if isinstance(error, PennyError):
        return error
    if isinstance(error, ExceptionGroup):
        return next((found for each in error.exceptions if (found := _expected(each)) is not None), None)
    if isinstance(error, OSError) and error.errno in _DISK_ERRNOS:
        where = f" ({error.filename})" if error.filename else ""
        return SetupError(f"The disk cannot be written{where}: {error.strerror}. Free space, or use another disk.")
    return None


@cli.command()
def run(
    tls: Annotated[bool, typer.Option("--tls", help="HTTPS, with a certificate of an authority of its own.")] = False,
) -> None:
    """Set up what is missing and run the whole product on this machine until Ctrl-C."""
    from app.embedded import parts

    chosen = settings().model_copy(update={"tls": True}) if tls else settings()
    if settings().demo and not settings().demo_allowed:
        raise BadInputError("A demonstration runs on loopback only; set PENNYPROTECT_HOST to 127.0.0.1.")
    if chosen.cameras.strip():
        from app.first_run import wanted_cameras

        wanted_cameras(chosen)  # a wrong entry is said before anything is started
    leave_no_core()
    raise typer.Exit(parts.run(chosen))


@cli.command()
def migrate(
    wait: Annotated[
        bool, typer.Option("--wait", help="Change nothing: wait, with any role, until somebody has done it.")
    ] = False,
    seconds: Annotated[float, typer.Option(help="How long to wait.")] = 600.0,
    or_newer: Annotated[
        bool, typer.Option("--or-newer", help="A newer schema is fine: this version was brought back by a roll-back.")
    ] = False,
) -> None:
    """Bring the database at DATABASE_URL up to date (with the owner's role)."""
    from app.migrate import NewerSchemaError, wait_until_made
    from app.migrate import migrate as apply

    configure("migrate", level=settings().log_level)
    url = settings().database_dsn
    if not url:
        raise SetupError("DATABASE_URL is not set; it must name the database, with the role that owns the tables.")
    if wait:
        typer.echo(f"The schema is at migration {asyncio.run(wait_until_made(url, patience_s=seconds))}.")
        return
    try:
        applied = asyncio.run(apply(url))
    except NewerSchemaError as error:
        if not or_newer:
            raise
        typer.echo(
            f"{error.detail.partition(':')[0]}; nothing to do, because migrations only expand and it works on a newer schema."
        )
        return
    typer.echo(f"{len(applied)} migration(s) applied: {', '.join(applied) or 'already up to date'}")


@cli.command("first-run")
def first_run() -> None:
    """Create chain, store, administrator, worker key and cameras where they are missing (owner's role)."""
    from app.first_run import first_run as create

    chosen = settings()
    configure("first-run", level=chosen.log_level)
    asyncio.run(create(chosen, chosen.database_dsn))


class SecretsFor(enum.StrEnum):
    """What reads the secrets."""

    KUBERNETES = "kubernetes"
    COMPOSE = "compose"


@cli.command()
def secrets(
    form: Annotated[SecretsFor, typer.Argument(help="kubernetes: Secret manifests. compose: lines for .env.")],
    name: Annotated[str, typer.Option(help="Name of the Secret, for the chart's `secrets.existingSecret`.")] = "pennyprotect",
    namespace: Annotated[str, typer.Option(help="Namespace of the Secret.")] = "pennyprotect",
) -> None:
    """Make every secret of a new deployment and print it: pipe it to `kubectl create -f -`, or to a file that only you read."""
    from app.deployment import manifests

    values = manifests.make_values()
    if form is SecretsFor.COMPOSE:
        typer.echo(manifests.environment(values), nl=False)
        return
    listed = {"apiVersion": "v1", "kind": "List", "items": manifests.kubernetes(values, name, namespace)}
    typer.echo(json.dumps(listed, indent=2))


@cli.command()
def bench(
    name: Annotated[
        str,
        typer.Argument(
            help="density, latency, pipeline, memory, behaviour, faces, acceptance, review, gait, gallery, audit, policy, access,"
            " probes, sockets, dashboard, overlay, notifications, evidence, tracking, visits, serving, swap, loads, api, scale"
        ),
    ],
    as_json: AsJson = False,
    seconds: Annotated[float, typer.Option(help="Time for each measured part; review: passes before each camera.")] = 20.0,
    data: Annotated[
        Path | None,
        typer.Option(
            help="behaviour: motion capture (.npz), clips or both; faces, review: identity/image.jpg;"
            " acceptance: docs/enrolment.md; gait: motion capture; tracking: MOT folders."
        ),
    ] = None,
    full: Annotated[bool, typer.Option("--full", help="gallery, loads, api: everything, however long it takes.")] = False,
    measured: Annotated[
        Path | None, typer.Option(help="acceptance: what `models calibrate --json` printed, to test that pushed version.")
    ] = None,
    fps: Annotated[
        float | None, typer.Option(min=0.5, max=30, help="swap: frames a second of each camera; else what this machine carries.")
    ] = None,
) -> None:
    """Measure the product on this machine; ratios are taken side by side in one run."""
    from benchmarks.document import run_bench

    configure("bench", level="WARNING")
    document = run_bench(name, seconds, data, full=full, measured=measured, fps=fps)
    if as_json:
        typer.echo(json.dumps(document, indent=2))
        return
    typer.echo(f"{document['name']}: {document['what']}")
    for key, value in document["headline"].items():
        typer.echo(f"  {key:<36} {value}")


@models.command("threshold")
def models_threshold(
    report: Annotated[
        Path, typer.Argument(help="What `pennyprotect bench faces --data DIR --json` wrote, of 100 people or more.")
    ],
    as_json: AsJson = False,
) -> None:
    """Take over the measured threshold of the face models in use, for every store; stores may only raise it."""
    from app.embedded.owner import owner_access
    from app.identity.thresholds.measured import take_over
    from app.inference.face_client import FACE_MODEL, FACE_VERSION

    told = asyncio.run(take_over(owner_access(settings())[0], report, FACE_MODEL, FACE_VERSION))
    for line in [json.dumps(told, indent=2)] if as_json else [f"{key}: {value}" for key, value in told.items()]:
        typer.echo(line)


@cli.command()
def doctor(as_json: AsJson = False) -> None:
    """Examine this machine, the state folder, the models and the servers: what is fine, and what to do."""
    from app.embedded.doctor import examine

    found = asyncio.run(examine(settings()))
    well = all(each.ok for each in found)
    if as_json:
        typer.echo(json.dumps({"ok": well, "checks": [asdict(each) for each in found]}, indent=2))
    else:
        for each in found:
            typer.echo(f"{'ok ' if each.ok else 'FIX'}  {each.name:<18} {each.detail}")
    raise typer.Exit(0 if well else 1)


if __name__ == "__main__":
    main()
