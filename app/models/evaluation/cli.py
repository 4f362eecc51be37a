"""`pennyprotect models bench|evaluate|outcomes`: versions side by side. `app.models.cli` names the commands."""

import json
import sys
from pathlib import Path
from typing import Annotated

import typer

from app.kit.options import AsJson
from app.models.models import POSE_MODEL
from app.settings import settings

Model = Annotated[str, typer.Option(help="Name of the served model.")]


def show_progress(what: str, done: int, total: int) -> None:
    """On a terminal's one line."""
    if sys.stderr.isatty():
        share = f" {100 * done // total} %" if total else ""
        sys.stderr.write(f"\r\033[K{what}{share}")


def bench(
    version: Annotated[list[str] | None, typer.Option(help="Of the model; give two to compare them. 1 at first.")] = None,
    seconds: Annotated[float, typer.Option(min=1, max=600, help="For each version and number of requests at once.")] = 5.0,
    model: Model = POSE_MODEL,
    as_json: AsJson = False,
) -> None:
    """How fast served versions answer, in turn; cameras go on meanwhile. `pennyprotect bench serving` measures the server."""
    import asyncio

    from app.models.evaluation.measuring import triton_of
    from app.models.evaluation.timing import time_versions

    url = triton_of(settings().home.absolute(), settings().triton_url)
    document = asyncio.run(time_versions(url, model, version or ["1"], seconds))
    if as_json:
        typer.echo(json.dumps(document, indent=2))
        return
    for row in document["versions"]:
        typer.echo("  ".join(f"{name}={value}" for name, value in row.items()))


def evaluate(
    folder: Annotated[Path, typer.Argument(help="Pictures with one .json of COCO keypoints; of faces: identity/image.jpg.")],
    version: Annotated[list[str] | None, typer.Option(help="Of the model; give two to compare them. 1 at first.")] = None,
    model: Model = POSE_MODEL,
    as_json: AsJson = False,
) -> None:
    """The accuracy of served versions on a folder of labelled pictures, side by side; at the Triton that serves.

    `--model face_pipeline` takes a folder of faces.
    """
    import asyncio

    from app.models.evaluation import faces, measuring

    url, versions = measuring.triton_of(settings().home.absolute(), settings().triton_url), version or ["1"]

    def tell(done: int, total: int) -> None:
        show_progress("evaluating ", done, total)

    if model == faces.FACES:
        document = asyncio.run(faces.evaluate_faces(url, versions, folder, tell))
    else:
        document = asyncio.run(measuring.evaluate(url, model, versions, folder, tell))
    if sys.stderr.isatty():
        sys.stderr.write("\n")
    lines = faces.as_lines if model == faces.FACES else measuring.as_lines
    typer.echo(json.dumps(document, indent=2) if as_json else "\n".join(lines(document)))


def outcomes(days: Annotated[int, typer.Option(min=1, max=35, help="So many back.")] = 28, as_json: AsJson = False) -> None:
    """How often people found what each version led to right or wrong: alerts by pose version, leads by face version."""
    from app.models.command import outcomes

    found = outcomes(settings().home, days)
    if as_json:
        typer.echo(json.dumps(found, indent=2))
        return
    for each in found["items"]:
        share, few = each["false_share"], f"fewer than {found['least']} decided"
        said = few if share is None else f"{share:.1%} wrong"
        raised = "" if each["raised"] is None else f"{each['raised']} raised, "
        typer.echo(f"{each['model']} {each['version']}: {raised}{said}")
