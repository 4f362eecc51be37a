"""`pennyprotect chains create|list`, with the owner's role at the database."""

import asyncio
import json
import secrets
from typing import Annotated, Any

import typer

from app.embedded.owner import owner_access
from app.kit.errors import BadInputError
from app.kit.ids import new_id
from app.kit.options import AsJson
from app.settings import settings

LONGEST = 200
chains = typer.Typer(no_args_is_help=True, help="Chains that share this installation; none sees anything of another.")


@chains.command("create")
def chains_create(
    name: Annotated[str, typer.Argument(help="Name of the chain.")],
    admin: Annotated[str, typer.Option(help="User name of its first administrator; unique on this installation.")],
    store: Annotated[str, typer.Option(help="Name of its first store.")] = "My store",
    as_json: AsJson = False,
) -> None:
    """Make a chain with one store, everything biometric off, and an administrator whose first password is shown this once."""
    from app.auth.passwords import hash_password
    from app.tenancy.chains.repository import NewChain

    username = admin.strip().lower()
    for what, text in (("name", name), ("--store", store), ("--admin", username)):
        if not 1 <= len(text.strip()) <= (100 if what == "--admin" else LONGEST) or not text.isprintable():
            raise BadInputError(f"The {what} is empty, too long, or holds characters that cannot be printed.")
    password = secrets.token_urlsafe(15)
    new = NewChain(new_id(), name.strip(), new_id(), store.strip(), new_id(), username, hash_password(password))
    asyncio.run(_make(owner_access(settings())[0], new))
    made = {"chain_id": str(new.chain_id), "store_id": str(new.store_id), "username": username, "initial_password": password}
    if as_json:
        typer.echo(json.dumps(made, indent=2))
        return
    typer.echo(f"{new.name}: chain {made['chain_id']}, store {made['store_id']}.")
    typer.echo(f"{username} signs in with {password} and then has to choose another password. It is not shown again.")


@chains.command("list")
def chains_list(as_json: AsJson = False) -> None:
    """Every chain with how many stores and users it has."""
    found = asyncio.run(_list(owner_access(settings())[0]))
    for line in [json.dumps(found, indent=2)] if as_json else [_line(each) for each in found]:
        typer.echo(line)


def _line(chain: dict[str, Any]) -> str:
    return f"{chain['chain_id']}  {chain['name']}  {chain['stores']} stores, {chain['users']} users"


async def _make(url: str, new: Any) -> None:
    from app.tenancy.chains import repository

    connection = await repository.connect_owner(url)
    try:
        async with connection.transaction():
            await repository.add(connection, new)
    finally:
        await connection.close(timeout=5)


async def _list(url: str) -> list[dict[str, Any]]:
    from app.tenancy.chains import repository

    connection = await repository.connect_owner(url)
    try:
        found = await repository.listed(connection)
    finally:
        await connection.close(timeout=5)
    return [
        {"chain_id": str(chain), "name": name, "made_at": at.isoformat(), "stores": stores, "users": users}
        for chain, name, at, stores, users in found
    ]
