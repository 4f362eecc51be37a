"""The built pages in a real browser: from a socket's message to the picture, a storm of alerts, and what the overlay costs.

The service is played (`dashboard_double`), so that what is measured is the page alone: 36 cameras of which four move at five
pictures a second with their skeletons, then 200 alerts a minute on the alerts page.
"""

import asyncio
import shutil
import statistics
import time
from pathlib import Path
from typing import Any, Final

from app.kit.errors import SetupError
from benchmarks.dashboard_double import Double
from benchmarks.dashboard_playing import Playing

CAMERAS: Final = 36
ALERTS_A_MINUTE: Final = 200
WARM_S: Final = 4.0
LONG_MS: Final = 50.0
ROWS: Final = 200
"""Alerts that are on the page before the storm."""
PROBE: Final = """
(() => {
  const seen = window.__seen = { heard: {}, delays: [], gaps: [], tasks: [], overlay: [], long: [] };
  const Native = window.WebSocket;
  window.WebSocket = class extends Native {
    constructor(...given) {
      super(...given);
      this.addEventListener("message", ({ data }) => {
        if (data.includes('"alert-raised"')) seen.heard[JSON.parse(data).alert.id] = performance.now();
      });
    }
  };
  const channel = new MessageChannel();
  const painted = [];
  channel.port1.onmessage = () => painted.splice(0).forEach((each) => each(performance.now()));
  new MutationObserver(() => {
    for (const id of Object.keys(seen.heard)) {
      if (!document.querySelector(`main a[href*="/alerts/${id}"]`)) continue;
      const since = seen.heard[id];
      delete seen.heard[id];
      // What follows the frame's own work in the queue runs when its picture is on the way to the screen.
      frame(() => (painted.push((now) => seen.delays.push(now - since)), channel.port2.postMessage(0)));
    }
  }).observe(document, { childList: true, subtree: true });
  const frame = window.requestAnimationFrame.bind(window);
  let draws = 0;
  const drawImage = CanvasRenderingContext2D.prototype.drawImage;
  CanvasRenderingContext2D.prototype.drawImage = function (...given) {
    draws += 1;
    return drawImage.apply(this, given);
  };
  window.requestAnimationFrame = (work) => frame((now) => {
    const before = performance.now();
    draws = 0;
    work(now);
    if (draws > 0) seen.overlay.push((performance.now() - before) / draws);
  });
  let last = null;
  const step = (now) => {
    if (last !== null) seen.gaps.push(now - last);
    last = now;
    frame(step);
  };
  frame(step);
  const note = (list) => list.getEntries().forEach(({ duration }) => seen.tasks.push(duration));
  new PerformanceObserver(note).observe({ type: "longtask" });
  // What a frame of more than 50 ms of the page's own work was made of.
  const explain = (list) => list.getEntries().forEach(({ startTime, duration, styleAndLayoutStart, scripts }) => {
    const end = startTime + duration, style = styleAndLayoutStart > 0 ? end - styleAndLayoutStart : 0;
    const by = scripts.map((each) => [Math.round(each.duration), Math.round(each.forcedStyleAndLayoutDuration),
      each.invoker, each.sourceFunctionName].join(" "));
    seen.long.push({ ms: Math.round(duration), style_and_paint_ms: Math.round(style), scripts: by });
  });
  new PerformanceObserver(explain).observe({ type: "long-animation-frame" });
})()
"""
CLEAR: Final = "() => { const s = window.__seen; s.delays = []; s.gaps = []; s.tasks = []; s.overlay = []; s.long = []; }"
READ: Final = "() => ({ ...window.__seen, heard: Object.keys(window.__seen.heard).length })"


async def run(args: Any) -> dict[str, Any]:
    """`args.seconds`: of each part. The result is the benchmark's document."""
    return await asyncio.to_thread(_run, max(10.0, float(args.seconds)))


def _run(seconds: float) -> dict[str, Any]:
    try:
        from playwright.sync_api import sync_playwright
    except ImportError as error:
        raise SetupError("This needs the developers' tools; `make lint` sets them up.") from error
    with sync_playwright() as playwright, Playing(Double(cameras=CAMERAS, rows=ROWS)) as playing:
        chromium = shutil.which("chromium") or shutil.which("google-chrome") or playwright.chromium.executable_path
        if not Path(chromium).exists():
            raise SetupError("There is no Chromium here; install one, or run the end-to-end tests once.")
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        page = browser.new_context(viewport={"width": 1920, "height": 1080}).new_page()
        page.add_init_script(PROBE)
        page.goto(f"{playing.url}/login?next=/live")
        for name in ("username", "password"):
            page.get_by_test_id(f"login-{name}").fill("bench")
        page.get_by_test_id("login-submit").click()
        page.get_by_test_id("thumb").first.wait_for(timeout=60_000)
        live = _measured(page, lambda: time.sleep(seconds))
        page.get_by_test_id("nav-alerts").click()
        page.get_by_test_id("alert-row").first.wait_for(timeout=60_000)
        storm = _measured(page, lambda: _storm(playing, seconds))
        version = browser.version
        browser.close()
    return _document(live, storm, seconds, version)


def _measured(page: Any, work: Any) -> dict[str, Any]:
    time.sleep(WARM_S)
    page.evaluate(CLEAR)
    work()
    page.wait_for_timeout(1_000)
    found: dict[str, Any] = page.evaluate(READ)
    return found


def _storm(playing: Playing, seconds: float) -> None:
    wanted = round(seconds * ALERTS_A_MINUTE / 60)
    begun = time.monotonic()
    for number in range(wanted):
        time.sleep(max(0.0, begun + number * 60 / ALERTS_A_MINUTE - time.monotonic()))
        threat = ("low", "medium", "high")[number % 3]
        playing.tell({"type": "alert-raised", "alert": playing.double.alert(number % CAMERAS, threat)})


def _at(values: list[float], share: float) -> float:
    ordered = sorted(values)
    return round(ordered[min(len(ordered) - 1, int(len(ordered) * share))], 2) if ordered else 0.0


def _document(live: dict[str, Any], storm: dict[str, Any], seconds: float, version: str) -> dict[str, Any]:
    over = [each for each in storm["gaps"] if each > LONG_MS]
    return {
        "what": "the built pages in Chromium, the service played: socket message to picture, a storm of alerts, the overlay",
        "headline": {
            "alert_to_pixel_p95_ms": _at(storm["delays"], 0.95),
            "alert_to_pixel_p50_ms": _at(storm["delays"], 0.5),
            "storm_frames_over_50_ms": len(over),
            "storm_longest_frame_ms": _at(storm["gaps"], 1.0),
            "storm_longest_task_ms": _at(storm["tasks"], 1.0),
            "storm_frames_of_long_work": len(storm["long"]),
            "overlay_a_tile_p95_ms": _at(live["overlay"], 0.95),
            "overlay_a_tile_mean_ms": round(statistics.fmean(live["overlay"] or [0.0]), 2),
            "live_36_cameras_frame_p99_ms": _at(live["gaps"], 0.99),
            "live_36_cameras_longest_task_ms": _at(live["tasks"], 1.0),
        },
        "storm_frames_of_long_work": sorted(storm["long"], key=lambda each: -each["ms"])[:8],
        "data_set": f"{CAMERAS} cameras, 4 of them moving at 5 pictures/s with 3 skeletons; {ALERTS_A_MINUTE} alerts a minute",
        "browser": version,
        "samples": {
            "alerts_shown": len(storm["delays"]),
            "alerts_not_shown": storm["heard"],
            "storm_frames": len(storm["gaps"]),
            "tiles_drawn": len(live["overlay"]),
            "live_frames": len(live["gaps"]),
            "seconds": seconds,
        },
    }
