"""A decoded picture that was copied out of the GPU's memory, for the few frames that something on the CPU looks at."""

from dataclasses import dataclass

import cv2

from app.workers.gpu.surfaces import Memory, UInt8, picture_of, pixels_of


@dataclass(frozen=True, slots=True)
class CopiedPicture:
    """NV12: `rows` is (height * 3 / 2, width). OpenCV reads it as BT.601 in studio range, as the CPU worker's pictures are."""

    rows: UInt8

    @property
    def width(self) -> int:
        """Pixels."""
        return int(self.rows.shape[1])

    @property
    def height(self) -> int:
        """Pixels."""
        return int(self.rows.shape[0]) * 2 // 3

    def draw(self, into: UInt8) -> None:
        """Fill `into` (h, w, 3) with the picture, scaled, as RGB."""
        into[:] = self._scaled(into.shape[1], into.shape[0], cv2.COLOR_YUV2RGB_NV12)

    def pixels(self, long_side: int) -> UInt8:
        """(h, w, 3) BGR, scaled down so that the long side is at most `long_side` pixels."""
        scale = min(1.0, long_side / max(self.width, self.height))
        width, height = (max(2, round(side * scale / 2) * 2) for side in (self.width, self.height))
        return self._scaled(width, height, cv2.COLOR_YUV2BGR_NV12)

    def _scaled(self, width: int, height: int, code: int) -> UInt8:
        """Planes first, at even sides: a third of the work of the other order."""
        even = (width // 2 * 2, height // 2 * 2)
        luma = cv2.resize(self.rows[: self.height], even, interpolation=cv2.INTER_LINEAR)
        colours = self.rows[self.height :].reshape(self.height // 2, self.width // 2, 2)
        small = cv2.resize(colours, (even[0] // 2, even[1] // 2), interpolation=cv2.INTER_LINEAR)
        found = cv2.cvtColorTwoPlane(luma, small, code)
        return found if even == (width, height) else cv2.resize(found, (width, height), interpolation=cv2.INTER_LINEAR)  # type: ignore[return-value]


def copy_of(head: bytes, memory: Memory) -> CopiedPicture:
    """The picture whose NvBufSurface has these bytes. SurfaceError where it cannot be copied."""
    return CopiedPicture(pixels_of(picture_of(head), memory))
