"""What `bench gait` measures with: bodies, cameras, errors and figures."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import onnx
import pytest

from app.inference.contract import SERVED
from app.inference.gait.sequence import CHANNELS, SLOTS
from benchmarks import gait, gait_models
from benchmarks.behaviour_bodies import Trial
from benchmarks.behaviour_camera import LOST, MISSED, View
from benchmarks.gait_camera import Views, observed, random_views, routed
from benchmarks.gait_people import BUILD, LATENT, STYLE, People, Studio, draw
from benchmarks.gait_scores import Scores
from benchmarks.gait_walks import VIEWS, Conditions, Walks, film, identities
from tests.unit.inference.walker import body, moments
from training.gait.strides import MADE, loops


@pytest.fixture(scope="module")
def studio() -> Studio:
    """Two subjects who walk at different rates."""
    times = moments(120, 30)
    return Studio([Trial(f"{name}_1", name, "walk", body(times, stride_hz=rate)) for name, rate in (("a", 0.9), ("b", 1.05))])


def plain(count: int = 1) -> People:
    return People(["a"] * count, np.zeros((count, LATENT), np.float32), np.zeros(count, np.bool_))


def walked(studio: Studio, people: People) -> np.ndarray:
    times = np.broadcast_to(moments(60, 15).astype(np.float32), (len(people), 60))
    return studio.walk(people, np.arange(len(people)), np.zeros(len(people), np.int64), times, np.random.default_rng(3))


def length(bodies: np.ndarray, one: int, other: int) -> np.ndarray:
    return np.linalg.norm(bodies[..., one, :] - bodies[..., other, :], axis=-1).mean(axis=-1)


def test_a_build_changes_lengths_and_a_style_angles_only(studio: Studio) -> None:
    people = plain(4)
    people.latent[1, list(BUILD).index("thigh")] = 2.0
    people.latent[2, len(BUILD) :] = 1.0
    bodies = walked(studio, people)
    thigh, shank = length(bodies, 11, 13), length(bodies, 13, 15)
    assert thigh[0] == pytest.approx(0.43, abs=0.005)
    assert thigh[1] / thigh[0] == pytest.approx(np.exp(2 * BUILD["thigh"]), rel=1e-3)
    assert shank == pytest.approx(shank[0], rel=1e-3)
    assert thigh[2] == pytest.approx(thigh[0], rel=1e-3)
    assert length(bodies, 7, 9) == pytest.approx(length(bodies, 7, 9)[0], rel=1e-3)
    ahead = bodies[..., 11:13, 0].mean(axis=-1)
    assert (ahead[0, -1] - ahead[0, 0]) / (59 / 15) == pytest.approx(1.3, rel=0.08)
    assert np.abs(bodies[2] - bodies[0]).max() > 0.03


def test_made_walks_are_walks_of_walkers_that_differ_and_the_same_seed_makes_the_same() -> None:
    chance = np.random.default_rng(5)
    walkers = [loops(str(number), 2, chance) for number in range(6)]
    again = loops("0", 2, np.random.default_rng(5))
    assert np.array_equal(again[1].body, walkers[0][1].body)
    for walker in walkers:
        for loop in walker:
            assert loop.body[:, 15:17, 1].min() > 0.05, "no foot under the ground"
            assert 0.3 < loop.velocity[:, 0].mean() * 30 < 2.2
            assert np.abs(loop.body[0] - loop.body[-1]).max() < 0.2, "it goes round"
            feet, hands = (loop.body[:, left, 0] - loop.body[:, left + 1, 0] for left in (15, 9))
            assert np.ptp(feet) > 0.4
            assert np.ptp(hands) < 0.1 or np.corrcoef(feet, hands)[0, 1] < 0, "arms swing against the legs"
    speeds = [walker[0].velocity[:, 0].mean() for walker in walkers]
    assert np.std(speeds) > 0.05 * np.mean(speeds)
    assert {each.subject for each in walkers[1]} == {f"{MADE}1"}


def test_who_is_mirrored_swings_the_other_side(studio: Studio) -> None:
    one = plain(1)
    other = replace(one, mirrored=np.array([True]))
    one.latent[0, len(BUILD) + list(STYLE).index("arm_swing_left")] = 0.0
    a, b = walked(studio, one), walked(studio, other)
    np.testing.assert_allclose(a[..., 5, 2], -b[..., 6, 2], atol=0.02)


def test_the_same_seed_gives_the_same_people_and_films(studio: Studio) -> None:
    people, again = identities(studio.subjects, 5), identities(studio.subjects, 5)
    np.testing.assert_array_equal(people.latent, again.latent)
    few = replace(people, subjects=people.subjects[:4], latent=people.latent[:4], mirrored=people.mirrored[:4])
    one, two = (film(studio, few, Conditions(rates=(10.0,)), 7) for _ in range(2))
    assert len(one.who) == len(two.who) > 4 * VIEWS * 0.9
    np.testing.assert_array_equal(one.sequences[3].keypoints, two.sequences[3].keypoints)
    assert min(len(each.times_s) for each in one.sequences) >= 30


def test_many_cameras_are_the_one_camera_of_the_behaviour_bench() -> None:
    views = random_views(5, np.random.default_rng(1))
    points = np.random.default_rng(2).normal(0, 1, (5, 7, 17, 3)).astype(np.float32)
    many = views.project(points)
    for row in range(5):
        one = View(*(float(getattr(views, name)[row]) for name in ("height", "distance", "pitch", "yaw", "roll", "focal")))
        np.testing.assert_allclose(many[row], one.project(points[row].astype(np.float64)), rtol=2e-3, atol=0.05)


def test_errors_are_as_often_as_they_were_fitted() -> None:
    views = Views(*(np.full(200, value, np.float32) for value in (3.0, 6.0, 0.3, 0.0, 0.0, 1.0)))
    points = np.broadcast_to(np.array([640, 360, 6], np.float32), (200, 60, 17, 3)).copy()
    points[..., 0] += np.arange(17) * 3
    keypoints, present = observed(points, views, np.random.default_rng(4))
    lost = (keypoints[..., 2] < 0.3).mean(axis=(0, 1))
    np.testing.assert_allclose(lost[5:], LOST[5:], atol=0.03)
    assert 1 - present.mean() == pytest.approx(MISSED, abs=0.015)
    off = np.abs(keypoints[..., 15, 1] - 360) / (720 * 1.65 / 6)
    assert 0.004 < np.median(off) < 0.012


def test_a_walk_goes_where_it_is_routed(studio: Studio) -> None:
    bodies = walked(studio, plain(2))
    times = np.broadcast_to(moments(60, 15).astype(np.float32), (2, 60))
    gone = routed(bodies, np.array([0, np.pi / 2], np.float32), times, np.zeros(2, np.float32))
    hips = gone[..., 11:13, :].mean(axis=-2)
    assert hips[0, -1, 0] - hips[0, 0, 0] > 4
    assert hips[1, -1, 2] - hips[1, 0, 2] > 4
    np.testing.assert_allclose(length(gone, 11, 13), length(bodies, 11, 13), rtol=1e-4)


def test_perfect_random_and_reversed_embeddings_score_so() -> None:
    who, views = np.repeat(np.arange(20), 8), np.tile(np.arange(8), 20)
    chance = np.random.default_rng(6)
    perfect = Scores(np.eye(20)[who], who, views)
    told = perfect.figures()
    assert (told["rank1"], told["rank1_one_view_enrolled"], told["map"], told["eer"], told["fnir_at_fpir_1e_2"]) == (
        1,
        1,
        1,
        0,
        0,
    )
    noise = chance.normal(size=(160, 32))
    worse = Scores(noise / np.linalg.norm(noise, axis=1, keepdims=True), who, views)
    assert worse.figures()["rank1"] < 0.15
    assert worse.figures()["eer"] == pytest.approx(0.5, abs=0.06)
    assert worse.figures()["fnir_at_fpir_1e_2"] > 0.9
    low, high = worse.intervals()["rank1"]
    assert low <= worse.figures()["rank1"] <= high


def test_only_subjects_that_were_not_learned_from_are_measured(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "without_07.onnx").touch()
    monkeypatch.setattr(gait_models, "FOLDS", tmp_path)
    monkeypatch.setattr(gait_models, "learned_from", lambda: ["03", "07"])
    walk = body(moments(60, 30))
    told = gait_models.tried([Trial("a", "07", "walk", walk), Trial("b", "12", "walk", walk), Trial("c", "13", "run", walk)])
    assert [(each.name, each.subjects) for each in told] == [("gait_embedding", ["12"])]
    folds = gait_models.tried([Trial("a", "07", "walk", walk), Trial("b", "03", "walk", walk)])
    assert [(each.subjects, "07" in each.learned_from) for each in folds] == [(["07"], False)]
    met = gait_models.familiar([Trial("a", "07", "walk", walk), Trial("b", "12", "walk", walk)])
    assert [each.subjects for each in met] == [["07"]]
    assert gait_models.familiar([Trial("b", "12", "walk", walk), Trial("a", "07", "run", walk)]) == [], "nobody is met again"
    assert gait_models.published(folds[0]) is None
    (tmp_path / "gaitgraph_without_07.onnx").touch()
    beside = gait_models.published(folds[0])
    assert beside is not None
    assert (beside.name, beside.learned_from) == ("gait_gaitgraph_without_07", ["03"])
    assert gait_models.published(replace(folds[0], subjects=["03"])) is None, "it learned from that one"
    with pytest.raises(gait_models.BadInputError, match="learned from every walker"):
        gait_models.tried([Trial("b", "03", "walk", walk)])


async def test_a_published_architecture_is_measured_beside_ours_on_the_same_walks(
    studio: Studio, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen = []

    async def embedded(client: str, walks: Walks) -> np.ndarray:
        seen.append((client, walks))
        return np.eye(4)[walks.who] if client == "ours" else np.ones((len(walks.who), 4)) / 2

    monkeypatch.setattr(gait, "embedded", embedded)
    people = replace(plain(4), subjects=["a", "b", "a", "b"])
    _, scores, told = await gait._compared("ours", studio, people, "rival")  # type: ignore[arg-type]
    assert [client for client, _ in seen] == ["ours", "rival"]
    assert seen[0][1] is seen[1][1], "the same walks"
    assert scores.figures()["rank1"] == told["network"]["rank1"] == 1
    assert told["published"]["rank1"] < 0.5
    assert told["published"]["interval_95"]["rank1"][1] < told["network"]["interval_95"]["rank1"][0]
    assert told["published"]["intervals_overlap"] is False
    assert "published" not in (await gait._compared("ours", studio, people, None))[2]  # type: ignore[arg-type]


@pytest.mark.parametrize("trained", [True, False])
def test_the_headline_names_the_published_architecture_where_a_model_of_it_was_tried(trained: bool) -> None:
    told = dict.fromkeys(("rank1", "rank1_one_view_enrolled", "map", "eer", "fnir_at_fpir_1e_2"), 0.25)
    beside = told if trained else {"not_run": gait.NOT_TRAINED}
    part = {"network": told, "hand_crafted": told, "published": beside, "intervals_overlap": True, "sequences": 8}
    speed = {"one_through_triton_p50_ms": 1.0, "batch_of_16_through_triton_p50_ms": 2.0}
    document = gait._document([], [part], [], speed, None)
    assert ("published_rank1" in document["headline"]) is trained
    assert document["headline"]["rank1"] == 0.25


@pytest.mark.parametrize(
    "path", [SERVED / "gait_embedding/1/model.onnx", *sorted(gait_models.FOLDS.glob("*.onnx"))], ids=lambda p: p.stem
)
def test_a_committed_model_says_what_it_learned_from(path: Path) -> None:
    model = onnx.load(path)
    props = {each.key: each.value for each in model.metadata_props}
    left = path.stem.partition("without_")[2].split("_")
    assert props["subjects"].split() == [name for name in gait_models.learned_from() if name not in left]
    shape = [each.dim_value for each in model.graph.input[0].type.tensor_type.shape.dim]
    assert shape[1:] == [SLOTS, CHANNELS]


def test_drawn_builds_have_the_spread_they_say() -> None:
    people = draw(["a"], 4000, np.random.default_rng(8))
    assert people.latent.std() == pytest.approx(1.0, abs=0.03)
    assert people.mirrored.mean() == pytest.approx(0.5, abs=0.03)
