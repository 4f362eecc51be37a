"""A full disk is felt by a process and its children, of whatever user, and is over when it is over."""

import os
import subprocess
from pathlib import Path

import pytest

from tests.chaos.disk import fill, free

WRITES = 'cd /tmp; trap "" XFSZ; while read word; do if echo 0123456789 >> "$0"; then echo written; else echo full; fi; done'


@pytest.mark.parametrize("user", [None, "nobody"])
def test_nothing_can_be_written_until_it_is_over(user: str | None) -> None:
    if user and os.getuid():
        pytest.skip("only root has processes of other users")
    file = f"/tmp/disk-{os.getpid()}-{user}"
    command = ["sh", "-c", WRITES, file]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, user=user) as writer:
        assert writer.stdin is not None
        assert writer.stdout is not None
        said = []
        for change in (None, fill, free):
            if change is not None:
                change(writer.pid)
            writer.stdin.write(b"write\n")
            writer.stdin.flush()
            said.append(writer.stdout.readline().strip())
        writer.stdin.close()
    Path(file).unlink()
    assert said == [b"written", b"full", b"written"]
    fill(writer.pid)  # it is gone: nothing happens
