"""Pictures with people for dev/double.mjs: frames of clips, analysed once by an exported pose model.

    python dev/pictures.py MODEL.onnx OUT_DIR NAME=CLIP[:start_s[:x1,y1,x2,y2]] ...

Writes OUT_DIR/NAME/NNNN.jpg and OUT_DIR/NAME/frames.json (one list of persons a frame, in pixels of the clip's frame).
"""

import json
import pathlib
import sys

import av
import cv2
import numpy as np
import onnxruntime

FPS, SECONDS, LONG_SIDE, INPUT = 5.0, 14.0, 960, 640


def people(session: onnxruntime.InferenceSession, frame: np.ndarray) -> list[tuple[np.ndarray, float, np.ndarray]]:
    """Boxes (x1 y1 x2 y2), scores and 17x3 keypoints in pixels of `frame` (BGR)."""
    height, width = frame.shape[:2]
    scale = INPUT / max(height, width)
    canvas = np.full((INPUT, INPUT, 3), 114, np.uint8)
    small = cv2.resize(frame, (round(width * scale), round(height * scale)))
    canvas[: small.shape[0], : small.shape[1]] = small
    blob = canvas[:, :, ::-1].transpose(2, 0, 1)[None].astype(np.float32) / 255
    rows = session.run(None, {session.get_inputs()[0].name: blob})[0][0].T
    rows = rows[rows[:, 4] > 0.35]
    corners = np.column_stack([rows[:, :2] - rows[:, 2:4] / 2, rows[:, 2:4]])
    kept = cv2.dnn.NMSBoxes(corners.tolist(), rows[:, 4].tolist(), 0.35, 0.5)
    found = []
    for row in rows[np.asarray(kept, int).reshape(-1)]:
        points = row[5:].reshape(17, 3).copy()
        points[:, :2] /= scale
        box = np.array([row[0] - row[2] / 2, row[1] - row[3] / 2, row[0] + row[2] / 2, row[1] + row[3] / 2]) / scale
        found.append((box, float(row[4]), points))
    return found


def overlap(a: np.ndarray, b: np.ndarray) -> float:
    """Intersection over union."""
    sides = np.clip(np.minimum(a[2:], b[2:]) - np.maximum(a[:2], b[:2]), 0, None)
    inter = float(sides.prod())
    return inter / (float((a[2:] - a[:2]).prod()) + float((b[2:] - b[:2]).prod()) - inter)


def write(session: onnxruntime.InferenceSession, out: pathlib.Path, spec: str) -> None:
    """One camera's frames."""
    name, _, rest = spec.partition("=")
    clip, start, crop = ([*rest.split(":"), "", ""])[:3]
    folder = out / name
    folder.mkdir(parents=True, exist_ok=True)
    frames, tracks, next_id, due = [], {}, 1, float(start or 0)
    with av.open(clip) as container:
        for picture in container.decode(video=0):
            if picture.time < due:
                continue
            if len(frames) >= FPS * SECONDS:
                break
            due += 1 / FPS
            image = picture.to_ndarray(format="bgr24")
            if crop:
                x1, y1, x2, y2 = map(int, crop.split(","))
                image = np.ascontiguousarray(image[y1:y2, x1:x2])
            persons, seen = [], {}
            for box, score, points in people(session, image):
                best = max(tracks, key=lambda each: overlap(tracks[each], box), default=None)
                if best is None or overlap(tracks[best], box) < 0.3 or best in seen:
                    best, next_id = next_id, next_id + 1
                seen[best] = box
                persons.append(
                    {
                        "track_id": str(best),
                        "box": box.round(1).tolist(),
                        "score": round(score, 2),
                        "keypoints": points.round(2).tolist(),
                        "labels": [],
                    }
                )
            tracks = {**tracks, **seen}
            scale = LONG_SIDE / max(image.shape[:2])
            small = cv2.resize(image, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA) if scale < 1 else image
            cv2.imwrite(str(folder / f"{len(frames):04}.jpg"), small, [cv2.IMWRITE_JPEG_QUALITY, 75])
            frames.append({"width": image.shape[1], "height": image.shape[0], "persons": persons})
    (folder / "frames.json").write_text(json.dumps(frames))


if __name__ == "__main__":
    model, out_dir, *specs = sys.argv[1:]
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    opened = onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
    for each in specs:
        write(opened, pathlib.Path(out_dir), each)
