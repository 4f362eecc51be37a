"""How well walkers are told apart by gait: identities nobody has seen, in 8 views, through the gait model in the real Triton.

Captured walks are put on bodies of other build and style and filmed by random cameras with the pose model's errors. The
subjects whose motion it is were never learned from: those of `--data` that the committed model does not know, else those that
a model trained beside it, without them, left out. The figures are of synthetic identities and claim nothing about people.
"""

import asyncio
import time
import tomllib
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any, Final

import numpy as np

from app.inference.contract import SERVED
from app.inference.gait.client import MOST_SEQUENCES, PoseSequence, TritonGait, stacked
from app.inference.gait.placing import GAIT_MODEL, GAIT_VERSION, place
from app.inference.loading import ModelLoading
from app.kit.errors import BadInputError
from benchmarks import gait_hand
from benchmarks.behaviour_bodies import Trial, load
from benchmarks.document import CHECKOUT, BenchArguments
from benchmarks.gait_people import People, Studio
from benchmarks.gait_scores import Scores, apart, by
from benchmarks.gait_walks import IDENTITIES, VIEWS, Conditions, Walks, as_captured, film, identities
from benchmarks.servers import inference_servers

DATA: Final = CHECKOUT.parent / "shared" / "data" / "mocap"
FOLDS: Final = CHECKOUT / "training" / "gait" / "folds"
SEED: Final = 20_27
RETARGETED: Final = "deepmimic"
"""One drawn body with other people's motion: nobody's gait. It serves as other motion only."""
CONDITIONS: Final = {
    "rate": {"5 frames a second": Conditions(rates=(5.0,)), "10": Conditions(rates=(10.0,)), "30": Conditions(rates=(30.0,))},
    "length": {
        "30 frames": Conditions(frames=30), "60 frames": Conditions(frames=60), "120 frames": Conditions(frames=120),
    },
    "missing_joints": {
        "feet": Conditions(hidden="feet"), "legs from the knee": Conditions(hidden="legs"), "arms": Conditions(hidden="arms"),
        "30 % of all at random": Conditions(dropped=0.3),
    },
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Trialled:
    """A model and the subjects it is tried on, none of which it learned from."""

    model: Path
    name: str
    subjects: list[str]
    learned_from: list[str]


def learned_from() -> list[str]:
    """Subjects whose motion the committed model knows."""
    with (SERVED / GAIT_MODEL / "contract.toml").open("rb") as file:
        return [str(name) for name in tomllib.load(file)["learned_from"]]


def captures(data: Path | None) -> list[Trial]:
    """Trials of a `.npz` or a folder of them. BadInputError when there are none."""
    if data is None and not DATA.is_dir():
        raise BadInputError("There is no motion capture beside the checkout; give a .npz file or a folder of them by --data.")
    place_of = data or DATA
    paths = sorted(place_of.glob("*.npz")) if place_of.is_dir() else [place_of]
    if not paths:
        raise BadInputError(f"{place_of} holds no .npz file.")
    return [trial for path in paths for trial in _labelled(path)]


def _labelled(path: Path) -> list[Trial]:
    """Where a file has no labels, the description of a trial says whether somebody walks."""
    trials = load(path)
    with np.load(path) as file:
        if "label" in file or "meta" not in file:
            return trials
        texts = {str(row[0]): str(row[2]).lower() for row in file["meta"] if len(row) > 2}
    return [
        replace(trial, label=next((word for word in ("walk", "run", "jog") if word in texts.get(trial.name, "")), trial.label))
        for trial in trials
    ]


def tried(trials: Sequence[Trial]) -> list[Trialled]:
    """The committed model on walkers it does not know; else each model of a fold on those that it was trained without."""
    walkers = sorted({trial.subject for trial in trials if is_walk(trial) and trial.subject != RETARGETED})
    known = learned_from()
    if new := [name for name in walkers if name not in known]:
        return [Trialled(SERVED / GAIT_MODEL / GAIT_VERSION / "model.onnx", GAIT_MODEL, new, known)]
    found = []
    for path in sorted(FOLDS.glob("without_*.onnx")):
        left = path.stem.split("_")[1:]
        if here := [name for name in walkers if name in left]:
            found.append(Trialled(path, f"gait_{path.stem}", here, [name for name in known if name not in left]))
    if not found:
        raise BadInputError(
            f"The gait model learned from every walker in these data ({', '.join(walkers)}); give others by --data."
        )
    return found


def familiar(trials: Sequence[Trial]) -> list[Trialled]:
    """The committed model on the walkers of these data whose motion it does know, where there are any."""
    known = learned_from()
    here = sorted({trial.subject for trial in trials if is_walk(trial) and trial.subject in known})
    return [Trialled(SERVED / GAIT_MODEL / GAIT_VERSION / "model.onnx", GAIT_MODEL, here, known)] if here else []


def is_walk(trial: Trial) -> bool:
    """Whether somebody walks as people do, long enough for a stride."""
    return trial.label.startswith("walk") and len(trial.body) >= 30


async def run(arguments: BenchArguments) -> dict[str, Any]:
    """`arguments.data`: other motion capture. The result is the benchmark's document."""
    trials = await asyncio.to_thread(captures, arguments.data)
    folds, known = tried(trials), familiar(trials)
    async with inference_servers() as servers:
        repository = servers.model.parents[2]
        models = {each.name: each.model for each in (*folds, *known)}
        for name, model in models.items():
            await asyncio.to_thread(place, repository, model, name)
        loading = ModelLoading(servers.triton_url)
        try:
            await loading.load(list(models))
            parts = [await _fold(fold, trials, TritonGait(servers.triton_url, fold.name, deadline_s=30.0)) for fold in folds]
            client = TritonGait(servers.triton_url, folds[0].name, deadline_s=30.0)
            met = [
                await _known_motion(each, trials, TritonGait(servers.triton_url, each.name, deadline_s=30.0)) for each in known
            ]
            speed = await _speed(client, trials, folds[0], arguments.seconds)
            await client.close()
        finally:
            await loading.close()
    return _document(folds, parts, met, speed, arguments.data)


async def _fold(fold: Trialled, trials: Sequence[Trial], client: TritonGait) -> dict[str, Any]:
    """Every figure of one model on the subjects that it does not know."""
    studio = await asyncio.to_thread(_plain_walks, fold, trials)
    people = identities(studio.subjects, SEED)
    try:
        main, scores, compared = await _compared(client, studio, people)
        wrong = by(1 - scores.first.astype(float), main.views)
        return {
            "subjects": fold.subjects,
            "learned_from": fold.learned_from,
            "sequences": len(main.who),
            **compared,
            "by_view_deg": {str(view * 45): {"rank1": round(1 - value, 4)} for view, value in wrong.items()},
            **{
                kind: {name: await _figures(client, studio, people, wanted) for name, wanted in each.items()}
                for kind, each in CONDITIONS.items()
            },
            "other_motion": await _other(client, trials, fold),
            "subjects_as_captured": await _real(client, studio),
        }
    finally:
        await client.close()


def _plain_walks(fold: Trialled, trials: Sequence[Trial]) -> Studio:
    """Walks of the fold's subjects; the irregular ones of those alone who have no others."""
    mine = [trial for trial in trials if trial.subject in fold.subjects]
    plain = {trial.subject for trial in mine if trial.label == "walk"}
    return Studio([t for t in mine if is_walk(t) and (t.label == "walk" or t.subject not in plain)])


async def _compared(client: TritonGait, studio: Studio, people: People, seed: int = SEED) -> tuple[Walks, Scores, dict[str, Any]]:
    """Walks, the network's scores, and its figures beside those of hand-crafted features, with intervals."""
    walks = await asyncio.to_thread(film, studio, people, Conditions(), seed)
    scores = Scores(await embedded(client, walks), walks.who, walks.views)
    hand = Scores(await asyncio.to_thread(_by_hand, walks), walks.who, walks.views)
    ours, theirs = await asyncio.to_thread(lambda: (scores.intervals(), hand.intervals()))
    told = {
        "network": {**scores.figures(), "interval_95": ours},
        "hand_crafted": {**hand.figures(), "interval_95": theirs},
        "intervals_overlap": not apart(ours, theirs),
    }
    return walks, scores, told


async def _known_motion(known: Trialled, trials: Sequence[Trial], client: TritonGait) -> dict[str, Any]:
    """The easier question: bodies and styles nobody has seen, on motion of subjects that were learned from, in turn."""
    try:
        studio = await asyncio.to_thread(_plain_walks, known, trials)
        walks, _, compared = await _compared(client, studio, identities(studio.subjects, SEED + 3), SEED + 3)
        return {"subjects": known.subjects, "sequences": len(walks.who), **compared}
    finally:
        await client.close()


async def embedded(client: TritonGait, walks: Walks) -> Any:
    """(m, 128) of each sequence, by the served model."""
    rows = [walks.sequences[at : at + MOST_SEQUENCES] for at in range(0, len(walks.sequences), MOST_SEQUENCES)]
    return np.concatenate([await client.embed(await asyncio.to_thread(stacked, row)) for row in rows]).astype(np.float64)


def _by_hand(walks: Walks) -> Any:
    rows = np.stack([gait_hand.raw(each.keypoints.astype(np.float64), np.asarray(each.times_s)) for each in walks.sequences])
    return gait_hand.compared(rows)


async def _figures(client: TritonGait, studio: Studio, people: People, wanted: Conditions) -> dict[str, float]:
    walks = await asyncio.to_thread(film, studio, people, wanted, SEED + 1)
    return {"sequences": len(walks.who), **Scores(await embedded(client, walks), walks.who, walks.views).figures()}


async def _other(client: TritonGait, trials: Sequence[Trial], fold: Trialled) -> dict[str, Any]:
    """Motion that is no walk, of subjects that were not learned from."""
    told: dict[str, Any] = {}
    unknown = [trial for trial in trials if trial.subject not in fold.learned_from and len(trial.body) >= 30]
    for label in sorted({trial.label for trial in unknown if not is_walk(trial)}):
        studio = await asyncio.to_thread(Studio, [trial for trial in unknown if trial.label == label], (label,))
        told[label] = await _figures(client, studio, identities(studio.subjects, SEED), Conditions())
    return told


async def _real(client: TritonGait, studio: Studio) -> dict[str, Any] | None:
    """The subjects themselves as identities, where there are at least three."""
    if len(studio.subjects) < 3:
        return None
    walks = await asyncio.to_thread(film, studio, as_captured(studio.subjects), Conditions(), SEED + 2)
    return {"subjects": len(studio.subjects), **Scores(await embedded(client, walks), walks.who, walks.views).figures()}


async def _speed(client: TritonGait, trials: Sequence[Trial], fold: Trialled, seconds: float) -> dict[str, float]:
    """Sequence to result of 60 frames, one at a time and 16 at once."""
    studio = await asyncio.to_thread(Studio, [t for t in trials if t.subject in fold.subjects and is_walk(t)])
    walks = await asyncio.to_thread(film, studio, identities(studio.subjects, SEED), Conditions(rates=(15.0,), frames=60), 1)
    told: dict[str, float] = {}
    for name, size in (("one", 1), ("batch_of_16", 16)):
        some = walks.sequences[:size]
        told |= await _timed(f"{name}_through_triton", partial(_embed_afresh, client, some), seconds / 4)
        told |= await _timed(f"{name}_with_features", partial(client.look, some), seconds / 4)
    return told


async def _embed_afresh(client: TritonGait, sequences: list[PoseSequence]) -> object:
    return await client.embed(stacked(sequences))


async def _timed(name: str, act: Callable[[], Awaitable[object]], seconds: float) -> dict[str, float]:
    await act()
    taken: list[float] = []
    until = time.monotonic() + seconds
    while time.monotonic() < until or len(taken) < 20:
        begun = time.monotonic()
        await act()
        taken.append((time.monotonic() - begun) * 1e3)
    return {f"{name}_p50_ms": round(float(np.median(taken)), 2), f"{name}_p99_ms": round(float(np.percentile(taken, 99)), 2)}


def _document(
    folds: list[Trialled], parts: list[dict[str, Any]], met: list[dict[str, Any]], speed: dict[str, float], data: Path | None
) -> dict[str, Any]:
    def mean(method: str, figure: str) -> float:
        return round(float(np.mean([part[method][figure] for part in parts])), 4)

    names = ("rank1", "rank1_one_view_enrolled", "map", "eer", "fnir_at_fpir_1e_2")
    return {
        "what": f"gait of {IDENTITIES} synthetic identities in {VIEWS} views, on motion of subjects that were not learned from",
        "headline": {
            **{name: mean("network", name) for name in names},
            **{f"hand_crafted_{name}": mean("hand_crafted", name) for name in ("rank1", "eer")},
            "beats_hand_crafted_beyond_intervals": not any(part["intervals_overlap"] for part in parts)
            and mean("network", "rank1") > mean("hand_crafted", "rank1"),
            **{f"known_motion_{name}": each["network"][name] for each in met for name in ("rank1", "eer")},
            "p50_ms": speed["one_through_triton_p50_ms"],
            "batch_of_16_p50_ms": speed["batch_of_16_through_triton_p50_ms"],
        },
        "protocol": "each sequence is searched among all others of 60 identities; pairs of all; views differ within an identity",
        "folds": parts,
        "new_identities_on_known_motion": met,
        "speed": speed,
        "data_set": "CMU motion capture on synthetic bodies, "
        + ("beside the checkout, leave-subject-out" if data is None else f"{data.name}, subjects not learned from"),
        "samples": {"identities": IDENTITIES * len(parts), "sequences": sum(part["sequences"] for part in parts)},
        "model_versions": {fold.name: GAIT_VERSION for fold in folds},
    }
