"""Threads of an instance and frames under way, by what the processor is."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from app.embedded.processor import Share, share_here, share_of
from app.embedded.roles import Roles, Servers
from app.settings import Settings

AVX2, AVX512 = "fpu sse4_2 avx avx2 fma", "fpu avx2 avx512f avx512_bf16 amx_bf16"


@pytest.mark.parametrize(
    ("flags", "cores", "share"),
    [
        (AVX512, 2, Share(1, 3)),
        (AVX512, 16, Share(1, 3)),
        (AVX2, 1, Share(1, 3)),  # nothing to share
        (AVX2, 2, Share(2, 2)),
        (AVX2, 4, Share(2, 3)),  # room for both instances
        ("", 2, Share(2, 2)),  # unknown: slow
    ],
)
def test_a_slow_processor_computes_one_frame_at_a_time(flags: str, cores: int, share: Share) -> None:
    assert share_of(flags, cores) == share


def test_this_machine_has_one() -> None:
    assert share_here().threads in (1, 2)


@pytest.mark.parametrize(
    ("chosen", "own", "told"),
    [({}, True, "2"), ({"PENNYPROTECT_POSE_REQUESTS": 5}, True, None), ({"TRITON_URL": "gpu:8001"}, False, None)],
)
def test_workers_are_told_of_the_embedded_server_s_share_only(
    tmp_path: Path, chosen: dict[str, Any], own: bool, told: str | None
) -> None:
    triton = SimpleNamespace(url="127.0.0.1:1", share=Share(2, 2)) if own else None
    settings = Settings(_env_file=None, **chosen)
    roles = Roles(settings, cast(Any, SimpleNamespace(root=tmp_path)), Servers(None, None, None, cast(Any, triton)), {})
    assert roles.triton().get("PENNYPROTECT_POSE_REQUESTS") == told
