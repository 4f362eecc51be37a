"""`pennyprotect models calibrate`. `app.cli` names it."""

import json
import sys
from pathlib import Path
from typing import Annotated

import typer

from app.kit.options import AsJson
from app.settings import settings


def calibrate(
    folder: Annotated[
        Path, typer.Argument(help="Faces as identity/image.jpg, of ten people at least who are not on your lists.")
    ],
    version: Annotated[int, typer.Option(help="A pushed version of face_embedding.")],
    as_json: AsJson = False,
) -> None:
    """Measure from which score two faces may be one person's, on pictures, for a face version that is to be promoted."""
    import asyncio

    from app.identity.calibration.measuring import measure
    from app.models.command import of_version
    from app.models.evaluation.cli import show_progress
    from app.models.evaluation.measuring import triton_of
    from app.models.models import FACE_EMBEDDING
    from app.tenancy.policy.command import ServiceClient

    url = triton_of(settings().home.absolute(), settings().triton_url)
    details = asyncio.run(measure(url, str(version), folder, lambda done, every: show_progress("looking at faces ", done, every)))
    if sys.stderr.isatty():
        sys.stderr.write("\n")
    made = of_version(ServiceClient(settings().home), FACE_EMBEDDING, version, "calibration", details)
    sentence = "{model} {version}: a score of {threshold:.4f} for a list of one, by {people} people and {scores} comparisons."
    typer.echo(json.dumps({**made, "details": details}, indent=2) if as_json else sentence.format(**made))
