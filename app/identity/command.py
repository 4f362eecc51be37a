"""`pennyprotect enrol` and `pennyprotect watchlist list|import|export`."""

import json
import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from app.identity.models import Source
from app.kit.options import AsJson
from app.settings import settings

watchlist = typer.Typer(no_args_is_help=True, help="Lists of a store and who is on them, through the running service.")
Store = Annotated[str, typer.Option(help="Id or name of the store; not needed where there is one.")]
OfList = Annotated[str, typer.Option("--list", help="Id or name of the list; not needed where the store has one.")]


@watchlist.command("list")
def list_lists(store: Store = "", as_json: AsJson = False) -> None:
    """The store's lists with how many people are on each, and what waits for approval."""
    from app.identity.importing.work import lists_of
    from app.tenancy.policy.command import ServiceClient

    found = lists_of(ServiceClient(settings().home), store)
    if as_json:
        typer.echo(json.dumps({"lists": found}, indent=2))
        return
    for each in found:
        typer.echo(
            f"{each['id']}  {each['name']}  ({each['category']}): {each['approved']} approved, {each['proposed']} proposed"
        )


@watchlist.command("import")
def import_list(
    file: Annotated[Path, typer.Argument(help="CSV; column `picture` names a file in the same folder. See docs/enrolment.md.")],
    of_list: OfList = "",
    store: Store = "",
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Check every row and picture; store nothing.")] = False,
    draft: Annotated[bool, typer.Option("--draft", help="Make drafts that are proposed later.")] = False,
    as_json: AsJson = False,
) -> None:
    """Propose many people, each through the same gates as one; another person approves. Exit code 1 where any was refused."""
    from app.identity.importing.work import Importer, import_file, target_of
    from app.tenancy.policy.command import ServiceClient

    client = ServiceClient(settings().home)
    importer = Importer(client, target_of(client, store, of_list), dry=dry_run, draft=draft)
    report = {"dry_run": dry_run, **import_file(file, importer, _progress)}
    if as_json:
        typer.echo(json.dumps(report, indent=2))
    else:
        for row in report["refused"]:
            typer.echo(f"line {row['line']} ({row['picture']}): {row['why']}")
        done = "would be proposed" if dry_run else "were made drafts" if draft else "were proposed"
        typer.echo(f"{len(report['accepted'])} of {report['rows']} rows {done}, {len(report['refused'])} were refused.")
    raise typer.Exit(1 if report["refused"] else 0)


@watchlist.command("export")
def export_list(
    to: Annotated[Path, typer.Argument(help="Where to write the CSV; readable by you alone.")],
    of_list: OfList = "",
    store: Store = "",
    as_json: AsJson = False,
) -> None:
    """Write who is on a list, why and until when; no pictures and no templates leave. The export stands in the audit."""
    from app.identity.importing.work import export_file
    from app.tenancy.policy.command import ServiceClient

    written = export_file(ServiceClient(settings().home), store, of_list, to)
    typer.echo(json.dumps({"written": str(to), "entries": written}) if as_json else f"{written} entries written to {to}.")


def enrol(
    picture: Annotated[Path, typer.Argument(help="JPEG or PNG with exactly one face.")],
    reason: Annotated[str, typer.Option(help="What the person did.")],
    incident: Annotated[str, typer.Option(help="Id of the incident it rests on.")],
    source: Annotated[Source, typer.Option(help="Where the picture comes from.")],
    evidence: Annotated[str, typer.Option(help="Reference of what proves it.")],
    review_on: Annotated[str, typer.Option(help="Day it is looked at again, as 2026-09-01.")],
    expires_at: Annotated[str, typer.Option(help="Its end, as 2026-09-01T00:00:00Z.")],
    age_basis: Annotated[str, typer.Option(help="How age and vulnerability are known.")],
    under_18: Annotated[bool, typer.Option("--under-18/--adult", help="Nothing infers it.")],
    vulnerable: Annotated[bool, typer.Option("--vulnerable/--not-vulnerable", help="Nothing infers it.")],
    name: str = "",
    of_list: OfList = "",
    store: Store = "",
    exception_reason: str = "",
    notice_given_on: str = "",
    notice_how: str = "",
    notice_withheld: str = "",
    override_reason: str = "",
    draft: Annotated[bool, typer.Option("--draft", help="Keep it as a draft; propose it later.")] = False,
    as_json: AsJson = False,
) -> None:
    """Propose one person for a list, with every ground; another person approves."""
    from app.identity.importing.work import enrol_one, target_of
    from app.tenancy.policy.command import ServiceClient

    said: dict[str, Any] = {
        "reason": reason, "incident_id": incident, "source": source.value, "evidence": evidence, "review_on": review_on,
        "expires_at": expires_at, "age_basis": age_basis, "under_18": str(under_18), "vulnerable": str(vulnerable), "name": name,
        "exception_reason": exception_reason, "notice_given_on": notice_given_on, "notice_how": notice_how,
        "notice_withheld": notice_withheld, "override_reason": override_reason,
    }  # fmt: skip
    client = ServiceClient(settings().home)
    made = enrol_one(client, target_of(client, store, of_list), picture, said, draft=draft)
    made.pop("line")
    typer.echo(json.dumps(made, indent=2) if as_json else f"Enrolment {made['enrolment_id']} is {made['state']}.")


def _progress(done: int, total: int) -> None:
    if sys.stderr.isatty():
        sys.stderr.write(f"\r\033[K{done} of {total}" + ("\n" if done == total else ""))
