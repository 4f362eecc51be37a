"""The back-off of names that no user has, so that log-in answers the same whether a name exists or not."""

from datetime import datetime

from app.auth.passwords import lock_after
from app.auth.tokens import token_hash
from app.kit.clock import from_us, to_us
from app.kit.logs import logger
from app.kit.redis import Redis, RedisError

KEEP_S = 900

log = logger(__name__)


class UnknownNames:
    """Counts failures of unknown names on the memory Redis, under hashes of the names."""

    def __init__(self, memory: Redis) -> None:
        self._memory = memory

    async def locked_until(self, name: str) -> datetime | None:
        """Until when this name waits."""
        try:
            found = await self._memory.get(_key("until", name))
        except RedisError as error:
            log.warning("log-in back-off of unknown names is off", error=str(error))
            return None
        return None if found is None else from_us(int(found))

    async def record(self, name: str, now: datetime) -> None:
        """Count one more failure."""
        try:
            failures = int(await self._memory.incr(_key("failures", name)))
            await self._memory.expire(_key("failures", name), KEEP_S)
            await self._memory.set(_key("until", name), str(to_us(now + lock_after(failures))), ex=KEEP_S)
        except RedisError as error:
            log.warning("log-in back-off of unknown names is off", error=str(error))


def _key(what: str, name: str) -> str:
    return f"limit:login-{what}:{token_hash(name).hex()}"
