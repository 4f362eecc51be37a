"""`pennyprotect retention`: delete what is due, now or every hour, and bring database and objects to agree."""

import asyncio
import json
from dataclasses import asdict
from typing import Annotated

import asyncpg
import typer

from app.kit.errors import UnavailableError
from app.settings import settings

retention = typer.Typer(no_args_is_help=True, help="How long evidence stays: delete what is due, now or every hour.")
AWAY = "The database does not answer; start the product, or set DATABASE_URL with the role pennyprotect_retention."


@retention.command()
def run(as_json: Annotated[bool, typer.Option("--json", help="One JSON document on stdout and nothing else.")] = False) -> None:
    """Delete what is due, end exports whose links are over, remove objects nobody needs, name pieces whose bytes are gone."""
    from app.embedded.running import database_address
    from app.evidence.retention_run import Retention, Tally
    from app.evidence.storage import Storage
    from app.kit.clock import now
    from app.kit.postgres import connect_pool

    async def work() -> Tally:
        try:
            pool = await connect_pool(database_address(settings(), "retention"), role="retention", largest=2)
        except (asyncpg.PostgresError, OSError, TimeoutError) as error:
            raise UnavailableError(AWAY) from error
        try:
            return await Retention(pool, Storage(settings()), settings().tracks_days).once(now())
        finally:
            pool.terminate()

    done = asdict(asyncio.run(work()))
    typer.echo(
        json.dumps(done, indent=2) if as_json else ", ".join(f"{name.replace('_', ' ')}: {each}" for name, each in done.items())
    )
