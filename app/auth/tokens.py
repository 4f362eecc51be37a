"""Tokens: signed access tokens (15 minutes), opaque refresh tokens and tickets of which only the hash is stored."""

import hashlib
import secrets
import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta

import jwt

from app.kit.clock import from_us, to_us
from app.kit.errors import SetupError, UnauthenticatedError

ACCESS_LIFE = timedelta(minutes=15)
REFRESH_LIFE = timedelta(days=14)
REUSE_GRACE = timedelta(seconds=20)
"""How long the token before the current one still answers: tabs that refresh at the same moment share one cookie."""
TICKET_S = 60
SHORTEST_SECRET = 32
ISSUER = "pennyprotect"
_ALGORITHM = "HS256"
_SIGNED_OUT = "Your session is not valid any more. Sign in again."


@dataclass(frozen=True, slots=True)
class AccessClaims:
    """What an access token says."""

    user_id: uuid.UUID
    session_id: uuid.UUID
    chain_id: uuid.UUID
    expires_at: datetime


class TokenSigner:
    """Signs and reads access tokens."""

    def __init__(self, secret: str) -> None:
        if len(secret) < SHORTEST_SECRET:
            raise SetupError(f"JWT_SECRET must have at least {SHORTEST_SECRET} characters; set a longer random one.")
        self._secret = secret

    def sign(self, claims: AccessClaims, now: datetime) -> str:
        """The JWT of `claims`."""
        return jwt.encode(
            {
                "iss": ISSUER,
                "sub": str(claims.user_id),
                "sid": str(claims.session_id),
                "chain": str(claims.chain_id),
                "iat": to_us(now) // 1_000_000,
                "exp": to_us(claims.expires_at) // 1_000_000,
            },
            self._secret,
            _ALGORITHM,
        )

    def read(self, token: str) -> AccessClaims:
        """The claims of a token; UnauthenticatedError when it is forged, expired or of another kind."""
        try:
            payload = jwt.decode(
                token,
                self._secret,
                algorithms=[_ALGORITHM],
                issuer=ISSUER,
                options={"require": ["sub", "sid", "chain", "exp", "iat", "iss"]},
            )
            return AccessClaims(
                uuid.UUID(payload["sub"]),
                uuid.UUID(payload["sid"]),
                uuid.UUID(payload["chain"]),
                from_us(int(payload["exp"]) * 1_000_000),
            )
        except (jwt.InvalidTokenError, ValueError, TypeError, AttributeError, OverflowError) as error:
            raise UnauthenticatedError(_SIGNED_OUT) from error


def looks_signed(token: str) -> bool:
    """Whether a bearer token claims to be a JWT rather than an API key."""
    return token.startswith("eyJ") and token.count(".") == 2


def opaque_token() -> str:
    """A fresh random token of 256 bits."""
    return secrets.token_urlsafe(32)


def token_hash(token: str) -> bytes:
    """What is stored of an opaque token or API key. They are random, so a plain sha256 does not help a thief."""
    return hashlib.sha256(token.encode()).digest()
