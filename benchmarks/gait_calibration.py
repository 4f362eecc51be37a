"""Measures how high walks of different identities score; writes the tail that `identity.gait.decision` takes its threshold from.

    python -m benchmarks.gait_calibration

Two tails are measured: the committed model on identities drawn anew on motion it knows, and each fold's model on those of a
subject that it was trained without. The one that asks for the higher score is kept. Everybody of one scene has one subject's
motion, so that these are the hardest strangers that the data can make; they are synthetic, and no promise about people.
"""

import asyncio
import json
import sys
from collections.abc import Sequence
from typing import Any

import numpy as np

from app.identity.decision.tail import Calibration, calibrate, threshold_for
from app.identity.decision.thresholds import details_of
from app.identity.gait.decision import CALIBRATION, SMALLEST_LIST, WANTED_FPIR
from app.inference.contract import SERVED
from app.inference.gait.client import TritonGait
from app.inference.gait.placing import GAIT_MODEL, GAIT_VERSION, place
from app.inference.loading import ModelLoading
from benchmarks.behaviour_bodies import Trial
from benchmarks.gait import SEED, embedded
from benchmarks.gait_models import RETARGETED, Trialled, captures, is_walk, learned_from, tried
from benchmarks.gait_people import Studio
from benchmarks.gait_walks import Conditions, film, identities
from benchmarks.servers import inference_servers


async def measured(model: Trialled, trials: Sequence[Trial], url: str) -> Calibration:
    """The tail of one model's scores between identities that share a subject's motion, over all its subjects."""
    client, people = TritonGait(url, model.name, deadline_s=30.0), []
    try:
        for subject in model.subjects:
            walks = [trial for trial in trials if trial.subject == subject and is_walk(trial)]
            if not walks:
                continue
            studio = await asyncio.to_thread(Studio, walks)
            drawn = identities(studio.subjects, SEED + 7)
            filmed = await asyncio.to_thread(film, studio, drawn, Conditions(), SEED + 7)
            vectors = await embedded(client, filmed)
            scores = vectors @ vectors.T
            people += [scores[filmed.who == who][:, filmed.who != who].ravel() for who in np.unique(filmed.who)]
    finally:
        await client.close()
    return await asyncio.to_thread(calibrate, people)


async def run() -> dict[str, Any]:
    """The calibration's document."""
    trials = await asyncio.to_thread(captures, None)
    known = learned_from()
    own = Trialled(SERVED / GAIT_MODEL / GAIT_VERSION / "model.onnx", GAIT_MODEL, known, known)
    models = [own, *(each for each in tried([t for t in trials if t.subject != RETARGETED]) if each.name != GAIT_MODEL)]
    async with inference_servers() as servers:
        for each in models:
            await asyncio.to_thread(place, servers.model.parents[2], each.model, each.name)
        loading = ModelLoading(servers.triton_url)
        try:
            await loading.load([each.name for each in models])
            found = {each.name: await measured(each, trials, servers.triton_url) for each in models}
        finally:
            await loading.close()
    asked = {name: threshold_for(each, SMALLEST_LIST, WANTED_FPIR).high for name, each in found.items()}
    strictest = max(asked, key=lambda name: asked[name])
    told = {name: round(value, 4) for name, value in asked.items()}
    return {
        "model": GAIT_MODEL, "model_version": GAIT_VERSION, "measured_on": strictest, "thresholds_of_ten": told,
        **details_of(found[strictest], WANTED_FPIR),
    }  # fmt: skip


if __name__ == "__main__":
    document = asyncio.run(run())
    CALIBRATION.write_text(json.dumps(document, indent=1) + "\n", "utf-8")
    sys.stdout.write(f"{document['measured_on']}: {document['thresholds_of_ten']}\n")
