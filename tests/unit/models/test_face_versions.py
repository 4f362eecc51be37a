"""What a version of the face embedding lacks before it may be used, and what its golden chips must prove."""

import numpy as np
import numpy.typing as npt
import pytest

from app.models.embeddings.golden import ChipContract, check_embeddings
from app.models.embeddings.models import Readiness, lacks
from app.models.packages import Golden
from app.models.signing import RefusedPackageError
from app.tenancy.policy.models_in_use import face_models, models_in_use

CONTRACT = ChipContract.of("face_embedding")
WANTED = np.eye(3, CONTRACT.dimensions, dtype=np.float32)
CHIPS = np.stack([np.full((CONTRACT.side, CONTRACT.side, 3), each, np.uint8) for each in range(3)])


def test_what_is_missing_is_said_in_the_order_in_which_it_is_mended() -> None:
    assert "3 of 10 entries" in lacks(1001, Readiness(10, 7, False, ["A"]))
    assert "3 of 10 entries" in lacks(1001, Readiness(10, 7, True), may_miss=2)
    assert "calibrate FOLDER --version 1001" in lacks(1001, Readiness(10, 7, False, ["A"]), may_miss=3)
    said = lacks(1001, Readiness(10, 10, True, ["A", "B", "C", "D", "E"]))
    assert "A, B, C and 2 more" in said
    assert lacks(1001, Readiness(0, 0, True)) == ""


@pytest.mark.parametrize(
    ("answers", "wanted", "why"),
    [
        (WANTED * 7, WANTED, ""),  # the pipeline gives it length 1
        (WANTED[::-1], WANTED, "otherwise than promised"),
        (np.where(WANTED > 0, np.nan, WANTED), WANTED, "It answers what is no embedding"),
        (WANTED * 0, WANTED, "It answers what is no embedding"),
        (WANTED, np.where(WANTED > 0, np.inf, WANTED), "golden.npz holds what is no embedding"),
        (np.ones_like(WANTED), np.ones_like(WANTED), "the same embedding"),
        (WANTED, WANTED[:, :64], "must hold chips"),
        (WANTED, WANTED[:1], "two people or more"),
    ],
)
async def test_golden_chips_prove_that_it_is_the_promised_network(
    answers: npt.NDArray[np.float32], wanted: npt.NDArray[np.float32], why: str
) -> None:
    async def ask(chip: npt.NDArray[np.uint8]) -> list[npt.NDArray[np.float32]]:
        return [answers[int(chip[0, 0, 0])]]

    golden = Golden(CHIPS[: len(wanted)], (wanted,))
    if why:
        with pytest.raises(RefusedPackageError, match=why):
            await check_embeddings(ask, golden, CONTRACT, 0.999)
    else:
        await check_embeddings(ask, golden, CONTRACT, 0.999)


def test_an_acceptance_test_names_the_version_and_the_very_package() -> None:
    one, other = face_models(1001, b"a" * 32), face_models(1001, b"b" * 32)
    assert "face_embedding 1001" in one
    assert "face_detection 1" in one
    assert len({one, other, *models_in_use().values()}) == 2 + len(models_in_use())
    assert len(one) <= 200
