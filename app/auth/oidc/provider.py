"""Talks to the operator's provider: discovery, keys, code exchange, user info. Every wait, size and redirect is bounded."""

import asyncio
import base64
import ipaddress
import json
import time
from typing import Any
from urllib.parse import quote, urlencode, urlsplit

import aiohttp
import jwt

from app.auth.oidc.claims import key_id_of, read_id_token
from app.auth.oidc.flows import Begun, Flow
from app.auth.oidc.models import OidcRefusedError, Person, ProviderSettings
from app.kit.errors import SetupError

TOTAL_S, CONNECT_S = 8.0, 3.0
LARGEST_ANSWER = 512 << 10
DISCOVERY_KEPT_S = 600.0
KEYS_AGAIN_S = 5.0
"""An unknown key id makes us ask for the keys again, but not more often than this."""
MOST_GROUPS = 500
LONGEST_GROUP = 200


class Provider:
    """One OpenID Connect provider."""

    def __init__(self, settings: ProviderSettings) -> None:
        demand_safe_address(settings.issuer)
        self.settings = settings
        self._http: aiohttp.ClientSession | None = None
        self._document: dict[str, Any] = {}
        self._document_until = 0.0
        self._keys: list[jwt.PyJWK] = []
        self._keys_at = float("-inf")
        self._turn = asyncio.Lock()

    async def close(self) -> None:
        """Let go of connections."""
        if self._http is not None:
            await self._http.close()

    async def address(self, begun: Begun, redirect_uri: str) -> str:
        """Where the browser goes to sign in.

        Raises:
            OidcRefusedError: the provider does not answer, or is not whom the operator named.
        """
        document = await self._discover()
        asked = {
            "response_type": "code",
            "client_id": self.settings.client_id,
            "redirect_uri": redirect_uri,
            "scope": self.settings.scopes,
            "state": begun.state,
            "nonce": begun.nonce,
            "code_challenge": begun.challenge,
            "code_challenge_method": "S256",
        }
        target = document["authorization_endpoint"]
        return f"{target}{'&' if '?' in target else '?'}{urlencode(asked)}"

    async def person(self, code: str, flow: Flow) -> Person:
        """Whom the provider vouches for; OidcRefusedError when anything about its answer is not right."""
        document = await self._discover()
        answer = await self._exchange(document, code, flow)
        token = answer.get("id_token")
        if not isinstance(token, str):
            raise OidcRefusedError("malformed", "no id_token")
        key = await self._key(document, key_id_of(token))
        mine = self.settings
        claims = read_id_token(token, key, issuer=mine.issuer, client_id=mine.client_id, nonce=flow.nonce)
        if mine.groups_claim not in claims or mine.username_claim not in claims:
            claims = await self._user_info(document, answer, claims) | claims
        return self._described(claims)

    def _described(self, claims: dict[str, Any]) -> Person:
        groups = claims.get(self.settings.groups_claim) or []
        listed = [groups] if isinstance(groups, str) else groups if isinstance(groups, list) else []
        names = frozenset(each for each in listed[:MOST_GROUPS] if isinstance(each, str) and 0 < len(each) <= LONGEST_GROUP)
        methods = claims.get("amr")
        proven = self.settings.second_factor or (isinstance(methods, list) and "mfa" in methods)
        username = claims.get(self.settings.username_claim) or claims.get("email") or claims["sub"]
        return Person(self.settings.issuer, claims["sub"], str(username), names, proven)

    async def _discover(self) -> dict[str, Any]:
        async with self._turn:
            if time.monotonic() < self._document_until:
                return self._document
            address = self.settings.issuer.rstrip("/") + "/.well-known/openid-configuration"
            status, found = await self._ask("GET", address)
            if status != 200 or found.get("issuer") != self.settings.issuer:
                raise OidcRefusedError("wrong-issuer" if status == 200 else "provider-down", f"discovery answered {status}")
            for name in ("authorization_endpoint", "token_endpoint", "jwks_uri"):
                _demand_endpoint(found.get(name), self.settings.issuer)
            self._document, self._document_until = found, time.monotonic() + DISCOVERY_KEPT_S
            return found

    async def _key(self, document: dict[str, Any], kid: str | None) -> jwt.PyJWK:
        """The key of this id; fetched anew when it is unknown, since providers rotate."""
        async with self._turn:
            found = self._known(kid)
            if found is None and time.monotonic() - self._keys_at >= KEYS_AGAIN_S:
                status, answer = await self._ask("GET", document["jwks_uri"])
                if status != 200:
                    raise OidcRefusedError("provider-down", f"keys answered {status}")
                self._keys, self._keys_at = _signing_keys(answer), time.monotonic()
                found = self._known(kid)
        if found is None:
            raise OidcRefusedError("unknown-key")
        return found

    def _known(self, kid: str | None) -> jwt.PyJWK | None:
        if kid is None:
            return self._keys[0] if len(self._keys) == 1 else None
        return next((key for key in self._keys if key.key_id == kid), None)

    async def _exchange(self, document: dict[str, Any], code: str, flow: Flow) -> dict[str, Any]:
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": flow.redirect_uri,
            "code_verifier": flow.verifier,
        }
        mine, headers = self.settings, {}
        methods = document.get("token_endpoint_auth_methods_supported") or ["client_secret_basic"]
        if not mine.client_secret:
            form["client_id"] = mine.client_id
        elif "client_secret_basic" in methods:
            # RFC 6749, 2.3.1: both are form-encoded first.
            pair = f"{quote(mine.client_id, safe='')}:{quote(mine.client_secret, safe='')}"
            headers["Authorization"] = f"Basic {base64.b64encode(pair.encode()).decode()}"
        else:
            form |= {"client_id": mine.client_id, "client_secret": mine.client_secret}
        status, answer = await self._ask("POST", document["token_endpoint"], data=form, headers=headers)
        if status >= 500:
            raise OidcRefusedError("provider-down", f"token endpoint answered {status}")
        if status != 200:
            raise OidcRefusedError("code-refused", str(answer.get("error", status))[:100])
        return answer

    async def _user_info(self, document: dict[str, Any], answer: dict[str, Any], claims: dict[str, Any]) -> dict[str, Any]:
        address, token = document.get("userinfo_endpoint"), answer.get("access_token")
        if not address or not isinstance(token, str):
            return {}
        _demand_endpoint(address, self.settings.issuer)
        status, found = await self._ask("GET", address, headers={"Authorization": f"Bearer {token}"})
        if status != 200:
            raise OidcRefusedError("provider-down", f"user info answered {status}")
        if found.get("sub") != claims["sub"]:  # OpenID Connect Core 1.0, 5.3.2
            raise OidcRefusedError("wrong-subject")
        return found

    async def _ask(self, method: str, address: str, **more: Any) -> tuple[int, dict[str, Any]]:
        if self._http is None:
            timeout = aiohttp.ClientTimeout(total=TOTAL_S, connect=CONNECT_S)
            self._http = aiohttp.ClientSession(timeout=timeout, cookie_jar=aiohttp.DummyCookieJar())
        try:
            async with self._http.request(method, address, allow_redirects=False, **more) as response:
                raw = await _at_most(response, LARGEST_ANSWER)
                found = json.loads(raw) if response.status == 200 or raw[:1] == b"{" else {}
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise OidcRefusedError("provider-down", repr(error)[:200]) from error
        except (ValueError, RecursionError) as error:
            raise OidcRefusedError("malformed", "not JSON") from error
        if not isinstance(found, dict):
            raise OidcRefusedError("malformed", "not a JSON object")
        return response.status, found


async def _at_most(response: aiohttp.ClientResponse, most: int) -> bytes:
    raw = b""
    async for piece in response.content.iter_chunked(1 << 16):
        raw += piece
        if len(raw) > most:
            raise ValueError("too large")
    return raw


def _signing_keys(answer: dict[str, Any]) -> list[jwt.PyJWK]:
    try:
        listed = jwt.PyJWKSet.from_dict(answer).keys
    except (jwt.PyJWTError, ValueError, TypeError, AttributeError, KeyError) as error:
        raise OidcRefusedError("malformed", "no usable keys") from error
    return [key for key in listed if key.public_key_use in (None, "sig")]


def demand_safe_address(issuer: str) -> None:
    """SetupError unless the issuer is https, or http on this machine."""
    if not _is_safe(issuer):
        raise SetupError("PENNYPROTECT_OIDC_ISSUER must be an https:// address without query; http:// is for 127.0.0.1 only.")


def _demand_endpoint(address: object, issuer: str) -> None:
    """What discovery names must be as safe as the issuer, and must not lead from elsewhere onto this machine."""
    if not isinstance(address, str) or not _is_safe(address.split("?")[0]):
        raise OidcRefusedError("malformed", "an endpoint is not https")
    if _is_loopback(urlsplit(address).hostname) and not _is_loopback(urlsplit(issuer).hostname):
        raise OidcRefusedError("malformed", "an endpoint is on this machine")


def _is_safe(address: str) -> bool:
    try:
        parts = urlsplit(address)
        host, _ = parts.hostname, parts.port
    except ValueError:
        return False
    if not host or parts.query or parts.fragment or parts.username is not None:
        return False
    return parts.scheme == "https" or (parts.scheme == "http" and _is_loopback(host))


def _is_loopback(host: str | None) -> bool:
    try:
        return host == "localhost" or ipaddress.ip_address(host or "").is_loopback
    except ValueError:
        return False
