"""Writes small pose checkpoints in PyTorch's zip format without torch, and pickles that would do harm."""

import io
import itertools
import pickle
import sys
import types
import zipfile
from pathlib import Path
from typing import Any

import numpy as np


class _Storage:
    def __init__(self, kind: type, key: str, array: np.ndarray) -> None:
        self.pid = ("storage", kind, key, "cpu", array.size)


class _Tensor:
    def __init__(self, storage: _Storage, shape: tuple[int, ...]) -> None:
        self.storage, self.shape = storage, shape

    def __reduce__(self) -> tuple[Any, ...]:
        steps = tuple(int(np.prod(self.shape[i + 1 :])) for i in range(len(self.shape)))
        return _GLOBALS["torch._utils", "_rebuild_tensor_v2"], (self.storage, 0, self.shape, steps, False, {})


_GLOBALS: dict[tuple[str, str], Any] = {}


def _global(module: str, name: str) -> Any:
    """A class that pickles as `module.name`, importable while `write` runs."""
    if (module, name) not in _GLOBALS:
        _GLOBALS[module, name] = type(name, (), {"__module__": module, "__qualname__": name})
    return _GLOBALS[module, name]


_global("torch._utils", "_rebuild_tensor_v2")
_global("torch", "HalfStorage")


class _Pickler(pickle.Pickler):
    def persistent_id(self, obj: object) -> Any:
        return obj.pid if isinstance(obj, _Storage) else None


class Network:
    """Makes layers with seeded random weights, and writes them."""

    def __init__(self, seed: int = 3) -> None:
        self._random = np.random.default_rng(seed)
        self._arrays: dict[str, np.ndarray] = {}

    def tensor(self, array: np.ndarray) -> _Tensor:
        key = str(len(self._arrays))
        self._arrays[key] = array.astype("<f2")
        return _Tensor(_Storage(_global("torch", "HalfStorage"), key, array), array.shape)

    def module(self, kind: str, children: dict[str, Any] | None = None, arrays: Any = None, **attributes: Any) -> Any:
        made = _global("ultralytics.nn.modules", kind)()
        tensors = {name: self.tensor(array) for name, array in (arrays or {}).items()}
        made.__dict__.update(_modules=children or {}, _parameters=tensors, _buffers={}, **attributes)
        return made

    def conv2d(self, c_in: int, c_out: int, size: int = 1, stride: int = 1, *, bias: bool = False) -> Any:
        weight = self._random.normal(0, (c_in * size * size) ** -0.5, (c_out, c_in, size, size))
        arrays = {"weight": weight} | ({"bias": self._random.normal(0, 0.5, c_out)} if bias else {})
        plain = {"stride": (stride, stride), "padding": (size // 2, size // 2), "dilation": (1, 1), "groups": 1}
        return self.module("Conv2d", arrays=arrays, padding_mode="zeros", **plain)

    def conv(self, c_in: int, c_out: int, size: int = 1, stride: int = 1, **attributes: Any) -> Any:
        norm = {
            "weight": self._random.uniform(0.5, 1.5, c_out),
            "bias": self._random.normal(0, 0.1, c_out),
            "running_mean": self._random.normal(0, 0.1, c_out),
            "running_var": self._random.uniform(0.5, 1.5, c_out),
        }
        children = {
            "conv": self.conv2d(c_in, c_out, size, stride),
            "bn": self.module("BatchNorm2d", arrays=norm, eps=0.001),
            "act": self.module("SiLU"),
        }
        return self.module("Conv", children, **attributes)

    def write(self, model: Any, path: Path) -> Path:
        """The checkpoint of `model`."""
        file = io.BytesIO()
        names = {module for module, _ in _GLOBALS}
        packages = {".".join(name.split(".")[: i + 1]) for name in names for i in range(name.count(".") + 1)}
        before = {name: sys.modules.get(name) for name in packages}
        try:
            for name in packages:
                sys.modules[name] = types.ModuleType(name)
            for (module, name), value in _GLOBALS.items():
                setattr(sys.modules[module], name, value)
            _Pickler(file, 2).dump({"epoch": -1, "ema": None, "model": model})
        finally:
            for name, module in before.items():
                if module is None:
                    del sys.modules[name]
                else:
                    sys.modules[name] = module
        members = {"net/data.pkl": file.getvalue(), "net/byteorder": b"little"}
        members |= {f"net/data/{key}": array.tobytes() for key, array in self._arrays.items()}
        return archive(path, members)


def archive(path: Path, members: dict[str, bytes]) -> Path:
    """A zip file."""
    with zipfile.ZipFile(path, "w") as file:
        for name, content in members.items():
            file.writestr(name, content)
    return path


def tiny_pose(path: Path, *, head: str = "Pose", one_to_one: bool = False, keypoints: int = 17, deep: bool = False) -> Path:
    """A pose network with one layer of each routing kind: chain, C2f, SPPF, upsampling, concatenation, three levels.

    `deep`: the branches of its head have two convolutions before the last, as published networks have.
    """
    net = Network()

    def c2f(c: int, **attributes: Any) -> Any:
        neck = net.module("Bottleneck", {"cv1": net.conv(c // 2, c // 2, 3), "cv2": net.conv(c // 2, c // 2, 3)}, add=True)
        parts = {"cv1": net.conv(c, c), "cv2": net.conv(c + c // 2, c), "m": net.module("ModuleList", {"0": neck})}
        return net.module("C2f", parts, **attributes)

    pool = net.module("MaxPool2d", kernel_size=5, padding=2)
    sppf = net.module("SPPF", {"cv1": net.conv(8, 4), "cv2": net.conv(16, 8), "m": pool}, f=-1)
    layers = [
        net.conv(3, 4, 3, 2, f=-1), net.conv(4, 8, 3, 2, f=-1), net.conv(8, 8, 3, 2, f=-1), c2f(8, f=-1),
        net.conv(8, 8, 3, 2, f=-1), net.conv(8, 8, 3, 2, f=-1), sppf,
        net.module("Upsample", f=-1, scale_factor=2.0, mode="nearest"), net.module("Concat", f=[-1, 4], d=1),
    ]  # fmt: skip

    def branch(out: int) -> Any:
        more = [lambda: net.conv(4, 4, 3)] if deep else []
        chains = [[net.conv(c, 4, 3), *(each() for each in more), net.conv2d(4, out, bias=True)] for c in (8, 16, 8)]
        levels = [net.module("Sequential", dict(zip("012", chain, strict=False))) for chain in chains]
        return net.module("ModuleList", dict(zip("012", levels, strict=True)))

    bins = net.module("Conv2d", arrays={"weight": np.arange(16.0).reshape(1, 16, 1, 1)})
    parts = {
        "cv2": branch(64),
        "cv3": branch(1),
        "cv4": branch(3 * keypoints),
        "dfl": net.module("DFL", {"conv": bins}),
    }
    if one_to_one:
        parts["one2one_cv2"] = branch(64)
    plain = {"reg_max": 16, "nc": 1, "kpt_shape": [keypoints, 3], "stride": net.tensor(np.array([8.0, 16.0, 32.0]))}
    layers.append(net.module(head, parts, f=[3, 8, 6], **plain))
    # Two-digit names would sort wrongly as text: the ten layers are given in text order.
    named = dict(sorted(zip(map(str, itertools.count()), layers, strict=False)))
    return net.write(net.module("PoseModel", {"model": net.module("Sequential", named)}), path)
