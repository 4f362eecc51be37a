"""`pennyprotect keys`: which keys protect stored secrets, and new ones while the product runs."""

import asyncio
import json
from collections.abc import Callable
from functools import partial
from importlib import import_module
from typing import Annotated, Any

import typer

from app.kit.logs import configure
from app.settings import settings

keys = typer.Typer(no_args_is_help=True, help="Keys that protect stored secrets: see them (never their bytes), rotate them.")
AsJson = Annotated[bool, typer.Option("--json", help="One JSON document on stdout and nothing else.")]


def _with_keys(work: Callable[..., Any], as_json: bool) -> None:
    """Do it with the owner's role: DATABASE_URL, or the embedded server of this state folder."""
    from app.embedded.owner import owner_access
    from app.first_run import open_vault_of

    configure("keys", level="WARNING")
    url, chosen = owner_access(settings())
    found: dict[str, Any] = asyncio.run(work(url, partial(open_vault_of, chosen)))
    for line in [json.dumps(found, indent=2)] if as_json else [f"{key}: {value}" for key, value in found.items()]:
        typer.echo(line)


@keys.command("rotate")
def rotate_keys(as_json: AsJson = False) -> None:
    """New keys for everything, while the product runs; older keys are removed once nothing needs them."""
    _with_keys(import_module("app.tenancy.keys.command").rotate, as_json)


@keys.command("rotate-templates")
def rotate_templates(as_json: AsJson = False) -> None:
    """A new secret rotation for stored templates, while the product runs: vectors of a stolen copy fit nothing any more."""
    _with_keys(import_module("app.identity.templates.command").rotate_templates, as_json)


@keys.command("status")
def keys_status(as_json: AsJson = False) -> None:
    """Which keys there are, by id, and how many values each protects."""
    _with_keys(import_module("app.tenancy.keys.command").status, as_json)
