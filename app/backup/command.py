"""`pennyprotect backup` and `pennyprotect restore`."""

import json
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from app.backup.manifest import digest
from app.kit.logs import configure
from app.kit.options import AsJson
from app.settings import settings


def backup(
    to: Annotated[Path, typer.Option("--to", help="An empty or new folder, best on another disk.")],
    with_secrets: Annotated[
        bool, typer.Option("--with-secrets", help="The keys too: whoever holds the back-up can then read camera passwords.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Back up this machine's database, objects and audit anchors, while the product runs or not."""
    from app.backup.dump import back_up

    configure("backup", level="WARNING")
    made = back_up(settings(), to, with_secrets=with_secrets)
    if as_json:
        typer.echo(json.dumps({"folder": str(to.absolute()), "digest": digest(made), **asdict(made)}, indent=2))
        return
    size = sum(each.size for each in made.files)
    typer.echo(f"{len(made.files)} files, {size / 1e6:.1f} MB, migration {made.migration}, digest {digest(made)}")
    if not made.secrets:
        typer.echo(f"Without secrets: keep {settings().home.absolute() / 'secrets.json'} elsewhere, a restore needs it.")


def restore(
    source: Annotated[Path, typer.Option("--from", help="Folder that `pennyprotect backup` made.")],
    secrets_from: Annotated[
        Path | None, typer.Option("--secrets-from", help="The kept secrets.json, where the back-up holds none.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Restore a back-up into an empty PENNYPROTECT_HOME and verify its audit; exit code 1 where the audit does not hold."""
    from app.backup.restore import restore as read_back

    configure("restore", level="WARNING")
    done = read_back(settings(), source, secrets_from=secrets_from)
    broken = [each.broken.says for each in done.audit if each.broken is not None]
    rows = sum(each.rows for each in done.audit)
    if as_json:
        found = {
            "home": str(settings().home.absolute()), "digest": digest(done.manifest), "made_at": done.manifest.made_at,
            "migrated": done.migrated, "audit_rows": rows, "audit_whole": not broken, "audit_broken": broken,
        }  # fmt: skip
        typer.echo(json.dumps(found, indent=2))
    else:
        typer.echo(f"Restored what was backed up at {done.manifest.made_at}; {len(done.migrated)} migration(s) applied.")
        typer.echo(f"Audit: {rows} rows, {'whole' if not broken else 'BROKEN: ' + broken[0]}")
    raise typer.Exit(1 if broken else 0)
