"""The plan follows from its unit costs, and says of each figure whether anybody measured it."""

import json
import re
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.kit.errors import BadInputError
from app.planning import gpus
from app.planning.plan import ASSUMED, FIGURES, MEASURED, UNIT_COSTS, Demand, document, plan

CHECKOUT = Path(__file__).resolve().parents[3]
SIZES = st.integers(1, 2000)


def test_one_small_store_by_hand() -> None:
    made = plan(Demand(1, 8))
    # 40 frames/s x 32 ms and 8 decoded streams x 40 ms are 1.6 cores; at 70 % that is 2.29.
    assert (made.cameras, made.frames_s, made.cpu_only_cores, made.gpus) == (8, 40.0, 3, 1)
    assert made.camera_network_mbit_s == pytest.approx(16.0)


def test_a_thousand_stores_by_hand() -> None:
    made = plan(Demand(1000, 32))
    assert made.frames_s == 160_000
    assert made.gpus == 458  # 32,000 streams at 100 a GPU need more than 160,000 frames/s at 2,000; at 70 %
    assert made.cpu_only_cores == 9143
    assert made.pipeline_cores == 145
    assert made.bus_mbit_s == pytest.approx(1664.0)


@given(stores=SIZES, cameras=SIZES, more=st.integers(1, 50))
def test_more_of_anything_never_needs_less(stores: int, cameras: int, more: int) -> None:
    least = Demand(stores, cameras)
    for larger in (replace(least, stores=stores + more), replace(least, cameras=cameras + more), replace(least, fps=5.0 + more)):
        small, large = plan(least), plan(larger)
        for figure in ("frames_s", "cpu_only_cores", "gpus", "pipeline_cores", "bus_mbit_s", "database_gb", "worker_memory_gb"):
            assert getattr(large, figure) >= getattr(small, figure), figure


def test_a_figure_is_assumed_as_soon_as_one_of_its_costs_is() -> None:
    assert set(FIGURES) == set(plan(Demand(1, 1)).basis)
    assert plan(Demand(1, 1)).basis["gpus"] == ASSUMED
    assert plan(Demand(1, 1)).basis["pipeline_cores"] == MEASURED
    assert all(cost.basis == ASSUMED for name, cost in UNIT_COSTS.items() if name.startswith("gpu"))
    assert {name for names in FIGURES.values() for name in names} == set(UNIT_COSTS)
    assert document(Demand(1, 1), plan(Demand(1, 1)))["gpu_figures_measured"] is False


@pytest.mark.parametrize(
    "wrong", [{"stores": 0}, {"cameras": 0}, {"fps": 0.0}, {"busy": 0.0}, {"busy": 1.1}, {"retention_days": 0}]
)
def test_numbers_that_make_no_sense_are_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(BadInputError):
        plan(Demand(**{"stores": 1, "cameras": 1, **wrong}))  # type: ignore[arg-type]


def test_the_document_says_what_the_function_says() -> None:
    text = (CHECKOUT / "docs" / "capacity.md").read_text("utf-8")
    made = plan(Demand(1000, 32))
    rows = dict(re.findall(r"^\| `(\w+)` \| ([\d,.]+) \|", text, re.MULTILINE))
    assert set(FIGURES) <= set(rows)
    for figure in FIGURES:
        assert float(rows[figure].replace(",", "")) == pytest.approx(getattr(made, figure), rel=0.005), figure
    for name, cost in UNIT_COSTS.items():
        assert re.search(rf"^\| `{name}` \|.*\| {cost.basis} \|", text, re.MULTILINE), name


def test_gpus_of_a_kind_by_hand_and_which_limit_binds() -> None:
    made = gpus.gpus(Demand(1, 320, fps=10.0), "L4", "1080p", 15.0)
    # 4,800 frames/s over four engines of 600; 3,200 frames/s of pose at 2,000 and of probes at 5,000; all at 70 %.
    assert made.by_limit == {"decode": 2.86, "pose": 2.29, "probes": 0.91, "memory": 1.94, "batch": 1.25}
    assert (made.gpus, made.limit, made.cameras_a_gpu) == (3, "decode", 107)
    # 9,600 frames/s over seven engines of 745, measured.
    assert gpus.gpus(Demand(1, 320, fps=10.0), "H100", "1080p", 30.0).by_limit["decode"] == 2.63
    assert gpus.gpus(Demand(1, 100, fps=1.0), "A10", "4k", 30.0).limit == "decode"
    assert gpus.gpus(Demand(1, 1), "H100", "720p", 15.0).gpus == 1
    for name, basis in (("H100", MEASURED), ("L4", ASSUMED)):
        said = gpus.document(gpus.gpus(Demand(1, 1), name, "720p", 15.0))
        assert all(each["source"] for each in said["figures"].values())
        assert {said["figures"][figure]["basis"] for figure in ("pose_frames_s", "decoder_frames_s")} == {basis}
    for kind, size, rate in (("V100", "720p", 15.0), ("L4", "8k", 15.0), ("L4", "720p", 0.0)):
        with pytest.raises(BadInputError):
            gpus.gpus(Demand(1, 1), kind, size, rate)
    assert gpus.scaled("1080p", 15.0)["camera_bits_s"].value == pytest.approx(4.5e6)


def test_the_command_gives_one_document() -> None:
    command = [sys.executable, "-m", "app.cli", "plan", "--stores", "1000", "--cameras", "32", "--fps", "5", "--json"]
    done = subprocess.run(command, cwd=CHECKOUT, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["plan"]["cameras"] == 32_000
    refused = subprocess.run([*command[:-4], "--fps", "0"], cwd=CHECKOUT, capture_output=True, text=True, timeout=60, check=False)
    assert (refused.returncode, refused.stdout) == (2, "")
    told = [*command[:4], "--cameras", "320", "--resolution", "1080p", "--fps", "10", "--gpu", "L4", "--json"]
    done = subprocess.run(told, cwd=CHECKOUT, capture_output=True, text=True, timeout=60, check=False)
    assert json.loads(done.stdout)["gpu"]["limit"] in ("decode", "pose", "probes", "memory", "batch")
