"""What `bench faces` measured on pictures of many people, taken over for everybody: threshold and tail of a model version."""

import json
from pathlib import Path
from typing import Any, Final

import asyncpg

from app.identity.decision.thresholds import calibration_of
from app.kit.clock import now
from app.kit.errors import BadInputError
from app.kit.ids import new_id
from app.kit.keys import repository as keys

LEAST_PEOPLE: Final = 100
"""Fewer say too little about strangers for a threshold that may be lower than the careful default."""


async def take_over(url: str, report: Path, model: str, version: str) -> dict[str, Any]:
    """Store the report's calibration, with an audit row in each chain, by the owner's role; what was stored.

    Raises:
        BadInputError: it is no such report, of other models, or of too few people.
    """
    made = read_report(report, model, version)
    connection = await asyncpg.connect(url, timeout=10, command_timeout=30, statement_cache_size=0)
    try:
        async with connection.transaction():
            await connection.execute(
                "INSERT INTO face_calibrations (id, model, model_version, fpir, threshold, details, made_at)"
                " VALUES ($1, $2, $3, $4, $5, $6::text::jsonb, $7)",
                new_id(), model, version, made["fpir"], made["threshold"], json.dumps(made["details"]), now(),
            )  # fmt: skip
            told = {name: made[name] for name in ("model", "model_version", "fpir", "threshold")}
            told |= {"people": made["details"]["people"], "measured_on": "pictures"}
            for chain_id in await keys.chains(connection):
                await keys.append_system_audit(connection, chain_id, "threshold-approved", told)
    finally:
        await connection.close(timeout=5)
    return told


def read_report(report: Path, model: str, version: str) -> dict[str, Any]:
    """The `calibration` of a document of `bench faces --json`, checked."""
    try:
        made = json.loads(report.read_bytes())["calibration"]
        numbers = float(made["threshold"]), float(made["fpir"])
        of, people = (made["model"], made["model_version"]), int(made["details"]["people"])
        usable = calibration_of(made["details"]) is not None and 0 < numbers[1] < 1 and -1 <= numbers[0] <= 1
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise BadInputError(f"{report} holds no calibration; `pennyprotect bench faces --data DIR --json` writes one.") from error
    if not usable:
        raise BadInputError(f"The calibration in {report} is damaged; measure again.")
    if of != (model, version):
        raise BadInputError(f"{report} measured {' '.join(of)}, and {model} {version} is in use.")
    if people < LEAST_PEOPLE:
        raise BadInputError(f"{report} rests on {people} people; a threshold for everybody needs {LEAST_PEOPLE} at least.")
    return dict(made)
