"""A decoded picture with its times, still in the decoder's colour space: most frames are never converted."""

from dataclasses import dataclass

from av import VideoFrame


@dataclass(frozen=True, slots=True)
class CapturedFrame:
    """One frame of a camera.

    Attributes:
        picture: decoded, usually yuv420p; (height, width) of the stream.
        captured_at_us: microseconds since 1970 UTC; strictly rising within a connection.
        received_at_us: when the decoder handed it over.
        connection: number of the connection it came over, rising within a process.
    """

    picture: VideoFrame
    captured_at_us: int
    received_at_us: int
    connection: int

    @property
    def width(self) -> int:
        """Pixels."""
        return self.picture.width

    @property
    def height(self) -> int:
        """Pixels."""
        return self.picture.height
