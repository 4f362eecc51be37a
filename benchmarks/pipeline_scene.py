"""The scene that pipelines are measured with: eight people before each camera, two of whom stay; and a backlog of it."""

import math
import random
import struct
import time
import uuid

import msgspec
import redis.asyncio

from app.contracts.tracked import TrackedFrame, decode_frame, frames_stream
from app.contracts.wire import FIELD, encode
from app.kit.ids import shard_of

PEOPLE = 8
FPS = 5.0
SAMPLES = 100
"""Frames after which a camera's scene begins again. It closes: people who leapt back, on all cameras at once, would cost what no
store's do."""
WIDTH, HEIGHT = 1280, 720
LOITERERS = 2
"""Of the 8 people of each camera: they raise an alert and keep it going; the others walk about."""

JOINTS = (
    (0.0, 0.94), (-0.02, 0.95), (0.02, 0.95), (-0.04, 0.94), (0.04, 0.94), (-0.13, 0.82), (0.13, 0.82), (-0.16, 0.63),
    (0.16, 0.63), (-0.17, 0.48), (0.17, 0.48), (-0.09, 0.53), (0.09, 0.53), (-0.09, 0.28), (0.09, 0.28), (-0.09, 0.04),
    (0.09, 0.04),
)  # fmt: skip
"""COCO-17 of somebody who stands, aside of and over the foot point, in body heights (Drillis and Contini 1966)."""
SWINGING, SWING, STEPS_PER_S = {9, 10, 15, 16}, 0.12, 0.9
"""Hands and feet of those who walk, in body heights; a whole number of steps in the scene's 20 s."""
JITTER = 0.015
"""Of each point, in body heights: about what the pose model does."""


def scene(camera: uuid.UUID, sequence: int, at_us: int, chance: random.Random) -> bytes:
    """One frame: six people who walk to and fro, two who stand and sway; boxes, 17 keypoints of upright bodies, jitter."""
    boxes: list[float] = []
    keypoints: list[float] = []
    at_s = sequence / FPS
    for person in range(PEOPLE):
        body = 200.0 + 12 * person
        reach = 0.01 if person < LOITERERS else 0.35
        x = WIDTH * (0.5 + reach * math.sin(math.tau * sequence / SAMPLES + person * 0.8)) + chance.gauss(0, 1.5)
        y = HEIGHT * (0.55 + 0.05 * person) + chance.gauss(0, 1.5)
        boxes += (x - body / 6, y - body, x + body / 6, y)
        swing = 0.0 if person < LOITERERS else SWING * math.sin(2 * math.pi * STEPS_PER_S * at_s + person)
        for joint, (aside, high) in enumerate(JOINTS):
            limb = (-swing if joint % 2 else swing) if joint in SWINGING else 0.0
            keypoints += (
                x + body * (aside + limb + chance.gauss(0, JITTER)),
                y - body * (high + chance.gauss(0, JITTER)),
                0.3 + 0.65 * chance.random(),
            )
    frame = TrackedFrame(
        camera, 1, sequence, at_us, at_us + 30_000, WIDTH, HEIGHT, 1, list(range(1, PEOPLE + 1)),
        struct.pack(f"<{4 * PEOPLE}f", *boxes), struct.pack(f"<{PEOPLE}f", *[0.85] * PEOPLE),
        struct.pack(f"<{51 * PEOPLE}f", *keypoints),
    )  # fmt: skip
    return encode(frame)


class Backlog:
    """Frames of all cameras, continuing from round to round."""

    def __init__(self, cameras: list[uuid.UUID]) -> None:
        self.cameras = cameras
        self.sequence = 0
        self.start_us = time.time_ns() // 1000 - 3600 * 1_000_000
        chance = random.Random(5)
        self.samples = [scene(cameras[0], index, 0, chance) for index in range(SAMPLES)]
        self._frames = [msgspec.structs.asdict(decode_frame(sample)) for sample in self.samples]

    async def add(self, memory: redis.asyncio.Redis, frames: int) -> int:
        """XADD that many frames, in the order of time; how many."""
        count = 0
        while count < frames:
            async with memory.pipeline(transaction=False) as pipeline:
                for _ in range(10):
                    at_us = self.start_us + round(self.sequence / FPS * 1e6)
                    body = self._frames[self.sequence % len(self._frames)]
                    for camera in self.cameras:
                        given = {**body, "camera_id": camera, "sequence": self.sequence, "captured_at_us": at_us}
                        pipeline.xadd(frames_stream(shard_of(camera)), {FIELD: encode(TrackedFrame(**given))})
                        count += 1
                    self.sequence += 1
                await pipeline.execute()
        return count
