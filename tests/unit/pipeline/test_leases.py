"""Fair shares settle, whatever the start."""

from hypothesis import given
from hypothesis import strategies as st

from app.kit.ids import SHARDS
from app.pipeline.leases import fair_share


def test_alone_takes_all_and_with_two_half_is_handed_back() -> None:
    assert fair_share("a", ["a"], []).take == 64
    share = fair_share("a", ["a", "b"], range(64))
    assert (share.release, share.take) == (tuple(range(32, 64)), 0)


@given(st.sets(st.sampled_from("abcdefgh"), min_size=1), st.lists(st.sampled_from("abcdefghx"), min_size=SHARDS, max_size=SHARDS))
def test_shares_settle_in_two_rounds(members: set[str], owners: list[str]) -> None:
    """`x` is a dead one: its leases run out and are free."""
    held = {member: [shard for shard, owner in enumerate(owners) if owner == member] for member in members}
    for _ in range(2):
        for member in sorted(members):
            share = fair_share(member, members, held[member])
            held[member] = [shard for shard in held[member] if shard not in share.release]
            free = sorted(set(range(SHARDS)) - {shard for each in held.values() for shard in each})
            held[member] += free[: share.take]
    sizes = [len(each) for each in held.values()]
    assert sum(sizes) == SHARDS
    assert max(sizes) - min(sizes) <= 1
    assert all(not fair_share(member, members, held[member]).release for member in members)
