"""E-mail by SMTP, on a few threads of its own: the standard library's client is synchronous."""

import asyncio
import smtplib
import ssl
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime, parseaddr
from urllib.parse import unquote, urlsplit

from app.kit.clock import now
from app.kit.errors import SetupError
from app.notifications.models import Claimed
from app.notifications.outcomes import Outcome, Verdict
from app.notifications.texts import mail_text

SOCKET_S = 10.0
TOTAL_S = 60.0
THREADS = 4
UNSET = "PENNYPROTECT_SMTP_URL and PENNYPROTECT_MAIL_FROM are not both set."


@dataclass(frozen=True, slots=True)
class MailServer:
    """Who takes our mail.

    Attributes:
        security: "tls" from the first byte, "starttls", or "none" for a relay on this machine.
    """

    host: str
    port: int
    username: str
    password: str = field(repr=False)
    security: str
    sender: str


def read_server(url: str, sender: str) -> MailServer:
    """smtps://user:password@host, smtp://host:587 (STARTTLS), or smtp+plain://127.0.0.1:25; SetupError otherwise."""
    parts = urlsplit(url)
    kinds = {"smtps": ("tls", 465), "smtp": ("starttls", 587), "smtp+plain": ("none", 25)}
    if parts.scheme not in kinds or not parts.hostname:
        raise SetupError("PENNYPROTECT_SMTP_URL must look like smtps://user:password@mail.example or smtp://mail.example:587.")
    security, port = kinds[parts.scheme]
    credentials = (unquote(parts.username or ""), unquote(parts.password or ""))
    return MailServer(parts.hostname, parts.port or port, *credentials, security, sender)


class MailTransport:
    """Sends mail."""

    def __init__(self, server: MailServer, public_url: str) -> None:
        self._server = server
        self._public_url = public_url
        self._threads = ThreadPoolExecutor(THREADS, "mail")

    async def send(self, delivery: Claimed, address: str, code: str | None = None) -> Outcome:
        """One try; `code` where it shall confirm the address. The Message-ID is the delivery's: a mailbox knows a repetition."""
        subject, body = mail_text(delivery, self._public_url, code)
        message = EmailMessage()
        message["From"], message["To"], message["Subject"] = self._server.sender, address, subject
        message["Date"] = format_datetime(now())
        message["Message-ID"] = f"<{delivery.id}@pennyprotect>"
        message["Auto-Submitted"] = "auto-generated"  # RFC 3834: no out-of-office replies
        message.set_content(body)
        try:
            async with asyncio.timeout(TOTAL_S):
                return await asyncio.get_running_loop().run_in_executor(
                    self._threads, self._send, address, message.as_bytes(policy=SMTP)
                )
        except TimeoutError:
            return Outcome(Verdict.UNKNOWN, "The mail server did not answer in time.")

    def close(self) -> None:
        """Let go of the threads."""
        self._threads.shutdown(wait=False, cancel_futures=True)

    def _send(self, address: str, message: bytes) -> Outcome:
        try:
            client = self._open()
        except (OSError, smtplib.SMTPException) as error:
            return Outcome(Verdict.NOT_TAKEN, f"The mail server could not be used ({type(error).__name__}).")
        try:
            for code, _ in (client.mail(parseaddr(self._server.sender)[1]), client.rcpt(address)):
                if code >= 400:
                    return Outcome(_verdict(code), f"The mail server answered {code}.")
        except (OSError, smtplib.SMTPException) as error:
            client.close()
            return Outcome(Verdict.NOT_TAKEN, f"The mail server went away ({type(error).__name__}).")
        try:
            code, _ = client.data(message)
            with suppress(OSError, smtplib.SMTPException):
                client.quit()
        except smtplib.SMTPDataError as error:
            return Outcome(_verdict(error.smtp_code), f"The mail server answered {error.smtp_code}.")
        except (OSError, smtplib.SMTPException) as error:
            return Outcome(Verdict.UNKNOWN, f"The mail server went away while it took the message ({type(error).__name__}).")
        finally:
            client.close()
        return Outcome(Verdict.TAKEN) if code == 250 else Outcome(_verdict(code), f"The mail server answered {code}.")

    def _open(self) -> smtplib.SMTP:
        server, context = self._server, ssl.create_default_context()
        if server.security == "tls":
            client: smtplib.SMTP = smtplib.SMTP_SSL(server.host, server.port, timeout=SOCKET_S, context=context)
        else:
            client = smtplib.SMTP(server.host, server.port, timeout=SOCKET_S)
        try:
            if server.security == "starttls":
                client.starttls(context=context)
            if server.username:
                client.login(server.username, server.password)
            client.ehlo_or_helo_if_needed()
        except BaseException:
            client.close()
            raise
        return client


def _verdict(code: int) -> Verdict:
    """4yz is transient, 5yz permanent (RFC 5321, 4.2.1)."""
    return Verdict.REFUSED if code >= 500 else Verdict.NOT_TAKEN
