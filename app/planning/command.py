"""`pennyprotect plan`."""

import json
from typing import Annotated

import typer

from app.planning.plan import ASSUMED, FIGURES, Demand, document
from app.planning.plan import plan as compute

AsJson = Annotated[bool, typer.Option("--json", help="One JSON document on stdout and nothing else.")]


def plan(
    stores: Annotated[int, typer.Option(help="Stores.")],
    cameras: Annotated[int, typer.Option(help="Cameras in each of them.")],
    fps: Annotated[float, typer.Option(help="Frames a second analysed of each camera.")] = 5.0,
    retention_days: Annotated[int, typer.Option(help="Days that detections are kept.")] = 30,
    busy: Annotated[float, typer.Option(help="Share of due frames that are not passed over as still.")] = 1.0,
    as_json: AsJson = False,
) -> None:
    """GPUs, cores, network and storage for so many stores, and which figures were measured."""
    demand = Demand(stores, cameras, fps, retention_days, busy)
    made = compute(demand)
    if as_json:
        typer.echo(json.dumps(document(demand, made), indent=2))
        return
    typer.echo(f"{made.cameras} cameras at {fps:g} frames/s. GPU figures are assumed: none was ever measured.")
    for name in FIGURES:
        mark = "assumed" if made.basis[name] == ASSUMED else "measured"
        typer.echo(f"  {name:<22} {getattr(made, name):>14,.10g}  {mark}")
