"""`pennyprotect policy show|set|report`."""

import json
from pathlib import Path
from typing import Annotated

import typer

from app.kit.errors import BadInputError
from app.kit.options import AsJson
from app.settings import settings

policy = typer.Typer(
    no_args_is_help=True, help="A store's site policy: what is on, propose, switch off, the annex for an assessment."
)
Store = Annotated[str, typer.Option(help="Id or name of the store; not needed where there is one.")]


@policy.command("show")
def policy_show(store: Store = "", as_json: AsJson = False) -> None:
    """What is on, what is proposed and what is missing."""
    from app.tenancy.policy.command import show

    standing = show(settings().home, store)
    if as_json:
        typer.echo(json.dumps(standing, indent=2))
        return
    for name, on in standing["current"]["switches"].items():
        lacks = sorted({gap["field"] for gap in standing["missing"] if gap["switch"] == name})
        typer.echo(f"{name:<18} {'on' if on else 'off'}{'' if on or not lacks else '   missing: ' + ', '.join(lacks)}")


@policy.command("set")
def policy_set(
    off: Annotated[list[str] | None, typer.Option(help="Switch off at once: face, gait, re_identification.")] = None,
    on: Annotated[list[str] | None, typer.Option(help="Propose to switch on; another administrator approves.")] = None,
    legal_basis: str = "",
    dpia_reference: str = "",
    notice_text: str = "",
    store: Store = "",
    as_json: AsJson = False,
) -> None:
    """Switch off, or propose switches and papers."""
    from app.tenancy.policy.command import change

    if bool(off) == bool(on):
        raise BadInputError("Say either --off or --on.")
    papers = {"legal_basis": legal_basis, "dpia_reference": dpia_reference, "notice_text": notice_text}
    wanted = {**dict.fromkeys(on or (), True), **{key: text for key, text in papers.items() if text}}
    standing = change(settings().home, store, off or [], wanted)
    if as_json:
        typer.echo(json.dumps(standing, indent=2))
    else:
        typer.echo("Switched off." if off else "Proposed. Another administrator has to approve it.")


@policy.command("acceptance")
def policy_acceptance(
    file: Annotated[Path, typer.Argument(help="What `pennyprotect bench acceptance --data DIR --json` printed.")],
    by: Annotated[str, typer.Option(help="Who performed the test.")],
    passed: Annotated[bool, typer.Option("--passed/--failed", help="Your judgement of its figures.")],
    store: Store = "",
    as_json: AsJson = False,
) -> None:
    """Record an acceptance test of faces; without a passed one of the present model no switch goes on."""
    from app.tenancy.policy.command import record_acceptance

    made = record_acceptance(settings().home, store, file, by, passed=passed)
    if as_json:
        typer.echo(json.dumps(made, indent=2))
    else:
        typer.echo(f"Recorded: {'passed' if made['passed'] else 'not passed'}, valid until {made['valid_until']}.")


@policy.command("report")
def policy_report(store: Store = "", as_json: AsJson = False) -> None:
    """The annex for an impact assessment: settings, data flows, retention, recipients, error rates."""
    from app.tenancy.policy.command import report
    from app.tenancy.policy.report import markdown

    document = report(settings().home, store)
    typer.echo(json.dumps(document, indent=2) if as_json else markdown(document))
