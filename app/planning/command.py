"""`pennyprotect plan`."""

import json
from typing import Annotated

import typer

from app.kit.options import AsJson
from app.planning import gpus as kinds
from app.planning.plan import ASSUMED, FIGURES, Demand, document
from app.planning.plan import plan as compute


def plan(
    cameras: Annotated[int, typer.Option(help="Cameras in each store.")],
    stores: Annotated[int, typer.Option(help="Stores.")] = 1,
    fps: Annotated[float, typer.Option(help="Frames a second analysed of each camera.")] = 5.0,
    retention_days: Annotated[int, typer.Option(help="Days that detections are kept.")] = 30,
    busy: Annotated[float, typer.Option(help="Share of due frames that are not passed over as still.")] = 1.0,
    resolution: Annotated[str, typer.Option(help="Of the cameras' streams: 720p, 1080p, 1440p, 4k.")] = "720p",
    stream_fps: Annotated[float, typer.Option(help="Frames a second of the streams, all of which are decoded.")] = 15.0,
    gpu: Annotated[str, typer.Option(help="Kind of GPU: T4, L4, A10, L40S, A100, H100.")] = "",
    as_json: AsJson = False,
) -> None:
    """GPUs, cores, network and storage for so many stores, and which figures were measured."""
    demand = Demand(stores, cameras, fps, retention_days, busy)
    made = compute(demand, kinds.scaled(resolution, stream_fps))
    chosen = kinds.gpus(demand, gpu, resolution, stream_fps) if gpu else None
    if chosen is not None:
        made = kinds.with_gpus(made, chosen)
    if as_json:
        more = {"gpu": kinds.document(chosen)} if chosen is not None else {}
        streams = {"streams": {"resolution": resolution, "frames_per_s": stream_fps}}
        typer.echo(json.dumps(document(demand, made) | streams | more, indent=2))
        return
    typer.echo(f"{made.cameras} cameras at {fps:g} frames/s. GPU figures are assumed, but for speeds of the H100.")
    for name in FIGURES:
        mark = "assumed" if made.basis[name] == ASSUMED else "measured"
        typer.echo(f"  {name:<22} {getattr(made, name):>14,.10g}  {mark}")
    if chosen is not None:
        loads = ", ".join(f"{limit} {load:g}" for limit, load in chosen.by_limit.items())
        each = f"one worker each, {chosen.cameras_a_gpu} cameras a GPU"
        typer.echo(f"{chosen.gpus} x {chosen.gpu}, {each}; {chosen.limit} binds ({loads}).")
