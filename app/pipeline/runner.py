"""The pipeline process: its servers, its readers, and what runs beside them."""

import asyncio
from contextlib import suppress

from app.kit.errors import SetupError
from app.kit.operations import serve_operations
from app.kit.redis import connect_redis
from app.pipeline.matching import match_faces
from app.pipeline.opening import open_pool
from app.pipeline.pipeline import Pipeline
from app.pipeline.reading import Batch, Reader
from app.pipeline.visits import Follower
from app.settings import Settings

QUEUED_BATCHES = 4


async def run(settings: Settings, stop: asyncio.Event) -> None:
    """Run the pipeline until `stop`; survives restarts of PostgreSQL and of both Redis servers.

    Raises:
        SetupError: an address is not set.
    """
    bus_url, memory_url = settings.redis_url.get_secret_value(), settings.memory_redis_url.get_secret_value()
    if not bus_url or not memory_url:
        raise SetupError("REDIS_URL and MEMORY_REDIS_URL must be set for the pipeline.")
    pool = await open_pool(settings, "pipeline", stop)
    if pool is None:
        return
    bus, memory = connect_redis(bus_url, role="pipeline"), connect_redis(memory_url, role="pipeline")
    probes = connect_redis(memory_url, role="pipeline")
    queue: asyncio.Queue[Batch] = asyncio.Queue(QUEUED_BATCHES)
    readers = (Reader("memory", memory, ("frames",), queue), Reader("bus", bus, ("tracklets", "health"), queue))
    try:
        async with serve_operations(settings.metrics, settings.home, "pipeline"), asyncio.TaskGroup() as group:
            for reader in readers:
                group.create_task(reader.run(stop))
            pipeline = Pipeline(pool, queue, readers)
            group.create_task(pipeline.run(stop))
            shards, setups = (lambda: tuple(pipeline.shards.values())), (lambda: pipeline.setups)
            group.create_task(match_faces(settings, pool, probes, shards, setups, stop))
            group.create_task(Follower(pool, setups, lambda: pipeline.shards).run(stop))
    finally:
        for client in (bus, memory, probes):
            await client.aclose()
        with suppress(TimeoutError):
            async with asyncio.timeout(2):
                await pool.close()
