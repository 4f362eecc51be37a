"""A process that looks for cycles seldom still looks."""

import subprocess
import sys

LOOKS = """
import gc, weakref
from app.kit.collector import COLLECT_AFTER, collect_seldom
class Node: pass
collect_seldom()
assert gc.get_threshold() == COLLECT_AFTER and gc.isenabled() and gc.get_freeze_count() > 1000
node = Node(); node.itself = node; gone = weakref.ref(node); del node
kept = [[] for _ in range(2 * COLLECT_AFTER[0])]
assert gone() is None
"""


def test_what_was_there_is_frozen_and_later_cycles_still_go() -> None:
    subprocess.run([sys.executable, "-c", LOOKS], check=True, timeout=60)
