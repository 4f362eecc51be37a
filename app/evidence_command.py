"""`pennyprotect evidence`: fetch a package by its link, verify one offline, and make the bucket that evidence lies in."""

import json
import time
from pathlib import Path
from typing import Annotated

import typer

from app.kit.errors import BadInputError, ConflictError, UnavailableError
from app.kit.options import AsJson
from app.settings import Settings, settings

evidence = typer.Typer(no_args_is_help=True, help="Packages of evidence: fetch one by its link, verify one without a network.")
FETCH_S = 300


@evidence.command()
def bucket(
    seconds: Annotated[float, typer.Option(help="How long to wait for a server that does not answer yet.", min=0)] = 60.0,
    without_lock: Annotated[
        bool, typer.Option("--without-lock", help="A bucket that exists without Object Lock will do.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Make the bucket AWS_S3_BUCKET with Object Lock where there is none. Exit code 1 where one is there that does not lock."""
    import asyncio

    given = settings()
    if not given.s3_bucket:
        typer.echo(json.dumps({"bucket": ""}) if as_json else "AWS_S3_BUCKET is empty: evidence lies in the state folder.")
        return
    made, locks = asyncio.run(_prepare(given, seconds))
    if not locks and not without_lock:
        raise ConflictError(
            f"The bucket {given.s3_bucket} has no Object Lock, which a bucket is given when it is made: name another one in"
            " AWS_S3_BUCKET, or say --without-lock if whoever may delete its objects may remove evidence and the audit's anchors."
        )
    if as_json:
        typer.echo(json.dumps({"bucket": given.s3_bucket, "made": made, "locks": locks}, indent=2))
        return
    typer.echo(f"{given.s3_bucket}: {'made' if made else 'was there'}, Object Lock {'on' if locks else 'OFF'}.")


async def _prepare(given: Settings, seconds: float) -> tuple[bool, bool]:
    """(whether it was made, whether it locks). A refusal is one at once; who does not answer yet is asked again."""
    import asyncio

    from app.kit.backoff import Backoff
    from app.kit.objects import s3
    from app.kit.objects.store import ObjectStoreError

    client = s3.make_client(given.aws_region, *given.s3_access)
    ends, backoff, failures = time.monotonic() + seconds, Backoff(first_s=0.5, longest_s=5.0), 0
    while True:
        try:
            made = await s3.make_bucket(client, given.s3_bucket, given.aws_region)
            return made, (await s3.connect(client, given.s3_bucket)).locks
        except ObjectStoreError as error:
            if s3.code_of(error) or time.monotonic() > ends:
                raise
            await asyncio.sleep(backoff.delay_s(failures))
            failures += 1


@evidence.command()
def verify(
    package: Annotated[Path, typer.Argument(help="The exported package.")],
    key: Annotated[str, typer.Option(help="Fingerprint of the key that must have signed it.")] = "",
    as_json: AsJson = False,
) -> None:
    """Recompute every hash and check the signature. Exit code 1, and what changed, unless everything is as it was signed."""
    from app.evidence.package import verify as examine

    found = examine(package, key)
    if as_json:
        document = {
            "whole": found.whole,
            "findings": list(found.findings),
            "fingerprint": found.fingerprint,
            "files": found.files,
        }
        about = {name: found.manifest.get(name) for name in ("evidence", "export", "software")}
        typer.echo(json.dumps({**document, "size_bytes": found.size, **about}, indent=2))
        raise typer.Exit(0 if found.whole else 1)
    for finding in found.findings:
        typer.echo(f"CHANGED  {finding}")
    typer.echo(
        f"{'Whole' if found.whole else 'NOT WHOLE'}: {found.files} files, {found.size} bytes, key {found.fingerprint or '-'}"
    )
    if found.whole and not key:
        typer.echo("Compare the key's fingerprint with the one you were told, or give it with --key.", err=True)
    raise typer.Exit(0 if found.whole else 1)


@evidence.command()
def export(
    link: Annotated[str, typer.Argument(help="The export's link, as the dashboard showed it.")],
    to: Annotated[Path, typer.Option(help="Where to write the package.")],
    as_json: AsJson = False,
) -> None:
    """Fetch a package by its link, write it whole, and verify it."""
    from app.evidence.package import verify as examine
    from app.kit.objects.files import write_whole

    to.parent.mkdir(parents=True, exist_ok=True)
    write_whole(to, _fetch(link))
    found = examine(to)
    if as_json:
        document = {"written": str(to), "whole": found.whole, "findings": list(found.findings), "fingerprint": found.fingerprint}
        typer.echo(json.dumps({**document, "size_bytes": found.size}, indent=2))
    else:
        typer.echo(f"{to}: {found.size} bytes, {'whole' if found.whole else 'NOT WHOLE: ' + '; '.join(found.findings)}")
    raise typer.Exit(0 if found.whole else 1)


def _fetch(link: str) -> bytes:
    import asyncio

    import aiohttp

    if not link.startswith(("https://", "http://")) or "/api/v1/public/exports/" not in link:
        raise BadInputError("A link looks like https://penny.example/api/v1/public/exports/..., as the dashboard shows it.")

    async def ask() -> bytes:
        limit = aiohttp.ClientTimeout(total=FETCH_S)
        async with aiohttp.ClientSession(timeout=limit) as session, session.get(link, allow_redirects=False) as answer:
            body = await answer.read()
            if answer.status != 200:
                raise BadInputError(f"The link was refused (status {answer.status}): {_detail(body)}")
            return body

    try:
        return asyncio.run(ask())
    except (aiohttp.ClientError, TimeoutError, OSError) as error:
        raise UnavailableError("The service of the link does not answer.") from error


def _detail(body: bytes) -> str:
    try:
        return str(json.loads(body).get("detail", ""))
    except (ValueError, AttributeError):
        return ""
