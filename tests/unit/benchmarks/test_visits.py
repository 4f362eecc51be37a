"""What `bench visits` measures with: a composed store whose joins are known."""

from benchmarks.visits import compose, cost, follow, score


def test_in_a_quiet_store_visits_are_followed_and_never_mixed_up() -> None:
    store = compose(9, 0.1, 600.0, 5)
    told = score(store, follow(store, 600.0))
    assert told["true_joins"] > 10
    assert told["joins_right_share"] > 0.95
    assert told["joins_found_share"] > 0.75
    unknown = score(store, {})
    assert (unknown["joins_right_share"], unknown["joins_found_share"]) == (0.0, 0.0)


def test_a_look_at_a_full_store_is_counted() -> None:
    told = cost(4, 1.0)
    assert told["tracks_in_window"] > 20
    assert told["ms_per_s_of_video"] > 0
