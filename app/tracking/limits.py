"""When people are followed and when a track ends: what `bench tracking` measures, and what DeepStream's trackers are told too."""

from typing import Final

LOST_S: Final = 2.0
"""A track unseen for this long has ended; longer absences are the occurrence's business, further down."""

MIN_IOU: Final = 0.05
"""At 5 frames a second a walking person's boxes hardly overlap. Measured on five clips and TUD-Campus at 5 fps: OC-SORT at
0.05 made the fewest identity switches and implausible jumps, ByteTrack twice as many; GIoU merged more different people."""

MIN_SCORE: Final = 0.4
"""Fainter detections neither start nor continue a track."""

USUAL_FPS: Final = 5.0
"""What a camera is analysed at unless somebody asks for more or less, and what the limits were measured at; who
counts a time in frames counts it by this."""
