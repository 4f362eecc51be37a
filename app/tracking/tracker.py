"""What a tracker is to the rest of the product, and how one is made."""

from typing import Protocol

from app.perception.detections import Detections, TrackedDetections


class Tracker(Protocol):
    """Follows the persons of one camera, frame by frame."""

    def update(self, detections: Detections, at_us: int) -> TrackedDetections:
        """The detections that belong to a track, each whole (box, score, keypoints), in their given order.

        Args:
            detections: of one frame, pixels.
            at_us: when it was captured, microseconds since 1970; rises strictly from call to call.

        Detections that belong to no track (too faint to start one, or seen for the first time) are left out. A track
        id is never used again by the same tracker; ids start at 1.
        """
        ...


def make_tracker(fps: float) -> Tracker:
    """The product's tracker for a camera analysed at about `fps` frames a second.

    Its library takes 2-3 s to import, which therefore happens at the first call, in the role that tracks.
    """
    from app.tracking.ocsort import OcSort

    return OcSort(fps)
