"""`pennyprotect models ...`."""

import json
import signal
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer

from app.kit.errors import BadInputError
from app.kit.options import AsJson
from app.models.evaluation.cli import bench, evaluate, outcomes, show_progress
from app.models.models import POSE_MODEL
from app.models.watch.models import Limits
from app.settings import settings

Model = Annotated[str, typer.Option(help="Name of the served model.")]
LIMITS = Limits()
models = typer.Typer(no_args_is_help=True, help="The models Triton serves: fetch, push, promote, roll back (docs/models.md).")
for each in (bench, evaluate, outcomes):
    models.command()(each)


@models.command()
def pull(
    faces: Annotated[
        bool, typer.Option("--faces", help="The biometric face models too, for stores that switch them on.")
    ] = False,
) -> None:
    """Fetch and convert the models that triton_models/ names, after their licences are accepted."""
    from app.inference import licences, repository
    from app.inference.own_faces import OwnFaces

    chosen = settings()
    repository.pull(
        chosen.home.absolute(),
        chosen.cache.absolute(),
        mirror=chosen.model_mirror,
        accept=chosen.accept_licenses,
        ask=licences.terminal_ask(headless=chosen.headless),
        progress=show_progress,
        faces=faces,
        own=OwnFaces.of(chosen) if faces else None,
    )
    status(as_json=False)


@models.command("mirror")
def models_mirror(folder: Annotated[Path, typer.Argument(help="Where to; PENNYPROTECT_MODEL_MIRROR of `models pull`.")]) -> None:
    """Copy the locked artefacts from the bucket that PENNYPROTECT_MODEL_SOURCE names, for `models pull` without the internet."""
    from app.kit.objects.s3 import make_client
    from app.models.mirror import mirror

    given = settings()
    if not given.model_source:
        raise BadInputError("PENNYPROTECT_MODEL_SOURCE is not set; write s3://bucket/folder.")
    key_id, secret = given.aws_access_key_id.get_secret_value(), given.aws_secret_access_key.get_secret_value()
    client = make_client(given.aws_region, key_id, secret, given.s3_endpoint)
    typer.echo(f"{len(mirror(client, given.model_source, folder))} files of {given.model_source} are in {folder}.")


@models.command("check")
def models_check() -> None:
    """Set pushed versions aside that are not what a trusted key signed; for a Triton that is about to start."""
    from app.models.admission.checking import admit
    from app.models.folder import ModelFolder

    refused = admit(ModelFolder(settings().model_folder), settings().trusted_model_keys)
    for (model, version), why in refused.items():
        typer.echo(f"{model} {version} is refused: {why}")
    if not refused:
        typer.echo(f"Every pushed version in {settings().model_folder} is what a trusted key signed.")


@models.command("sync")
def models_sync(
    every: Annotated[float, typer.Option(min=0, max=3600, help="Again after so many seconds; 0: once.")] = 0.0,
) -> None:
    """Bring a Triton's model folder level with the store of pushed versions (PENNYPROTECT_MODEL_STORE), each checked first."""
    import asyncio

    from app.models.folder import ModelFolder
    from app.models.shared.level import keep_level
    from app.models.shared.opening import open_shared

    given = settings()
    if (shared := open_shared(given)) is None:
        raise BadInputError("PENNYPROTECT_MODEL_STORE is not set; write s3://bucket/folder.")

    async def until_stopped() -> None:
        stop = asyncio.Event()
        for number in (signal.SIGINT, signal.SIGTERM):  # the first process of a container ends by no signal of itself
            asyncio.get_running_loop().add_signal_handler(number, stop.set)
        await keep_level(shared, ModelFolder(given.model_folder), given.trusted_model_keys, every, typer.echo, stop)

    asyncio.run(until_stopped())


@models.command()
def status(as_json: AsJson = False) -> None:
    """What is named, fetched and staged, with its licence; while the product runs, what was pushed and what cameras use.

    --json is of what is named, fetched and staged alone; GET /api/v1/models has the rest.
    """
    from app.inference import repository
    from app.inference.own_faces import OwnFaces

    chosen = settings()
    known = repository.status(chosen.home.absolute(), chosen.cache.absolute(), OwnFaces.of(chosen))
    found = [asdict(each) for each in known]
    if as_json:
        typer.echo(json.dumps(found, indent=2))
        return
    for model in found:
        typer.echo("  ".join(f"{key}={value}" for key, value in model.items()))
    if (settings().home / "credentials.json").is_file():
        _show_served()


def _show_served() -> None:
    from app.kit.errors import PennyError
    from app.models.command import models as served

    try:
        known = served(settings().home)
    except PennyError as error:
        sys.stderr.write(f"What was pushed is not shown: {error.detail}\n")
        return
    for pointer in known["pointers"]:
        tried = f", {pointer['share']:.0%} of them {pointer['candidate']}" if pointer["candidate"] else ""
        typer.echo(
            f"{pointer['model']}: cameras use version {pointer['stable']}{tried}; before it: {pointer['previous'] or 'none'}"
        )
    for watch in known["watches"]:
        if watch["taken_back_because"]:
            typer.echo(f"{watch['model']}: the last promotion was taken back by itself: {watch['taken_back_because']}")
    for each in known["versions"]:
        why = f" ({each['refused_because']})" if each["refused_because"] else ""
        typer.echo(
            f"{each['model']} {each['version']}: {each['state']}{why}, {each['artefact']} ({each['licence']})"
            f"{_checked(each['report'])}"
        )


def _checked(report: dict[str, Any]) -> str:
    """What its push measured."""
    if "p50_ms" not in report:
        return ""
    looked = f"{report['golden_images']} golden images, {report['p50_ms']:.0f} ms a frame"
    beside = f" beside {report['p50_ms_in_use']:.0f} ms of version {report['compared_with']}"
    return f"; checked: {looked}{beside}" + ("" if report.get("in_quiet", True) else ", while cameras kept Triton busy")


def _say(answer: dict[str, Any], as_json: bool, sentence: str) -> None:
    typer.echo(json.dumps(answer, indent=2) if as_json else sentence.format(**answer))


@models.command("frames")
def models_frames(
    seconds: Annotated[
        float, typer.Option(min=0, max=86_400, help="What is counted meanwhile; 0: since the workers began.")
    ] = 0.0,
    as_json: AsJson = False,
) -> None:
    """Each camera's frames, as its worker counted them: due, analysed, still, dropped and unanswered."""
    import asyncio
    import time

    from app.models import frames
    from app.models.command import camera_names

    home = settings().home
    before: frames.Counts = {}
    if seconds:
        before = asyncio.run(frames.counts_at(home))
        typer.echo(f"Counting for {seconds:g} s ...", err=True)
        time.sleep(seconds)
    counts = frames.difference(before, asyncio.run(frames.counts_at(home)))
    typer.echo(json.dumps(counts, indent=2) if as_json else "\n".join(frames.frame_lines(counts, camera_names(home))))


@models.command("key")
def models_key(file: Annotated[Path, typer.Argument(help="Where to write the private key.")]) -> None:
    """Make a key that signs packages. The product trusts its public half once it lies in PENNYPROTECT_MODEL_KEYS."""
    from app.models.command import make_key

    typer.echo(f"Private: {file}. Copy {make_key(file)} to {settings().trusted_model_keys}.")


@models.command("wrap")
def models_wrap(
    export: Annotated[Path, typer.Argument(help="A YOLOv8 or YOLO11 pose export, .onnx.")],
    target: Annotated[Path, typer.Argument(help="The model.onnx to write.")],
    model: Model = POSE_MODEL,
) -> None:
    """Make an export a model of the served contract: pictures as UINT8 in, the normalisation inside."""
    from app.inference.contract import PoseContract
    from app.models.wrapping import wrapped

    target.write_bytes(wrapped(export, PoseContract.of(model)))
    typer.echo(f"{target} takes {PoseContract.of(model).input_name} as UINT8 [N, H, W, 3].")


@models.command("sign")
def models_sign(
    folder: Annotated[Path, typer.Argument(help="With model.onnx, contract.toml, package.toml and golden.npz.")],
    key: Annotated[Path, typer.Option(help="The private key.")],
) -> None:
    """Write the manifest of a package and its signature."""
    from app.models.command import sign

    typer.echo(f"Signed by {sign(folder, key)}.")


@models.command("push")
def models_push(
    folder: Annotated[Path, typer.Argument(help="A signed package.")],
    accept_licence: Annotated[str, typer.Option(help="The package's licence, once you have read and accepted it.")] = "",
    slower: Annotated[float, typer.Option(min=1, max=20, help="Times the present latency that are allowed.")] = 1.5,
    as_json: AsJson = False,
) -> None:
    """Check a version and have it served; no camera uses it before `promote`."""
    from app.models.command import push

    pushed = push(settings().home, folder, accept_licence, slower, lambda line: typer.echo(f"  {line}", err=True))
    _say(pushed, as_json, "{model} {version} is served and used by no camera yet.")


@models.command("promote")
def models_promote(
    version: Annotated[int, typer.Argument(help="Its number.")],
    share: Annotated[float, typer.Option(min=0, max=1, help="Of the cameras; 1: all.")] = 1.0,
    failures: Annotated[float, typer.Option(min=0, max=1, help="Of its requests that may have no answer.")] = LIMITS.failures,
    slower: Annotated[float, typer.Option(min=1, max=100, help="Times the slowest twentieth of the one before.")] = LIMITS.slower,
    agreement: Annotated[float, typer.Option(min=0, max=1, help="Least agreement of its shadow run; 0: any.")] = LIMITS.agreement,
    may_miss: Annotated[
        int, typer.Option(min=0, help="Of a face embedding: entries of lists that may be without a template of it.")
    ] = 0,
    model: Model = POSE_MODEL,
    as_json: AsJson = False,
) -> None:
    """Have a share of the cameras, or all, use a version; beyond these limits the promotion is taken back by itself."""
    from app.models.command import promote

    limits = Limits(failures, slower, agreement)
    moved = promote(settings().home, model, version, share, asdict(limits), may_miss)
    all_of_them, tried = (
        "{model}: all cameras use {stable}.",
        "{model}: a share of {share} of the cameras uses {candidate}, the rest {stable}.",
    )
    _say(moved, as_json, all_of_them if moved["candidate"] is None else tried)


@models.command("shadow")
def models_shadow(
    version: Annotated[int | None, typer.Argument(help="Its number; without one the report is shown.")] = None,
    share: Annotated[float, typer.Option(min=0, max=1, help="Of the cameras; 1: all.")] = 0.25,
    end: Annotated[bool, typer.Option("--end", help="End the run; its report stays.")] = False,
    model: Model = POSE_MODEL,
    as_json: AsJson = False,
) -> None:
    """Run a version beside the one in use, without effects, and show how far the two agree."""
    from app.models import command
    from app.models.shadows.text import report_lines

    if version is not None and end:
        raise BadInputError("Name a version to begin with, or --end, not both.")
    if version is not None:
        begun = command.shadow(settings().home, model, version, share)
        _say(
            begun,
            as_json,
            "{model} {version} runs beside the version in use; `pennyprotect models shadow` shows what comes of it.",
        )
    elif end:
        _say(command.end_shadow(settings().home, model), as_json, "{model} {version} runs beside no longer.")
    else:
        report = command.shadow_report(settings().home, model)
        typer.echo(json.dumps(report, indent=2) if as_json else "\n".join(report_lines(report)))


@models.command("rollback")
def models_rollback(model: Model = POSE_MODEL, as_json: AsJson = False) -> None:
    """Take the last promotion back, at once."""
    from app.models.command import roll_back

    _say(roll_back(settings().home, model), as_json, "{model}: all cameras use {stable}.")


@models.command("retire")
def models_retire(
    version: Annotated[int, typer.Argument(help="Its number.")], model: Model = POSE_MODEL, as_json: AsJson = False
) -> None:
    """Unload a version that no camera uses, after the last requests for it."""
    from app.models.command import retire

    _say(retire(settings().home, model, version), as_json, "{model} {version} is {state}.")
