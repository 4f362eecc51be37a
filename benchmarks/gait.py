"""How well walkers are told apart by gait: identities nobody has seen, in 8 views, through the gait model in the real Triton.

Captured walks are put on bodies of other build and style and filmed by random cameras with the pose model's errors. The
subjects whose motion it is were never learned from: those of `--data` that the committed model does not know, else those that
a model trained beside it, without them, left out. The figures are of synthetic identities and claim nothing about people.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from contextlib import AsyncExitStack
from functools import partial
from pathlib import Path
from typing import Any, Final

import numpy as np

from app.inference.gait.client import MOST_SEQUENCES, PoseSequence, TritonGait, stacked
from app.inference.gait.placing import GAIT_VERSION, place
from app.inference.loading import ModelLoading
from benchmarks import gait_hand
from benchmarks.behaviour_bodies import Trial
from benchmarks.document import BenchArguments
from benchmarks.gait_models import Trialled, captures, familiar, is_walk, published, tried
from benchmarks.gait_people import People, Studio
from benchmarks.gait_scores import Scores, apart, by
from benchmarks.gait_walks import IDENTITIES, VIEWS, Conditions, Walks, as_captured, film, identities
from benchmarks.servers import inference_servers

SEED: Final = 20_27
PUBLISHED: Final = (
    "GaitGraph (Teepe et al., ICIP 2021): ResGCN-N39-R8, taught for as much processor time as our fold, about two minutes: "
    "what it reaches at that cost, which is next to nothing, and not what it can; see training/gait/README.md"
)
NOT_TRAINED: Final = "No model of it that left these subjects out lies in training/gait/folds; train one as that README says."
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


async def run(arguments: BenchArguments) -> dict[str, Any]:
    """`arguments.data`: other motion capture. The result is the benchmark's document."""
    trials = await asyncio.to_thread(captures, arguments.data)
    folds, known = tried(trials), familiar(trials)
    rivals = [published(fold) for fold in folds]
    async with inference_servers() as servers:
        repository = servers.model.parents[2]
        models = {each.name: each.model for each in (*folds, *known, *rivals) if each}
        for name, model in models.items():
            await asyncio.to_thread(place, repository, model, name)
        loading = ModelLoading(servers.triton_url)
        try:
            await loading.load(list(models))
            async with AsyncExitStack() as clients:
                served = {name: TritonGait(servers.triton_url, name, deadline_s=30.0) for name in models}
                for client in served.values():
                    clients.push_async_callback(client.close)
                parts = [
                    await _fold(fold, trials, served[fold.name], served[rival.name] if rival else None)
                    for fold, rival in zip(folds, rivals, strict=True)
                ]
                met = [await _known_motion(each, trials, served[each.name]) for each in known]
                speed = await _speed(served[folds[0].name], trials, folds[0], arguments.seconds)
        finally:
            await loading.close()
    return _document(folds, parts, met, speed, arguments.data)


async def _fold(fold: Trialled, trials: Sequence[Trial], client: TritonGait, rival: TritonGait | None) -> dict[str, Any]:
    """Every figure of one model on the subjects that it does not know; `rival`: a published architecture beside it, in brief."""
    studio = await asyncio.to_thread(_plain_walks, fold, trials)
    people = identities(studio.subjects, SEED)
    main, scores, compared = await _compared(client, studio, people, rival)
    if rival is None:
        compared["published"] = {"architecture": PUBLISHED, "not_run": NOT_TRAINED}
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


def _plain_walks(fold: Trialled, trials: Sequence[Trial]) -> Studio:
    """Walks of the fold's subjects; the irregular ones of those alone who have no others."""
    mine = [trial for trial in trials if trial.subject in fold.subjects]
    plain = {trial.subject for trial in mine if trial.label == "walk"}
    return Studio([t for t in mine if is_walk(t) and (t.label == "walk" or t.subject not in plain)])


async def _compared(
    client: TritonGait, studio: Studio, people: People, rival: TritonGait | None, seed: int = SEED
) -> tuple[Walks, Scores, dict[str, Any]]:
    """Walks, the network's scores, and its figures beside those of hand-crafted features and of the rival, with intervals."""
    walks = await asyncio.to_thread(film, studio, people, Conditions(), seed)
    given = {"network": await embedded(client, walks), "hand_crafted": await asyncio.to_thread(_by_hand, walks)}
    if rival is not None:
        given["published"] = await embedded(rival, walks)
    scores = {name: Scores(vectors, walks.who, walks.views) for name, vectors in given.items()}
    within = {name: await asyncio.to_thread(each.intervals) for name, each in scores.items()}
    told: dict[str, Any] = {name: {**each.figures(), "interval_95": within[name]} for name, each in scores.items()}
    told["intervals_overlap"] = not apart(within["network"], within["hand_crafted"])
    if rival is not None:
        told["published"] |= {"architecture": PUBLISHED, "intervals_overlap": not apart(within["network"], within["published"])}
    return walks, scores["network"], told


async def _known_motion(known: Trialled, trials: Sequence[Trial], client: TritonGait) -> dict[str, Any]:
    """The easier question: bodies and styles nobody has seen, on motion of subjects that were learned from, in turn."""
    studio = await asyncio.to_thread(_plain_walks, known, trials)
    walks, _, compared = await _compared(client, studio, identities(studio.subjects, SEED + 3), None, SEED + 3)
    return {"subjects": known.subjects, "sequences": len(walks.who), **compared}


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
            **(
                {f"published_{name}": mean("published", name) for name in ("rank1", "eer")}
                if all("rank1" in part["published"] for part in parts)
                else {}
            ),
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
