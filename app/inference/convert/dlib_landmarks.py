"""dlib's 5-point landmark predictor (`shape_predictor_5_face_landmarks.dat`) to plain arrays (`.npz`), without dlib.

Arrays, with c cascades of t trees of s splits over p pixels: `shape` (10,), `anchors` (c, p), `deltas` (c, p, 2),
`first`, `second`, `thresholds` (c, t, s), `leaves` (c, t, s + 1, 10). `triton_models/face_pipeline` evaluates them.
"""

import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from app.inference.convert.checkpoint import ConversionError
from app.inference.convert.dlib_file import DlibFile
from app.inference.convert.dlib_resnet import target_of

_MOST = 1 << 16
_POINTS = 5
_EPOCH = (1980, 1, 1, 0, 0, 0)


def convert(source: Path, target: Path) -> None:
    """Write the arrays. ConversionError when the file is no predictor of five points."""
    arrays = read(DlibFile(source))
    # Not numpy.savez: it writes the time of day, and equal inputs should give equal files.
    with zipfile.ZipFile(target_of(target), "w", zipfile.ZIP_DEFLATED) as archive:
        for name, array in arrays.items():
            with archive.open(zipfile.ZipInfo(f"{name}.npy", _EPOCH), "w") as member:
                np.lib.format.write_array(member, array, allow_pickle=False)


def read(file: DlibFile) -> dict[str, npt.NDArray[Any]]:
    """The arrays of a serialised shape_predictor (version 1)."""
    file.expect(1)
    shape = file.column()
    if shape.size != 2 * _POINTS:
        raise ConversionError(f"The predictor finds {shape.size // 2} points; this one must find {_POINTS}.")
    forests = [[_tree(file) for _ in range(file.count(_MOST))] for _ in range(file.count(_MOST))]
    anchors = [[file.count(_POINTS - 1) for _ in range(file.count(_MOST))] for _ in range(file.count(_MOST))]
    deltas = [[(file.number(), file.number()) for _ in range(file.count(_MOST))] for _ in range(file.count(_MOST))]
    if not file.at_end:
        raise ConversionError("The file goes on after the predictor's end; it is of another kind.")
    try:
        found: dict[str, npt.NDArray[Any]] = {
            "shape": shape,
            "anchors": np.array(anchors, np.uint8),
            "deltas": np.array(deltas, np.float32),
            "first": np.array([[tree[0] for tree in forest] for forest in forests], np.uint16),
            "second": np.array([[tree[1] for tree in forest] for forest in forests], np.uint16),
            "thresholds": np.array([[tree[2] for tree in forest] for forest in forests], np.float32),
            "leaves": np.array([[tree[3] for tree in forest] for forest in forests], np.float32),
        }
    except ValueError as error:
        raise ConversionError("The predictor's trees are not all of one size.") from error
    return found


def _tree(file: DlibFile) -> tuple[list[int], list[int], list[float], list[npt.NDArray[np.float32]]]:
    splits = [(file.count(_MOST - 1), file.count(_MOST - 1), file.number()) for _ in range(file.count(_MOST))]
    leaves = [file.column() for _ in range(file.count(_MOST))]
    return [s[0] for s in splits], [s[1] for s in splits], [s[2] for s in splits], leaves
