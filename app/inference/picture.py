"""Pictures that can draw themselves, scaled and as RGB, straight into the memory a network reads from."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, Protocol

import cv2
import numpy as np
import numpy.typing as npt

from app.kit.errors import BadInputError

if TYPE_CHECKING:  # the GPU worker decodes by other means and carries no PyAV
    from av import VideoFrame

UInt8 = npt.NDArray[np.uint8]


# A picture this small is drawn faster by one thread than by several, which would compete with inference besides.
cv2.setNumThreads(1)


class Picture(Protocol):
    """Something of `width` x `height` pixels that can draw itself."""

    @property
    def width(self) -> int:
        """Pixels."""

    @property
    def height(self) -> int:
        """Pixels."""

    def draw(self, into: UInt8) -> None:
        """Fill `into` (h, w, 3) with the whole picture, scaled to it, as RGB."""


@dataclass(frozen=True, slots=True)
class PixelPicture:
    """An (h, w, 3) uint8 array of RGB or BGR pixels. Scaled first, converted after: fewer pixels to convert."""

    pixels: UInt8
    order: Literal["rgb", "bgr"] = "rgb"

    def __post_init__(self) -> None:
        shape = self.pixels.shape
        if len(shape) != 3 or shape[2] != 3 or self.pixels.dtype != np.uint8 or 0 in shape:
            raise BadInputError(f"A picture is (height, width, 3) of uint8, not {shape} of {self.pixels.dtype}.")

    @property
    def width(self) -> int:
        """Pixels."""
        return int(self.pixels.shape[1])

    @property
    def height(self) -> int:
        """Pixels."""
        return int(self.pixels.shape[0])

    def draw(self, into: UInt8) -> None:
        """Fill `into` with the picture, scaled, as RGB."""
        height, width = into.shape[:2]
        if self.order == "rgb":
            cv2.resize(self.pixels, (width, height), dst=into, interpolation=cv2.INTER_LINEAR)
        else:
            small = cv2.resize(self.pixels, (width, height), interpolation=cv2.INTER_LINEAR)
            cv2.cvtColor(small, cv2.COLOR_BGR2RGB, dst=into)


@dataclass(frozen=True, slots=True)
class DecodedPicture:
    """A decoder's own frame. 4:2:0 planes are scaled before they become RGB: a third of the work of the other order.

    OpenCV reads the planes as BT.601 in studio range. Streams that are BT.709 or full range differ by a few grey
    levels, which pose networks do not notice; any other pixel format takes the decoder's own conversion.
    """

    frame: "VideoFrame"

    @property
    def width(self) -> int:
        """Pixels."""
        return int(self.frame.width)

    @property
    def height(self) -> int:
        """Pixels."""
        return int(self.frame.height)

    def draw(self, into: UInt8) -> None:
        """Fill `into` with the picture, scaled, as RGB."""
        height, width = into.shape[:2]
        if self.frame.format.name not in ("yuv420p", "yuvj420p") or width % 2 or height % 2:
            into[:] = self.frame.reformat(width=width, height=height, format="rgb24").to_ndarray()
            return
        rows = np.empty((height * 3 // 2, width), np.uint8)
        luma, chroma = rows[:height], rows[height:].reshape(2, height // 2, width // 2)
        for number, plane in enumerate((luma, chroma[0], chroma[1])):
            _shrink(self.frame.planes[number], plane)
        cv2.cvtColor(rows, cv2.COLOR_YUV2RGB_I420, dst=into)


def _shrink(plane: Any, into: UInt8) -> None:
    """Scale one plane of a decoded frame; its rows are padded to `line_size` bytes."""
    whole = np.frombuffer(plane, np.uint8).reshape(-1, plane.line_size)
    source = whole[: plane.height, : plane.width]
    cv2.resize(source, (into.shape[1], into.shape[0]), dst=into, interpolation=cv2.INTER_LINEAR)


def picture_of(source: "Picture | UInt8") -> Picture:
    """`source` itself, or an array taken as RGB."""
    return PixelPicture(source) if isinstance(source, np.ndarray) else source
