"""Checks an ID token: OpenID Connect Core 1.0, 3.1.3.7. Pure, but for the wall clock that PyJWT reads."""

import hmac
from datetime import timedelta
from typing import Any

import jwt
from jwt.types import Options

from app.auth.oidc.models import OidcRefusedError

ALGORITHMS = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA")
"""Signatures only: a MAC would be keyed by what a provider publishes, and `none` by nothing."""
CLOCKS_APART = timedelta(seconds=60)
LONGEST_TOKEN = 32_768
LONGEST_SUBJECT = 255


def key_id_of(token: str) -> str | None:
    """The `kid` that an ID token names.

    Raises:
        OidcRefusedError: it is no signed token, or signed in a way that is not accepted.
    """
    if len(token) > LONGEST_TOKEN:
        raise OidcRefusedError("malformed")
    try:
        header = jwt.get_unverified_header(token)
    except (jwt.InvalidTokenError, UnicodeError) as error:  # JSON may hold half of a surrogate pair
        raise OidcRefusedError("malformed") from error
    if header.get("alg") not in ALGORITHMS:
        raise OidcRefusedError("wrong-algorithm")
    kid = header.get("kid")
    return kid if isinstance(kid, str) else None


def read_id_token(token: str, key: jwt.PyJWK, *, issuer: str, client_id: str, nonce: str) -> dict[str, Any]:
    """The claims of an ID token that is meant for us, for this log-in, now.

    Raises:
        OidcRefusedError: anything about it is not so.
    """
    options: Options = {"require": ["iss", "sub", "aud", "exp", "iat"]}
    try:
        claims: dict[str, Any] = jwt.decode(
            token, key, algorithms=list(ALGORITHMS), issuer=issuer, audience=client_id, leeway=CLOCKS_APART, options=options
        )
    except jwt.ExpiredSignatureError as error:
        raise OidcRefusedError("expired") from error
    except jwt.ImmatureSignatureError as error:
        raise OidcRefusedError("wrong-clock") from error
    except jwt.InvalidIssuerError as error:
        raise OidcRefusedError("wrong-issuer") from error
    except jwt.InvalidAudienceError as error:
        raise OidcRefusedError("wrong-audience") from error
    except (jwt.InvalidTokenError, ValueError, TypeError) as error:
        raise OidcRefusedError("forged") from error
    party = claims.get("azp")
    several = isinstance(claims["aud"], list) and len(claims["aud"]) > 1
    if (party is not None or several) and party != client_id:
        raise OidcRefusedError("wrong-audience")
    given = claims.get("nonce")
    if not isinstance(given, str) or not hmac.compare_digest(given.encode(), nonce.encode()):
        raise OidcRefusedError("wrong-nonce")
    if not claims["sub"] or len(claims["sub"]) > LONGEST_SUBJECT:
        raise OidcRefusedError("malformed")
    return claims
