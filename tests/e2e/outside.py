"""Who stands outside the product: the SMS provider, a receiver of webhooks, and an S3 server."""

import asyncio
import contextlib
import os
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from pathlib import Path

from app.kit.objects.s3 import make_client
from tests.e2e.product import free_port
from tests.integration.notifications.provider import SENDER, SID, TOKEN, Provider, providing
from tests.integration.notifications.receiver import Receiver, receiving

KEY, SECRET, REGION, BUCKET = "e2e-key", "e2e-secret-of-the-bucket", "eu-west-1", "evidence"


@dataclass
class Outside:
    """A provider and a receiver, both in a thread of their own."""

    provider: Provider
    receiver: Receiver

    @property
    def settings(self) -> dict[str, str]:
        """What the product must be told to reach them."""
        return {
            "TWILIO_ACCOUNT_SID": SID,
            "TWILIO_AUTH_TOKEN": TOKEN,
            "TWILIO_PHONE_NUMBER": SENDER,
            "TWILIO_BASE_URL": self.provider.url,
            "PENNYPROTECT_WEBHOOK_NETWORKS": "127.0.0.0/8",
        }


@contextlib.asynccontextmanager
async def _both() -> AsyncIterator[Outside]:
    async with providing() as provider, receiving() as receiver:
        yield Outside(provider, receiver)


@contextlib.contextmanager
def outside() -> Iterator[Outside]:
    """Both of them until the block ends."""
    found: list[Outside] = []
    loop, ready, over = asyncio.new_event_loop(), threading.Event(), asyncio.Event()

    async def serve() -> None:
        async with _both() as made:
            found.append(made)
            ready.set()
            await over.wait()

    thread = threading.Thread(target=loop.run_until_complete, args=(serve(),), daemon=True)
    thread.start()
    assert ready.wait(30), "the doubles did not start"
    try:
        yield found[0]
    finally:
        loop.call_soon_threadsafe(over.set)
        thread.join(10)
        loop.close()


@contextlib.contextmanager
def bucket(folder: Path) -> Iterator[dict[str, str]]:
    """An S3 server that checks signatures, with an empty bucket; what the product must be told to use it."""
    port = free_port()
    command = [sys.executable, "-m", "nanio", "serve", "--host", "127.0.0.1", "--port", str(port), "--region", REGION]
    command += ["--data-dir", str(folder), "--log-level", "error", "--no-access-log"]
    env = {**os.environ, "NANIO_ACCESS_KEY": KEY, "NANIO_SECRET_KEY": SECRET}
    server = subprocess.Popen(command, env=env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    url = f"http://127.0.0.1:{port}"
    try:
        _until_up(url)
        make_client(REGION, KEY, SECRET, url).create_bucket(
            Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": REGION}
        )
        yield {
            "AWS_S3_BUCKET": BUCKET,
            "AWS_REGION": REGION,
            "AWS_ACCESS_KEY_ID": KEY,
            "AWS_SECRET_ACCESS_KEY": SECRET,
            "AWS_ENDPOINT_URL_S3": url,
        }
    finally:
        server.terminate()
        server.wait(10)


def _until_up(url: str) -> None:
    end = time.monotonic() + 60
    while time.monotonic() < end:
        try:
            urllib.request.urlopen(url, timeout=2).close()
        except urllib.error.HTTPError:
            return
        except OSError:
            time.sleep(0.1)
        else:
            return
    raise AssertionError("the S3 server did not start")
