"""Tokens: signed access tokens (15 minutes), opaque refresh tokens and tickets of which only the hash is stored."""

import base64
import binascii
import hashlib
import hmac
import secrets
import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import jwt
from jwt.types import Options

from app.kit.clock import from_us, now, to_us
from app.kit.errors import SetupError, UnauthenticatedError

ACCESS_LIFE = timedelta(minutes=15)
REFRESH_LIFE = timedelta(days=14)
IDLE_LIFE = timedelta(hours=24)
"""A session that nobody used for so long is not continued; an open page uses it every quarter of an hour."""
REUSE_GRACE = timedelta(seconds=20)
"""How long the token before the current one still answers: tabs that refresh at the same moment share one cookie."""
TICKET_S = 60
SHORTEST_SECRET = 32
ISSUER = "pennyprotect"
AUDIENCE = "pennyprotect/api"
CHALLENGE_AUDIENCE = "pennyprotect/second-factor"
CHALLENGE_LIFE = timedelta(minutes=3)
CLOCKS_APART = timedelta(seconds=10)
"""How far ahead the clock of the replica that issued a token may be. A token's end is never stretched."""
_ALGORITHM = "HS256"
_REFRESH_RANDOM = 32
_REFRESH_MAC = 16
_SIGNED_OUT = "Your session is not valid any more. Sign in again."


@dataclass(frozen=True, slots=True)
class AccessClaims:
    """What an access token says."""

    user_id: uuid.UUID
    session_id: uuid.UUID
    chain_id: uuid.UUID
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class Challenge:
    """A right password that still waits for its second factor.

    Attributes:
        password_mark: says which password it was, so that a changed one ends the challenge.
    """

    user_id: uuid.UUID
    chain_id: uuid.UUID
    password_mark: str


@dataclass(frozen=True, slots=True)
class RefreshOrigin:
    """Whose session a refresh token of ours was made for, whether or not it is still good."""

    session_id: uuid.UUID
    user_id: uuid.UUID
    chain_id: uuid.UUID


class TokenRefusedError(UnauthenticatedError):
    """A signed token that is not let in. `reason` and `claimed` are for the audit, never for the caller.

    Attributes:
        claimed: whom the token names; proven only where `proven` is true, because the signature was ours.
    """

    def __init__(
        self, reason: str, claimed: uuid.UUID | None = None, chain: uuid.UUID | None = None, proven: bool = False
    ) -> None:
        super().__init__(_SIGNED_OUT)
        self.reason = reason
        self.claimed = claimed
        self.chain = chain
        self.proven = proven


class TokenSigner:
    """Signs and reads access tokens, second-factor challenges and refresh tokens; each kind has its own audience or key."""

    def __init__(self, secret: str) -> None:
        if len(secret) < SHORTEST_SECRET:
            raise SetupError(f"JWT_SECRET must have at least {SHORTEST_SECRET} characters; set a longer random one.")
        self._secret = secret
        self._refresh_key = hmac.new(secret.encode(), b"pennyprotect refresh token", hashlib.sha256).digest()

    def sign(self, claims: AccessClaims, issued_at: datetime) -> str:
        """The JWT of `claims`."""
        payload = {"sub": str(claims.user_id), "sid": str(claims.session_id), "chain": str(claims.chain_id)}
        return self._encode(payload, AUDIENCE, claims.expires_at, issued_at)

    def read(self, token: str) -> AccessClaims:
        """The claims of a token; TokenRefusedError when it is forged, expired or of another kind."""
        payload = self._decode(token, AUDIENCE, ["sub", "sid", "chain"])
        try:
            return AccessClaims(
                uuid.UUID(payload["sub"]),
                uuid.UUID(payload["sid"]),
                uuid.UUID(payload["chain"]),
                from_us(int(payload["exp"]) * 1_000_000),
            )
        except (ValueError, TypeError, AttributeError, OverflowError) as error:
            raise TokenRefusedError("malformed") from error

    def sign_challenge(self, challenge: Challenge, issued_at: datetime) -> str:
        """What the caller sends back together with its second factor."""
        payload = {"sub": str(challenge.user_id), "chain": str(challenge.chain_id), "mark": challenge.password_mark}
        return self._encode(payload, CHALLENGE_AUDIENCE, issued_at + CHALLENGE_LIFE, issued_at)

    def read_challenge(self, token: str) -> Challenge:
        """The challenge of its token; TokenRefusedError as `read`."""
        payload = self._decode(token, CHALLENGE_AUDIENCE, ["sub", "chain", "mark"])
        try:
            return Challenge(uuid.UUID(payload["sub"]), uuid.UUID(payload["chain"]), str(payload["mark"]))
        except (ValueError, TypeError, AttributeError) as error:
            raise TokenRefusedError("malformed") from error

    def refresh_token(self, origin: RefreshOrigin) -> str:
        """A fresh refresh token of this session: 256 random bits, and a mark of ours by which even an old one is known again."""
        body = origin.session_id.bytes + origin.user_id.bytes + origin.chain_id.bytes + secrets.token_bytes(_REFRESH_RANDOM)
        return base64.urlsafe_b64encode(body + self._mark(body)).decode().rstrip("=")

    def refresh_origin(self, token: str) -> RefreshOrigin | None:
        """The session a refresh token was once made for; None for what we never made."""
        try:
            raw = base64.b64decode(token + "=" * (-len(token) % 4), altchars=b"-_", validate=True)
        except (binascii.Error, ValueError):
            return None
        body, mark = raw[:-_REFRESH_MAC], raw[-_REFRESH_MAC:]
        if len(body) != 48 + _REFRESH_RANDOM or not hmac.compare_digest(mark, self._mark(body)):
            return None
        return RefreshOrigin(uuid.UUID(bytes=body[:16]), uuid.UUID(bytes=body[16:32]), uuid.UUID(bytes=body[32:48]))

    def _mark(self, body: bytes) -> bytes:
        return hmac.new(self._refresh_key, body, hashlib.sha256).digest()[:_REFRESH_MAC]

    def _encode(self, payload: dict[str, str], audience: str, expires_at: datetime, issued_at: datetime) -> str:
        times = {"iat": to_us(issued_at) // 1_000_000, "exp": to_us(expires_at) // 1_000_000}
        return jwt.encode({"iss": ISSUER, "aud": audience, **payload, **times}, self._secret, _ALGORITHM)

    def _decode(self, token: str, audience: str, wanted: list[str]) -> dict[str, Any]:
        options: Options = {"require": ["iss", "aud", "iat", "exp", *wanted], "verify_iat": False, "strict_aud": True}
        try:
            payload: dict[str, Any] = jwt.decode(
                token, self._secret, algorithms=[_ALGORITHM], issuer=ISSUER, audience=audience, options=options
            )
            if int(payload["iat"]) > to_us(now() + CLOCKS_APART) // 1_000_000:
                raise jwt.ImmatureSignatureError
            return payload
        except jwt.ExpiredSignatureError as error:
            raise _refused("expired", token, proven=True) from error
        except (jwt.InvalidAudienceError, jwt.InvalidIssuerError) as error:
            raise _refused("other-audience", token, proven=True) from error
        except jwt.MissingRequiredClaimError as error:
            raise _refused("malformed", token, proven=True) from error
        except jwt.ImmatureSignatureError as error:
            raise _refused("from-the-future", token, proven=True) from error
        except (jwt.InvalidTokenError, ValueError, TypeError, AttributeError, OverflowError) as error:
            raise _refused("forged", token, proven=False) from error


def _refused(reason: str, token: str, *, proven: bool) -> TokenRefusedError:
    """The refusal with whom the token names, as far as that can be read."""
    try:
        payload = jwt.decode(token, options={"verify_signature": False})
        return TokenRefusedError(reason, uuid.UUID(payload["sub"]), uuid.UUID(payload["chain"]), proven)
    except (jwt.InvalidTokenError, KeyError, ValueError, TypeError, AttributeError):
        return TokenRefusedError(reason)


def looks_signed(token: str) -> bool:
    """Whether a bearer token claims to be a JWT rather than an API key."""
    return token.startswith("eyJ") and token.count(".") == 2


def opaque_token() -> str:
    """A fresh random token of 256 bits."""
    return secrets.token_urlsafe(32)


def token_hash(token: str) -> bytes:
    """What is stored of an opaque token or API key. They are random, so a plain sha256 does not help a thief."""
    return hashlib.sha256(token.encode()).digest()
