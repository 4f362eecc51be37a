"""`pennyprotect workers create|list|revoke|stores`: keys for workers that stand in stores, with the owner's database role."""

import asyncio
import json
import uuid
from collections.abc import Awaitable, Callable
from typing import Annotated, Any, TypeVar

import typer

from app.embedded.owner import owner_access
from app.kit.errors import BadInputError
from app.kit.options import AsJson
from app.settings import settings

LONGEST = 200
T = TypeVar("T")
workers = typer.Typer(
    no_args_is_help=True, help="Keys for workers that stand in stores and join a region over HTTPS (docs/deploy.md)."
)


@workers.command("create")
def workers_create(
    name: Annotated[str, typer.Argument(help="Name of the key, such as the store's.")],
    store: Annotated[list[str], typer.Option(help="Id or name of a store; again for more of one chain.")],
    as_json: AsJson = False,
) -> None:
    """Make a key that gets cameras of these stores and no other; shown this once. From then on nobody else gets them.

    Several keys of one store are of the same stores: workers share a store's cameras with those that reach the same alone.
    """
    from app.auth.tokens import opaque_token, token_hash
    from app.tenancy.api_keys import worker_repository as worker_keys

    if not 1 <= len(name.strip()) <= LONGEST or not name.isprintable():
        raise BadInputError("The name is empty, too long, or holds characters that cannot be printed.")
    secret = opaque_token()

    async def make(connection: Any) -> dict[str, Any]:
        chain_id, stores = await worker_keys.find_stores(connection, store)
        key_id = await worker_keys.add(connection, chain_id, stores, name.strip(), token_hash(secret))
        return {"id": str(key_id), "chain_id": str(chain_id), "store_ids": [str(each) for each in stores], "worker_key": secret}

    made = _as_owner(make)
    typer.echo(json.dumps(made, indent=2) if as_json else made["worker_key"])


@workers.command("list")
def workers_list(as_json: AsJson = False) -> None:
    """Every such key, without its secret."""
    from app.tenancy.api_keys import worker_repository as worker_keys

    found = [
        {
            "id": str(each["id"]), "name": each["name"], "chain": each["chain"], "stores": each["stores"],
            "made_at": each["created_at"].isoformat(), "revoked_at": each["revoked_at"] and each["revoked_at"].isoformat(),
        }
        for each in _as_owner(worker_keys.listed)
    ]  # fmt: skip
    lines = [
        f"{each['id']}  {each['name']}  {', '.join(each['stores'])}{'  (revoked)' if each['revoked_at'] else ''}"
        for each in found
    ]
    for line in [json.dumps(found, indent=2)] if as_json else lines:
        typer.echo(line)


@workers.command("stores")
def workers_stores(as_json: AsJson = False) -> None:
    """Every store with its id."""
    from app.tenancy.api_keys import worker_repository as worker_keys

    found = [{"id": str(each["id"]), "name": each["name"], "chain": each["chain"]} for each in _as_owner(worker_keys.stores)]
    lines = [f"{each['id']}  {each['name']}  ({each['chain']})" for each in found]
    for line in [json.dumps(found, indent=2)] if as_json else lines:
        typer.echo(line)


@workers.command("revoke")
def workers_revoke(key: Annotated[str, typer.Argument(help="Id of the key.")]) -> None:
    """It answers no more, within two seconds; the stores' cameras are anybody's again."""
    from app.tenancy.api_keys import worker_repository as worker_keys

    try:
        key_id = uuid.UUID(key)
    except ValueError:
        raise BadInputError(f"{key[:60]!r} is no id; `pennyprotect workers list` shows them.") from None
    _as_owner(lambda connection: worker_keys.revoke(connection, key_id))


def _as_owner(work: Callable[[Any], Awaitable[T]]) -> T:
    """In one transaction of the owner's role."""
    from app.tenancy.chains import repository

    async def run() -> T:
        connection = await repository.connect_owner(owner_access(settings())[0])
        try:
            async with connection.transaction():
                return await work(connection)
        finally:
            await connection.close(timeout=5)

    return asyncio.run(run())
