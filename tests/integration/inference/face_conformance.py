"""What every `FaceModel` answers: the double of the service's tests, and the pipeline that Triton serves."""

import numpy as np

from app.inference.face_client import FaceAnswer


def demand_answer(answer: FaceAnswer, most: int) -> None:
    """Shapes, types and bounds of an answer to a picture of at most `most` faces."""
    count = len(answer)
    assert count <= most
    assert (answer.boxes.shape, answer.points.shape, answer.quality.shape) == ((count, 5), (count, 4, 2), (count, 5))
    assert answer.embeddings.shape == (count, 128)
    for each in (answer.boxes, answer.points, answer.quality, answer.embeddings):
        assert each.dtype == np.float32
    assert ((answer.quality >= 0) & (answer.quality <= 1)).all()
    assert (np.diff(answer.boxes[:, 4]) <= 0).all(), "best first"
    assert (answer.boxes[:, 2] > answer.boxes[:, 0]).all()
    assert np.allclose(np.linalg.norm(answer.embeddings, axis=1), 1, atol=1e-5)
