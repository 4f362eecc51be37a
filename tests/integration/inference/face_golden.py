"""How `golden/faces.json` was made: dlib 20.0.1 and LiteRT 2.3.0 asked about pictures that anyone can make again.

Run with an interpreter that has dlib, ai_edge_litert and numpy: `python -m tests.integration.inference.face_golden FOLDER`,
FOLDER holding the three pinned files. No test needs either library.
"""

import hashlib
import json
import sys
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

GOLDEN = Path(__file__).resolve().parent / "golden" / "faces.json"
CASES = ((1, 300, (60, 70, 219, 229)), (2, 900, (120, 200, 719, 799)), (3, 200, (-30, 20, 119, 169)), (4, 420, (5, 5, 404, 404)))
"""(seed, side of the picture, box): smaller than a chip, several times larger, over the edge, about twice as large."""


def picture(seed: int, side: int) -> npt.NDArray[np.uint8]:
    """(side, side, 3) coarse blocks with fine noise: something in every frequency."""
    random = np.random.default_rng(seed)
    coarse = random.integers(0, 200, (side // 20 + 1, side // 20 + 1, 3))
    blocks = np.repeat(np.repeat(coarse, 20, axis=0), 20, axis=1)[:side, :side]
    return np.asarray(blocks + random.integers(0, 56, (side, side, 3)), np.uint8)


def main(folder: Path) -> None:
    """Write the golden file."""
    import dlib
    from ai_edge_litert.interpreter import Interpreter

    predictor = dlib.shape_predictor(str(folder / "shape_predictor_5_face_landmarks.dat"))
    network = dlib.face_recognition_model_v1(str(folder / "dlib_face_recognition_resnet_model_v1.dat"))
    found: dict[str, Any] = {"dlib": dlib.__version__, "faces": [], "blazeface": []}
    for seed, side, box in CASES:
        image = picture(seed, side)
        shape = predictor(image, dlib.rectangle(*box))
        chip = dlib.get_face_chip(image, shape, 150, 0.25)
        found["faces"].append(
            {
                "points": [[part.x, part.y] for part in shape.parts()],
                "chip": hashlib.sha256(np.ascontiguousarray(chip).tobytes()).hexdigest(),
                "embedding": [round(value, 7) for value in network.compute_face_descriptor(image, shape)],
            }
        )
    detector = Interpreter(model_path=str(folder / "face_detection_full_range.tflite"))
    detector.allocate_tensors()
    (entry,) = detector.get_input_details()
    for seed in (5, 6):
        detector.set_tensor(entry["index"], (picture(seed, 192)[None] / 127.5 - 1).astype(np.float32))
        detector.invoke()
        boxes, scores = (detector.get_tensor(each["index"])[0] for each in detector.get_output_details())
        found["blazeface"].append({"boxes": boxes[::97, ::3].round(4).tolist(), "scores": scores[::29, 0].round(5).tolist()})
    GOLDEN.parent.mkdir(exist_ok=True)
    GOLDEN.write_text(json.dumps(found, separators=(",", ":")) + "\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
