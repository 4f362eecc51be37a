"""A provider that lies, in every way: each is refused with a problem document and an audit row, and opens no session."""

import time
from collections.abc import AsyncIterator
from typing import Any
from urllib.parse import parse_qs, urlsplit

import jwt
import pytest
from aiohttp import web
from cryptography.hazmat.primitives.asymmetric import rsa

from tests.integration.service.conftest import Product, free_port
from tests.integration.service.oidc_provider import CALLBACK, CLIENT, RealProvider, begin, come_back

KEY, OTHER_KEY = (rsa.generate_private_key(public_exponent=65537, key_size=2048) for _ in range(2))


class Liar:
    """Answers what a test wants. `spoil` changes claims, `sign` makes the token, `published` is the key set."""

    def __init__(self, port: int) -> None:
        self.issuer = f"http://127.0.0.1:{port}"
        self.port = port
        self.nonce = ""
        self.claims: dict[str, Any] = {}
        self.document: dict[str, Any] = {}
        self.signing: dict[str, Any] = {}
        self.token: Any = None
        self.status = 200

    def reset(self) -> None:
        """An honest provider again."""
        self.claims, self.document, self.token, self.status = {}, {}, None, 200
        self.signing = {"key": KEY, "algorithm": "RS256", "headers": {"kid": "one"}}

    def id_token(self) -> str:
        now = int(time.time())
        honest = {"iss": self.issuer, "sub": "ann", "aud": CLIENT, "iat": now, "exp": now + 300, "nonce": self.nonce}
        claims = {**honest, "groups": ["guards"], "preferred_username": "ann", **self.claims}
        return jwt.encode({name: value for name, value in claims.items() if value is not None}, **self.signing)

    async def discovery(self, _: web.Request) -> web.Response:
        paths = {"authorization_endpoint": "/auth", "token_endpoint": "/token", "jwks_uri": "/jwks", "userinfo_endpoint": "/me"}
        return web.json_response(
            {"issuer": self.issuer, **{name: self.issuer + path for name, path in paths.items()}, **self.document}
        )

    async def keys(self, _: web.Request) -> web.Response:
        published = jwt.algorithms.RSAAlgorithm.to_jwk(KEY.public_key(), as_dict=True)
        return web.json_response({"keys": [{**published, "kid": "one", "use": "sig", "alg": "RS256"}]})

    async def exchange(self, _: web.Request) -> web.Response:
        token = self.id_token() if self.token is None else self.token
        return web.json_response({"id_token": token, "access_token": "a", "token_type": "Bearer"}, status=self.status)

    async def user_info(self, _: web.Request) -> web.Response:
        return web.json_response({"sub": "somebody else", "groups": ["guards"]})


@pytest.fixture
def liar() -> Liar:
    return Liar(free_port())


@pytest.fixture
def more_settings(liar: Liar) -> dict[str, Any]:
    return {**RealProvider(liar.port).settings(), "PENNYPROTECT_OIDC_SCOPES": "openid"}


@pytest.fixture(autouse=True)
async def serving(liar: Liar) -> AsyncIterator[None]:
    app = web.Application()
    app.router.add_get("/.well-known/openid-configuration", liar.discovery)
    app.router.add_get("/jwks", liar.keys)
    app.router.add_post("/token", liar.exchange)
    app.router.add_get("/me", liar.user_info)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", liar.port).start()
    liar.reset()
    yield
    await runner.cleanup()


LIES: list[tuple[str, dict[str, Any], str]] = [
    ("other issuer", {"claims": {"iss": "https://elsewhere.example"}}, "wrong-issuer"),
    ("other audience", {"claims": {"aud": "another client"}}, "wrong-audience"),
    ("made for somebody else too", {"claims": {"aud": [CLIENT, "other"], "azp": "other"}}, "wrong-audience"),
    ("wrong nonce", {"claims": {"nonce": "of another log-in"}}, "wrong-nonce"),
    ("no nonce", {"claims": {"nonce": None}}, "wrong-nonce"),
    ("expired", {"claims": {"exp": int(time.time()) - 120}}, "expired"),
    ("of tomorrow", {"claims": {"iat": int(time.time()) + 86_400, "exp": int(time.time()) + 90_000}}, "wrong-clock"),
    ("no subject", {"claims": {"sub": None}}, "forged"),
    ("empty subject", {"claims": {"sub": ""}}, "malformed"),
    ("endless subject", {"claims": {"sub": "x" * 256}}, "malformed"),
    ("alg none", {"signing": {"key": "", "algorithm": "none", "headers": {"kid": "one"}}}, "wrong-algorithm"),
    ("a MAC", {"signing": {"key": "k" * 40, "algorithm": "HS256", "headers": {"kid": "one"}}}, "wrong-algorithm"),
    ("another's signature", {"signing": {"key": OTHER_KEY, "algorithm": "RS256", "headers": {"kid": "one"}}}, "forged"),
    ("unknown key", {"signing": {"key": OTHER_KEY, "algorithm": "RS256", "headers": {"kid": "two"}}}, "unknown-key"),
    ("nonsense", {"token": "a.b.c"}, "malformed"),
    ("no text", {"token": 5}, "malformed"),
    ("endless", {"token": "x" * 40_000}, "malformed"),
    ("code refused", {"status": 400}, "code-refused"),
    ("out of order", {"status": 503}, "provider-down"),
    ("user info of somebody else", {"claims": {"groups": None}}, "wrong-subject"),
]


async def attempt(product: Product, liar: Liar) -> tuple[int, str | None, Any]:
    """(status, refresh token, problem) of one sign-in."""
    address, cookie = await begin(product)
    asked = {name: values[0] for name, values in parse_qs(urlsplit(address).query).items()}
    liar.nonce = asked["nonce"]
    assert asked["code_challenge_method"] == "S256"
    status, _, token, problem = await come_back(product, f"{CALLBACK}?code=c&state={asked['state']}", cookie)
    return status, token, problem


async def test_every_lie_is_refused_told_and_audited(product: Product, liar: Liar) -> None:
    await product.ask("POST", "/api/v1/auth/oidc/mappings", {"group_name": "guards", "role": "viewer"})
    wrong = []
    for name, lie, reason in LIES:
        liar.reset()
        for what, value in lie.items():
            setattr(liar, what, value)
        status, token, problem = await attempt(product, liar)
        if (status, token, problem["code"], problem["status"]) != (401, None, reason, 401):
            wrong.append((name, status, token, problem))
    assert wrong == []
    liar.reset()
    status, token, problem = await attempt(product, liar)
    assert (status, problem) == (303, None)
    assert token
    reasons = await product.sql("SELECT details->>'reason' AS r FROM audit_unsealed WHERE act = 'oidc-refused'")
    assert {row["r"] for row in reasons} == {reason for _, _, reason in LIES}
    assert (await product.sql("SELECT count(*) FROM users WHERE username LIKE 'ann%'"))[0][0] == 1


async def test_a_clock_half_a_minute_off_is_fine(product: Product, liar: Liar) -> None:
    await product.ask("POST", "/api/v1/auth/oidc/mappings", {"group_name": "guards", "role": "viewer"})
    for shift in (-330, 30):
        liar.claims = {"iat": int(time.time()) + shift, "exp": int(time.time()) + shift + 300}
        assert (await attempt(product, liar))[0] == 303


@pytest.mark.parametrize(
    ("document", "reason"),
    [
        ({"issuer": "https://elsewhere.example"}, "wrong-issuer"),
        ({"token_endpoint": "http://10.0.0.1/token"}, "malformed"),
        ({"jwks_uri": None}, "malformed"),
        ({"authorization_endpoint": "javascript:alert(1)"}, "malformed"),
    ],
)
async def test_a_discovery_that_is_not_as_named_is_refused(
    product: Product, liar: Liar, document: dict[str, Any], reason: str
) -> None:
    liar.document = document
    status, problem = await product.ask("GET", "/api/v1/auth/oidc/start", token="")
    assert (status, problem["code"]) == (401, reason)
