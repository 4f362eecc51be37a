"""`pennyprotect audit`: verify the ledgers, export them."""

import asyncio
import json
import signal
import sys
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Annotated, Any

import asyncpg
import typer

from app.embedded.running import database_address
from app.kit.errors import PennyError, UnavailableError
from app.kit.options import AsJson
from app.settings import settings

audit = typer.Typer(no_args_is_help=True, help="The record of who did what: verify that it is whole, hand it on.")
AWAY = "The database does not answer; start the product, or set DATABASE_URL with the role pennyprotect_sealer."
FOLLOW_S = 1.0
LONGEST_WAIT_S = 60.0


def _with_ledgers(work: Callable[[Any], Awaitable[int]]) -> int:
    """Run `work` with a pool of the sealer's role; its exit code."""
    from app.audit.ledger_repository import open_ledgers

    async def run() -> int:
        try:
            pool = await open_ledgers(database_address(settings(), "sealer"))
        except (asyncpg.PostgresError, OSError, TimeoutError) as error:
            raise UnavailableError(AWAY) from error
        try:
            return await work(pool)
        finally:
            pool.terminate()

    return asyncio.run(run())


@audit.command()
def verify(
    as_json: AsJson = False,
    every_anchor: Annotated[
        bool, typer.Option(help="Compare with every anchor, not the newest 500 and one of each day.")
    ] = False,
) -> None:
    """Recompute every hash and compare with the anchors. Exit code 1, and the first broken row, unless everything holds."""
    from app.audit.places import open_anchors
    from app.audit.verify import verify_all

    anchors = open_anchors(settings())

    async def work(pool: Any) -> int:
        began = time.monotonic()
        findings = await verify_all(pool, anchors, every_anchor=every_anchor, record=True, progress=_show_rows)
        seconds = time.monotonic() - began
        if sys.stderr.isatty():
            sys.stderr.write("\r\033[K")
        whole = all(finding.broken is None for finding in findings)
        rows = sum(finding.rows for finding in findings)
        if as_json:
            ledgers = [_finding(finding) for finding in findings]
            found = {"whole": whole, "rows": rows, "seconds": round(seconds, 3), "anchors": anchors.where, "ledgers": ledgers}
            typer.echo(json.dumps(found, indent=2))
            return 0 if whole else 1
        for finding in findings:
            verdict = finding.broken.says if finding.broken else "whole"
            typer.echo(f"{finding.ledger}  {finding.rows} rows, {finding.anchors} anchors agree: {verdict}")
        typer.echo(f"{'Whole' if whole else 'BROKEN'}: {rows} rows in {seconds:.1f} s, anchors of {anchors.where}.")
        return 0 if whole else 1

    raise typer.Exit(_with_ledgers(work))


def _finding(finding: Any) -> dict[str, Any]:
    broken = finding.broken and {"kind": finding.broken.kind, "sequence": finding.broken.sequence, "says": finding.broken.says}
    head = {"ledger": str(finding.ledger), "rows": finding.rows, "anchors_agreed": finding.anchors}
    return {**head, "whole": broken is None, "broken": broken}


def _show_rows(rows: int) -> None:
    if sys.stderr.isatty():
        sys.stderr.write(f"\r\033[K{rows} rows verified")


@audit.command()
def export(
    syslog: Annotated[str, typer.Option(help="tls://host:6514, tcp:// or udp://: send CEF there instead of writing lines.")] = "",
    follow: Annotated[bool, typer.Option(help="Go on sending what is sealed, until stopped.")] = False,
    authority: Annotated[str, typer.Option(help="File of certificates to trust, for a server of your own (tls).")] = "",
) -> None:
    """Every sealed row: as JSON lines on stdout, or as CEF to a syslog server, which resumes where it stopped."""
    if not syslog:
        raise typer.Exit(_with_ledgers(_write_lines))
    from app.audit.syslog import parse_target

    target = parse_target(syslog)

    async def work(pool: Any) -> int:
        return await _send(pool, target, authority or None, follow=follow)

    raise typer.Exit(_with_ledgers(work))


async def _write_lines(pool: Any) -> int:
    from app.audit.formats import as_line
    from app.audit.ledger_repository import all_ledgers, read_ledger, reading

    async with reading(pool) as connection:
        for ledger in await all_ledgers(connection):
            async for rows in read_ledger(connection, ledger):
                sys.stdout.buffer.write(b"".join(as_line(ledger, row) for row in rows))
    sys.stdout.buffer.flush()
    return 0


async def _send(pool: Any, target: Any, authority: str | None, *, follow: bool) -> int:
    """Until everything is sent; with `follow` until stopped, through outages of the receiver."""
    from app.audit.syslog import Sender, export_once
    from app.kit.backoff import Backoff
    from app.kit.version import product_version

    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    sent, failures, backoff = 0, 0, Backoff(first_s=1.0, longest_s=LONGEST_WAIT_S)
    while not stop.is_set():
        sender = Sender(target, authority=authority)
        try:
            await sender.open()
            while not stop.is_set():
                count = await export_once(pool, sender, target.name, product_version())
                sent, failures = sent + count, 0
                if not count and not follow:
                    stop.set()
                elif not count:
                    await _wait(stop, FOLLOW_S)
        except (PennyError, asyncpg.PostgresError, OSError) as error:
            if not follow:
                raise
            sys.stderr.write(f"pennyprotect: {error}\n")
            await _wait(stop, backoff.delay_s(failures))
            failures += 1
        finally:
            await sender.close()
    typer.echo(f"{sent} rows sent to {target.name}", err=True)
    return 0


async def _wait(stop: asyncio.Event, seconds: float) -> None:
    with suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await stop.wait()
