"""How high strangers score with the default face model before anybody measured: from what others published of it. Pure.

The model is dlib's `dlib_face_recognition_resnet_model_v1`. Its users compare distances d of its vectors, whose length r is about
1.42; ours have length 1, and cosine = 1 - d^2 / (2 r^2). Two distances have a published rate of different people below them:

- d = 0.6, a cosine of 0.91: the author's threshold. 99.38 % of LFW's pairs are told rightly there (dlib's
  `dnn_face_recognition_ex.cpp`), so 0.62 % is the rate that reads against it. In 30 million faces 0.05 % lay nearer than that
  (davisking/dlib issue 1944, whose author calls it better than expected): the rate that reads for it.
- d = 0.43, a cosine of 0.954: somebody was taken for another among 13,000 people (issue 1502, five pictures shown): one false
  match in 65,000 comparisons, or in 13,700 at the upper end of a 95 % interval of one event (4.74).

Between and beyond them the rate is taken to fall exponentially with the cosine, which is slower than with the distance: the
further out, the more careful. No score between pictures of people went into the rates; only the length r = 1.42 was measured,
on 21 faces in shared photographs (1.31 to 1.60). It is no measurement of this product: a site's own strangers are one, and its
acceptance test.
"""

import math
from typing import Final

from app.identity.decision.tail import Calibration, Tail

PUBLISHED_OF: Final = ("face_embedding", "1")
"""Model and version that these figures are about. Of another version nobody knows anything."""

LENGTH: Final = 1.42
"""Mean of the model's vectors before they are given length 1."""

FAR, NEAR = 0.6, 0.43
AGAINST: Final = (0.0062, 4.74 / 65_000)
FOR: Final = (0.0005, 1 / 65_000)
"""Rates at the two distances, as they read against the model and for it."""


def cosine_of(distance: float, length: float = LENGTH) -> float:
    """Of two vectors of that length that lie so far apart."""
    return 1 - distance**2 / (2 * length**2)


def published() -> Calibration:
    """The tail as it reads against the model; its interval begins at what reads for it."""
    against, kind = _tail(*AGAINST), _tail(*FOR)
    return Calibration(against, (against, kind), 0, 0)


def _tail(far: float, near: float) -> Tail:
    start = cosine_of(FAR)
    return Tail(start, far, (cosine_of(NEAR) - start) / math.log(far / near), 0.0)
