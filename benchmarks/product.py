"""A running product to measure: the one at PENNYPROTECT_HOME when it answers, through its public API only."""

import json
from dataclasses import dataclass

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
    path = settings().home / "credentials.json"
    if not path.exists():
        raise SetupError(f"{path} is missing: start the product with `make run` first, with the same PENNYPROTECT_HOME.")
    credentials = json.loads(path.read_text())
    form = {"grant_type": "password", "username": credentials["username"], "password": credentials["password"]}
    url = service_address(settings())
    try:
        async with session.post(f"{url}/api/v1/auth/token", data=form, timeout=aiohttp.ClientTimeout(10)) as answer:
            if answer.status != 200:
                raise UnavailableError(f"Signing in at {url} answered {answer.status}.")
            return Product(url, (await answer.json())["access_token"])
    except (aiohttp.ClientError, TimeoutError) as error:
        raise UnavailableError(f"Nothing answers at {url}: start the product with `make run` first.") from error
