"""A running product to measure: the one at PENNYPROTECT_HOME when it answers, through its public API only."""

import asyncio
import json
from dataclasses import dataclass
from pathlib import Path

import aiohttp

from app.embedded.roles import service_address
from app.kit.errors import SetupError, UnavailableError
from app.settings import settings


@dataclass(frozen=True, slots=True)
class Product:
    """Where it is, and a token of its first administrator."""

    url: str
    token: str

    @property
    def headers(self) -> dict[str, str]:
        """The bearer header."""
        return {"Authorization": f"Bearer {self.token}"}


async def sign_in(session: aiohttp.ClientSession) -> Product:
    """Sign in to the product this machine runs.

    Raises:
        SetupError: it was never set up here.
        UnavailableError: it does not answer.
    """
    return await sign_in_as(session, service_address(settings()), settings().home / "credentials.json")


async def sign_in_as(session: aiohttp.ClientSession, url: str, path: Path) -> Product:
    """Sign in at an address with a credentials file; errors as above."""
    known = await asyncio.to_thread(_credentials, path)
    return Product(url, await token_of(session, url, known["username"], known["password"]))


def _credentials(path: Path) -> dict[str, str]:
    if not path.exists():
        raise SetupError(f"{path} is missing: start the product with `make run` first, with the same PENNYPROTECT_HOME.")
    return dict(json.loads(path.read_text()))


async def token_of(session: aiohttp.ClientSession, url: str, username: str, password: str) -> str:
    """An access token. UnavailableError when nobody answers, or refuses."""
    form = {"grant_type": "password", "username": username, "password": password}
    try:
        async with session.post(f"{url}/api/v1/auth/token", data=form, timeout=aiohttp.ClientTimeout(10)) as answer:
            if answer.status != 200:
                raise UnavailableError(f"Signing in at {url} answered {answer.status}.")
            return str((await answer.json())["access_token"])
    except (aiohttp.ClientError, TimeoutError) as error:
        raise UnavailableError(f"Nothing answers at {url}: start the product with `make run` first.") from error
