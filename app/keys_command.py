"""`pennyprotect keys`: which keys protect stored secrets, and new ones while the product runs."""

import asyncio
import json
from collections.abc import Callable
from functools import partial
from importlib import import_module
from typing import Annotated, Any

import typer

from app.kit.errors import BadInputError, SetupError
from app.kit.logs import configure
from app.kit.options import AsJson
from app.settings import settings

keys = typer.Typer(no_args_is_help=True, help="Keys that protect stored secrets: see them (never their bytes), rotate them.")


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
    """New keys for everything, while the product runs; older keys are removed once nothing needs them.

    With a ring that this process cannot write (a cluster's Secret) its current key is used; `keys ring` changes such a ring.
    """
    _with_keys(import_module("app.tenancy.keys.command").rotate, as_json)


@keys.command("ring")
def key_ring(
    add: Annotated[bool, typer.Option("--add", help="With a new key, which opens but does not wrap yet.")] = False,
    use: Annotated[str, typer.Option(help="Id of the key that wraps from now on.")] = "",
    without: Annotated[str, typer.Option(help="Id of a key that `keys rotate` said is unneeded.")] = "",
) -> None:
    """Print the key ring, changed as asked, for the Secret that holds it: on stdout the keys themselves, on stderr their ids."""
    from app.kit.keys.ring import FileRing, text_of, with_current, with_new_key, without_key

    if sum(map(bool, (add, use, without))) > 1:
        raise BadInputError("Give one of --add, --use and --without: everybody must have the ring before the next step.")
    chosen = settings()
    first = chosen.secret_key.get_secret_value()
    if not first:
        raise SetupError("PENNYPROTECT_SECRET_KEY is not set; run this where the service's settings are (docs/deploy.md).")
    ring = FileRing(chosen.key_ring_file, first).ring()
    said = f"current {ring.current}"
    if add:
        ring, key_id = with_new_key(ring)
        said = f"added {key_id}; current {ring.current}"
    elif use:
        ring = with_current(ring, use)
        said = f"current {use}"
    elif without:
        ring = without_key(ring, without)
        said = f"removed {without}; current {ring.current}"
    typer.echo(text_of(ring), nl=False)
    typer.echo(said, err=True)


@keys.command("rotate-templates")
def rotate_templates(as_json: AsJson = False) -> None:
    """A new secret rotation for stored templates, while the product runs: vectors of a stolen copy fit nothing any more."""
    _with_keys(import_module("app.identity.templates.command").rotate_templates, as_json)


@keys.command("status")
def keys_status(as_json: AsJson = False) -> None:
    """Which keys there are, by id, and how many values each protects."""
    _with_keys(import_module("app.tenancy.keys.command").status, as_json)
