"""A role's own small page for Prometheus and probes: where it listens, and what happens when it cannot."""

import socket
from pathlib import Path

import aiohttp
import pytest

from app.kit.errors import SetupError
from app.kit.operations import serve_operations, socket_path


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


async def test_a_probe_and_prometheus_reach_it_by_host_and_port(tmp_path: Path) -> None:
    port = _free_port()
    async with (
        serve_operations(f"127.0.0.1:{port}", tmp_path, "pipeline", lambda: b"pennyprotect_shards 64\n"),
        aiohttp.ClientSession(f"http://127.0.0.1:{port}") as client,
    ):
        async with client.get("/healthz") as health:
            assert await health.json() == {"status": "ok"}
        async with client.get("/metrics") as metrics:
            assert await metrics.text() == "pennyprotect_shards 64\n"
    assert not socket_path(tmp_path, "pipeline").exists()


async def test_by_default_only_the_state_folder_reaches_it(tmp_path: Path) -> None:
    path = socket_path(tmp_path, "pipeline")
    async with serve_operations("", tmp_path, "pipeline", lambda: b"x 1\n"):
        assert path.parent.stat().st_mode & 0o077 == 0
        connector = aiohttp.UnixConnector(str(path))
        async with aiohttp.ClientSession(connector=connector) as client, client.get("http://role/metrics") as metrics:
            assert await metrics.text() == "x 1\n"
    assert not path.exists()


@pytest.mark.parametrize("address", ["nonsense", "127.0.0.1:", "127.0.0.1:99999", "unix:/proc/nowhere/x.sock"])
async def test_an_address_that_cannot_be_is_said_in_one_sentence(tmp_path: Path, address: str) -> None:
    with pytest.raises(SetupError, match="PENNYPROTECT_METRICS cannot be"):
        async with serve_operations(address, tmp_path, "pipeline"):
            pass


async def test_a_home_with_a_long_path_goes_without(tmp_path: Path) -> None:
    async with serve_operations("", tmp_path / ("x" * 120), "pipeline"):
        pass
