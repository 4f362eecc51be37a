"""`pennyprotect evidence`: fetch a package by its link, verify one offline, and make the bucket that evidence lies in."""

import json
import time
from pathlib import Path
from typing import Annotated

import typer

from app.kit.errors import BadInputError, UnavailableError

evidence = typer.Typer(no_args_is_help=True, help="Packages of evidence: fetch one by its link, verify one without a network.")
AsJson = Annotated[bool, typer.Option("--json", help="One JSON document on stdout and nothing else.")]
FETCH_S = 300


@evidence.command()
def bucket(
    seconds: Annotated[float, typer.Option(help="How long to wait for a server that does not answer yet.", min=0)] = 60.0,
    as_json: AsJson = False,
) -> None:
    """Make the bucket AWS_S3_BUCKET with Object Lock where there is none, and say whether it locks."""
    import asyncio

    from app.kit.backoff import Backoff
    from app.kit.objects import s3
    from app.kit.objects.store import ObjectStoreError
    from app.settings import settings

    given = settings()
    if not given.s3_bucket:
        raise BadInputError("AWS_S3_BUCKET is not set; name the bucket.")

    async def prepare() -> dict[str, object]:
        key_id, secret = given.aws_access_key_id.get_secret_value(), given.aws_secret_access_key.get_secret_value()
        client = s3.make_client(given.aws_region, key_id, secret, given.s3_endpoint)
        ends, backoff, failures = time.monotonic() + seconds, Backoff(first_s=0.5, longest_s=5.0), 0
        while True:
            try:
                made = await s3.make_bucket(client, given.s3_bucket, given.aws_region)
                return {"bucket": given.s3_bucket, "made": made, "locks": (await s3.connect(client, given.s3_bucket)).locks}
            except ObjectStoreError:
                if time.monotonic() > ends:
                    raise
                await asyncio.sleep(backoff.delay_s(failures))
                failures += 1

    found = asyncio.run(prepare())
    if as_json:
        typer.echo(json.dumps(found, indent=2))
        return
    typer.echo(f"{found['bucket']}: {'made' if found['made'] else 'was there'}, Object Lock {'on' if found['locks'] else 'OFF'}.")


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
