"""Who a server that refuses root may be, by the folders above what it reads."""

import os
from pathlib import Path

import pytest

from app.embedded import privileges
from app.embedded.privileges import _enters

NOBODY = 65_534


@pytest.mark.parametrize("mode", [0o755, 0o700])
def test_a_folder_that_is_not_made_yet_closes_nothing(tmp_path: Path, mode: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """As in a fresh home: the folder of a server's socket is made later, for that server."""
    home = tmp_path / "home"
    home.mkdir()
    home.chmod(mode)
    stat = Path.stat

    def as_if_ours(path: Path, **given: bool) -> os.stat_result:
        """The folders above the test's are open; they are not what is asked about."""
        found = stat(path, **given)
        return found if path == home else os.stat_result((found.st_mode | 0o755, *found[1:]))

    monkeypatch.setattr(privileges.Path, "stat", as_if_ours)
    assert _enters(home / "run" / "postgres" / "x", NOBODY, NOBODY) is (mode == 0o755)
