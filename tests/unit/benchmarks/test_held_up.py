"""What the benchmark says of a pipeline that was held up."""

from benchmarks.held_up import EVERY_S, Moment, held_up


def test_what_held_it_up_is_told_apart() -> None:
    ages = [0.0, 0.0, 0.4, 0.9, 0.0]
    moments = [
        Moment(100 + number * EVERY_S, 5 + 0.02 * number, 3 + 0.05 * number, 7.0, age, f"IO WALSync: {number}")
        for number, age in enumerate(ages)
    ]
    told = held_up(moments, 99, 100.4)
    assert (told["pipeline_ran_s"], told["pipeline_waited_for_a_core_s"], told["cores_stolen_s"]) == (0.08, 0.2, 0.0)
    assert (told["oldest_transaction_s"], told["oldest_transaction"]) == (0.9, "IO WALSync: 3")
    assert held_up(moments, 200, 201) == {}
