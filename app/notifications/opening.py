"""The sender with its transports, from the settings."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import aiohttp
import asyncpg

from app.kit.gate import Gate
from app.kit.keys.choice import by_pool, open_vault
from app.kit.postgres import Pool
from app.notifications.sender import Sender, Transports
from app.notifications.transports.hook import HookTransport
from app.notifications.transports.mail import MailTransport, read_server
from app.notifications.transports.sms import Account, SmsTransport
from app.settings import Settings

MOST_CONNECTIONS = 128
IDLE_S = 15.0


@asynccontextmanager
async def open_sender(settings: Settings, pool: "Pool[asyncpg.Record]") -> AsyncIterator[Sender]:
    """A sender; closes what it holds at the end.

    Raises:
        SetupError: a setting cannot be used.
    """
    vault = open_vault(settings.secret_key.get_secret_value(), settings.key_ring_file, settings.kms_keys, by_pool(pool))
    mails = _mail(settings)
    connector = aiohttp.TCPConnector(limit=MOST_CONNECTIONS, keepalive_timeout=IDLE_S)
    jar = aiohttp.DummyCookieJar()
    async with aiohttp.ClientSession(connector=connector, cookie_jar=jar, trust_env=False) as session:
        texts = _texts(settings, session)
        hooks = HookTransport(session, Gate(settings.webhook_egress), settings.dashboard_url)
        try:
            yield Sender(pool, vault, Transports(hooks, texts, mails))
        finally:
            if mails is not None:
                mails.close()


def _texts(settings: Settings, session: aiohttp.ClientSession) -> SmsTransport | None:
    sid, token = settings.twilio_account_sid, settings.twilio_auth_token.get_secret_value()
    if not (sid and token and settings.twilio_phone_number):
        return None
    account = Account(sid, token, settings.twilio_phone_number, settings.twilio_base_url)
    return SmsTransport(session, account, settings.dashboard_url)


def _mail(settings: Settings) -> MailTransport | None:
    url = settings.smtp_url.get_secret_value()
    return MailTransport(read_server(url, settings.mail_from), settings.dashboard_url) if url and settings.mail_from else None
