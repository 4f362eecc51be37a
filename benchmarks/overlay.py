"""How far the picture on the screen and what is drawn over it are apart in time, by a counter burnt into the picture.

A clip of people (the demo's, or `--data`) with a counter in each frame goes over RTSP into a whole embedded product of the
benchmark's own, and as the camera's own video to Chromium, where one camera is watched. At each frame of the screen the counter
is read off the very picture that is shown, and the moment off the drawing over it. When a counter was captured is said by the
pictures that were analysed: the worker gives them with captured_at, the same that stands in the analysis.
"""

import asyncio
import contextlib
import shutil
import statistics
import tempfile
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, Final

import aiohttp
import cv2
import numpy as np

from app.embedded.demo_clips import available_clips, fetch_clip
from app.kit.errors import SetupError, UnavailableError
from app.settings import settings
from benchmarks.cameras import feed
from benchmarks.counted import BLOCK, BLOCKS, WIDTH, Moments, number_on, read_counter, write_counted
from benchmarks.document import BenchArguments
from benchmarks.own_product import Desk, own_product
from benchmarks.product import Product, token_of

BAR_MS: Final = 100.0
_SHARES: Final = {"p50": 0.5, "p95": 0.95, "p99": 0.99, "worst": 1.0}
SETTLES_S: Final = 12.0
"""The video waits as long as the analysis needs once it has seen how long that is."""
PASSWORD: Final = "bench-overlay-watcher"  # noqa: S105 - of a product that lives for minutes on loopback
VIDEO_WITHIN_MS: Final = 90_000
SAMPLE: Final = """
([block, blocks, width]) => {
  const read = document.createElement("canvas");
  const pixels = read.getContext("2d", { willReadFrequently: true });
  const samples = window.__samples = [];
  const look = () => {
    requestAnimationFrame(look);
    const video = document.querySelector("[data-testid=video]"), over = document.querySelector("[data-testid=video-overlay]");
    if (!video || !over || !video.videoWidth) return;
    const side = block * video.videoWidth / width;
    read.width = Math.ceil(side * blocks);
    read.height = Math.ceil(side);
    pixels.drawImage(video, 0, 0, read.width, read.height, 0, 0, read.width, read.height);
    const row = pixels.getImageData(0, Math.round(side / 2), read.width, 1).data, grey = [];
    for (let place = 0; place < blocks; place += 1) {
      const at = 4 * Math.round((place + 0.5) * side);
      grey.push((row[at] + row[at + 1] + row[at + 2]) / 3);
    }
    samples.push([grey, over.dataset.overlayUs || ""]);
  };
  look();
}
"""


async def run(arguments: BenchArguments) -> dict[str, Any]:
    """Start, watch for `seconds`, end."""
    try:
        import playwright.async_api  # noqa: F401 - only whether it is here
    except ImportError as error:
        raise SetupError("This needs the developers' tools; `make lint` sets them up.") from error
    clip = await asyncio.to_thread(_demo_clip) if arguments.data is None else arguments.data
    with tempfile.TemporaryDirectory(prefix="pennyprotect-counted-") as folder:
        counted = Path(folder) / "counted.mp4"
        length = await asyncio.to_thread(write_counted, clip, counted)
        async with (
            aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(30)) as session,
            feed(counted, Path(folder), 1) as ports,
            own_product(session, [f"rtsp://127.0.0.1:{ports[0]}/stream"]) as desk,
        ):
            await _watcher(desk)
            samples, analysed, version = await _watch(desk, max(10.0, arguments.seconds))
    return document(samples, Moments(analysed, length), len(analysed), version)


def _demo_clip() -> Path:
    chosen = settings()
    clips = available_clips(chosen.cache, chosen.model_mirror, 1)
    if not clips:
        raise SetupError("No clip of the demonstration can be had here; name one by --data.")
    return fetch_clip(clips[0], chosen.cache, chosen.model_mirror)


async def _watcher(desk: Desk) -> None:
    """Somebody to sign in by the page, with a password that is known here."""
    asked = {"username": "watcher", "roles": [{"role": "chain-administrator"}]}
    given = (await desk.ask("POST", "/users", asked))["initial_password"]
    first = Desk(desk.session, Product(desk.product.url, await token_of(desk.session, desk.product.url, "watcher", given)))
    await first.ask("POST", "/auth/password", {"current_password": given, "new_password": PASSWORD})


async def _watch(desk: Desk, seconds: float) -> tuple[list[list[Any]], list[tuple[int, int]], str]:
    """What was on the screen, (captured_at_us, number) of what was analysed meanwhile, and the browser's version."""
    from playwright.async_api import async_playwright

    camera = (await desk.ask("GET", "/cameras"))["items"][0]["id"]
    async with async_playwright() as playwright:
        chromium = shutil.which("chromium") or shutil.which("google-chrome") or playwright.chromium.executable_path
        browser = await playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        page = await (await browser.new_context(viewport={"width": 1440, "height": 900})).new_page()
        await page.goto(f"{desk.product.url}/login?next=/live/{camera}")
        for name, given in (("username", "watcher"), ("password", PASSWORD)):
            await page.get_by_test_id(f"login-{name}").fill(given)
        await page.get_by_test_id("login-submit").click()
        await page.locator("[data-testid=tile][data-by=video]").wait_for(timeout=VIDEO_WITHIN_MS)
        await page.locator("[data-testid=video-overlay][data-overlay-us^='1']").wait_for(timeout=VIDEO_WITHIN_MS)
        analysed: list[tuple[int, int]] = []
        reading = asyncio.create_task(_read(desk, camera, analysed))
        await asyncio.sleep(SETTLES_S)
        await page.evaluate(SAMPLE, [BLOCK, BLOCKS, WIDTH])
        await asyncio.sleep(seconds)
        samples: list[list[Any]] = await page.evaluate("() => window.__samples")
        by_video = await page.locator("[data-testid=tile][data-by=video]").count()
        reading.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await reading
        version = browser.version
        await browser.close()
    if not by_video:
        raise UnavailableError("The page went over to pictures: this Chromium shows no H.264 video.")
    return samples, analysed, version


async def _read(desk: Desk, camera: str, analysed: list[tuple[int, int]]) -> None:
    """The numbers on the pictures that were analysed, until it is cancelled."""
    url = f"{desk.product.url}/api/v1/live/pictures?camera_id={camera}"
    limits = aiohttp.ClientTimeout(total=None, sock_read=20)
    async with desk.session.get(url, headers=desk.product.headers, timeout=limits) as answer:
        async for at_us, jpeg in _parts(answer):
            picture = cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_GRAYSCALE)
            number = None if picture is None else read_counter(np.asarray(picture, np.uint8))
            if number is not None:
                analysed.append((at_us, number))


async def _parts(answer: aiohttp.ClientResponse) -> AsyncIterator[tuple[int, bytes]]:
    """(captured_at_us, JPEG) of a multipart answer."""
    at_us = size = 0
    while line := await answer.content.readline():
        name, _, value = line.decode("latin-1").strip().lower().partition(":")
        if name == "x-captured-at-us":
            at_us = int(value)
        elif name == "content-length":
            size = int(value)
        elif not name and size:
            yield at_us, await answer.content.readexactly(size)
            size = 0


def document(samples: list[list[Any]], moments: Moments, analysed: int, version: str) -> dict[str, Any]:
    """The benchmark's document. UnavailableError where nothing could be compared."""
    off: list[float] = []
    unread = bare = outside = 0
    for grey, drawn_us in samples:
        number = number_on(grey)
        unread += number is None
        bare += number is not None and not drawn_us
        if number is None or not drawn_us:
            continue
        apart = moments.off_ms(number, int(drawn_us))
        outside += apart is None
        off += [] if apart is None else [apart]
    if not off:
        raise UnavailableError(
            f"Of {len(samples)} frames none could be compared: {unread} without a counter, {bare} without a drawing."
        )
    apart_ms = sorted(abs(each) for each in off)
    at = {name: round(apart_ms[min(len(apart_ms) - 1, int(len(apart_ms) * share))], 1) for name, share in _SHARES.items()}
    return {
        "what": "a burnt-in frame counter on the screen against the moment of what is drawn over it, camera to Chromium",
        "headline": {
            **{f"overlay_apart_{name}_ms": value for name, value in at.items()},
            "overlay_after_picture_mean_ms": round(statistics.fmean(off), 1),
            "frames_without_drawing_share": round(bare / max(1, len(samples) - unread), 4),
            "bar_p95_ms": BAR_MS,
        },
        "data_set": "one camera, 1280x720 at 15 frames/s, people, a 12-bit counter in each frame",
        "browser": version,
        "samples": {
            "frames_of_the_screen": len(samples),
            "compared": len(off),
            "counter_not_read": unread,
            "outside_of_what_was_analysed": outside,
            "analysed_pictures": analysed,
        },
    }
