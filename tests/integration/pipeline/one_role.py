"""Runs one role as its own process, as `pennyprotect ROLE` does, for tests that kill it."""

import asyncio
import os
import signal
import sys
from importlib import import_module

from app.kit.logs import configure
from app.kit.tracing import configure_tracing
from app.pipeline import dispatcher
from app.settings import settings

MODULES = {
    "pipeline": "app.pipeline.runner",
    "dispatcher": "app.pipeline.dispatcher",
    "sealer": "app.audit.sealer",
    "retention": "app.evidence.retention_run",
}


async def main(name: str) -> None:
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    dispatcher.POLL_S = float(os.environ.get("TEST_DISPATCHER_POLL_S", dispatcher.POLL_S))
    await import_module(MODULES[name]).run(settings(), stop)


if __name__ == "__main__":
    configure(sys.argv[1], as_json=True)
    configure_tracing(sys.argv[1], settings().otlp_endpoint)
    asyncio.run(main(sys.argv[1]))
