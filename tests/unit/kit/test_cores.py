"""Rule 3: a crash leaves no core, whatever the machine allows."""

import os
import resource
import subprocess
import sys
from pathlib import Path

CRASH = """
import os, resource
from app.kit.cores import leave_no_core
leave_no_core()
if resource.getrlimit(resource.RLIMIT_CORE)[1] > 1:
    os._exit(3)
os.abort()
"""


def test_rule_03_a_crash_leaves_no_core(tmp_path: Path) -> None:
    _, hardest = resource.getrlimit(resource.RLIMIT_CORE)
    environment = os.environ | {"PYTHONPATH": str(Path(__file__).parents[3])}
    running = subprocess.Popen(
        ["/bin/sh", "-c", 'ulimit -c hard; exec "$0" -c "$1"', sys.executable, CRASH], cwd=tmp_path, env=environment,
        stderr=subprocess.DEVNULL,
    )  # fmt: skip
    _, status = os.waitpid(running.pid, 0)
    running.returncode = status
    assert os.WIFSIGNALED(status), f"the limit was not set: {status}, {hardest} allowed"
    assert not os.WCOREDUMP(status)
    assert list(tmp_path.iterdir()) == []
