"""The order of test files where several processes share them."""

from collections import Counter
from typing import Any

import pytest


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Files with a test that may take longest first, then those of many tests: nobody is left alone with a long one at the end.

    For `-n N --dist loadfile --no-loadscope-reorder`; elsewhere tests keep their order.
    """
    if not hasattr(config, "workerinput") or config.getvalue("loadgroup"):
        return
    longest: dict[str, float] = {}
    for item in items:
        mark = item.get_closest_marker("timeout")
        longest[item.location[0]] = max(longest.get(item.location[0], 0.0), float(mark.args[0]) if mark else 0.0)
    count = Counter(item.location[0] for item in items)
    usual = float(config.getini("timeout"))
    items.sort(key=lambda item: (-max(longest[item.location[0]], usual), -count[item.location[0]]))


@pytest.hookimpl(optionalhook=True)
def pytest_handlecrashitem(crashitem: str, sched: Any) -> None:
    """Note a process that died in a test: the gate does not try such a test once more (tools/once_more.py)."""
    sched.config.cache.set("pennyprotect/crashed", crashitem)
