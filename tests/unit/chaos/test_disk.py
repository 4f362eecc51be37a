"""A full disk is felt by a process and its children, and is over when it is over."""

import subprocess
import sys
from pathlib import Path

from tests.chaos.disk import fill, free

WRITES = """
import sys
for line in sys.stdin:
    try:
        with open(sys.argv[1], "ab") as file:
            file.write(b"0123456789")
        print("written", flush=True)
    except OSError as error:
        print(error.strerror, flush=True)
"""


def test_nothing_can_be_written_until_it_is_over(tmp_path: Path) -> None:
    command = [sys.executable, "-c", WRITES, str(tmp_path / "file")]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as writer:
        assert writer.stdin is not None
        assert writer.stdout is not None
        said = []
        for change in (None, fill, free):
            if change is not None:
                change(writer.pid)
            writer.stdin.write("write\n")
            writer.stdin.flush()
            said.append(writer.stdout.readline().strip())
        writer.stdin.close()
    assert said == ["written", "File too large", "written"]
    fill(writer.pid)  # it is gone: nothing happens
