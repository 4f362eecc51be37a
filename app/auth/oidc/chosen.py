"""The provider that the operator's settings name."""

from app.auth.oidc.models import ProviderSettings
from app.auth.oidc.provider import Provider
from app.kit.errors import SetupError
from app.settings import Settings


def provider_of(settings: Settings) -> Provider | None:
    """The operator's OpenID Connect provider; SetupError when its settings cannot be used."""
    if not settings.oidc_issuer:
        return None
    if not settings.oidc_client_id or "openid" not in settings.oidc_scopes.split():
        raise SetupError("PENNYPROTECT_OIDC_ISSUER needs PENNYPROTECT_OIDC_CLIENT_ID, and PENNYPROTECT_OIDC_SCOPES with openid.")
    return Provider(
        ProviderSettings(
            issuer=settings.oidc_issuer,
            client_id=settings.oidc_client_id,
            client_secret=settings.oidc_client_secret.get_secret_value(),
            name=settings.oidc_name,
            scopes=settings.oidc_scopes,
            groups_claim=settings.oidc_groups_claim,
            username_claim=settings.oidc_username_claim,
            chain_id=settings.oidc_chain,
            second_factor=settings.oidc_second_factor,
        )
    )
