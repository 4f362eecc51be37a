"""An authority of this installation's own and the service's certificate, for HTTPS without a proxy that has a public one.

Files in `tls/` of the state folder: `ca.pem` (to be trusted), `ca.key`, `service.pem` (the authority below it), `service.key`.
Keys are P-256 and readable by this user only. The authority can sign no further authority.
"""

import ipaddress
import socket
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from app.embedded.secrets import write_private
from app.kit.errors import SetupError

AUTHORITY_LIFE: Final = timedelta(days=3650)
SERVICE_LIFE: Final = timedelta(days=397)
"""Browsers take no longer one."""
RENEW_BEFORE: Final = timedelta(days=60)
_BACKDATED: Final = timedelta(hours=1)
"""Clocks of a store's machines differ."""


@dataclass(frozen=True, slots=True)
class Certificates:
    """Where the files are."""

    folder: Path

    @property
    def authority(self) -> Path:
        """What clients trust."""
        return self.folder / "ca.pem"

    @property
    def certificate(self) -> Path:
        """What the service shows."""
        return self.folder / "service.pem"

    @property
    def key(self) -> Path:
        """The service's key."""
        return self.folder / "service.key"


@dataclass(frozen=True, slots=True)
class _Signer:
    certificate: x509.Certificate
    key: ec.EllipticCurvePrivateKey


def names_of(host: str, more: str) -> list[str]:
    """What this machine is called: loopback, its host name, the address it listens on, and what the operator lists."""
    own = socket.gethostname().lower()
    listed = ["localhost", "127.0.0.1", "::1", own, *([] if "." in own else [f"{own}.local"]), *more.replace(",", " ").split()]
    if host not in ("0.0.0.0", "::", ""):  # noqa: S104 - compared, not bound
        listed.append(host)
    return list(dict.fromkeys(listed))


def keep_certificates(folder: Path, names: Iterable[str], now: datetime) -> Certificates:
    """Make what is missing, runs out within 60 days, or names something else than `names`; the rest stays as it is.

    Raises:
        SetupError: a name is none, or a file here is damaged.
    """
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    kept = Certificates(folder)
    wanted = [_general_name(name) for name in names]
    authority = _load(kept.authority, folder / "ca.key")
    # An authority outlives what it signs, so that nobody has to trust a new one in the middle of a certificate's life.
    if authority is None or _runs_out(authority.certificate, now, SERVICE_LIFE + RENEW_BEFORE):
        authority = _make_authority(now)
        write_private(folder / "ca.key", _key_text(authority.key))
        write_private(kept.authority, _text(authority.certificate))
    shown = _load(kept.certificate, kept.key)
    if shown is None or not _still_serves(shown.certificate, authority.certificate, wanted, now):
        made = _make_service(authority, wanted, now)
        write_private(kept.key, _key_text(made.key))
        write_private(kept.certificate, _text(made.certificate) + _text(authority.certificate))
    return kept


def fingerprint(path: Path) -> str:
    """SHA-256 of the first certificate of a file, as browsers show it."""
    digest = x509.load_pem_x509_certificate(path.read_bytes()).fingerprint(hashes.SHA256())
    return digest.hex(":").upper()


def _load(certificate: Path, key: Path) -> _Signer | None:
    if not certificate.exists() or not key.exists():
        return None
    try:
        found = x509.load_pem_x509_certificate(certificate.read_bytes())
        opened = serialization.load_pem_private_key(key.read_bytes(), None)
    except ValueError as error:
        raise SetupError(f"{certificate} or {key} is damaged; remove {certificate.parent} to have new ones made.") from error
    if not isinstance(opened, ec.EllipticCurvePrivateKey) or opened.public_key() != found.public_key():
        return None  # a stop between the two writes
    return _Signer(found, opened)


def _runs_out(certificate: x509.Certificate, now: datetime, within: timedelta) -> bool:
    return not certificate.not_valid_before_utc <= now <= certificate.not_valid_after_utc - within


def _still_serves(shown: x509.Certificate, authority: x509.Certificate, wanted: list[x509.GeneralName], now: datetime) -> bool:
    if shown.issuer != authority.subject or _runs_out(shown, now, RENEW_BEFORE):
        return False
    return set(shown.extensions.get_extension_for_class(x509.SubjectAlternativeName).value) == set(wanted)


def _make_authority(now: datetime) -> _Signer:
    key = ec.generate_private_key(ec.SECP256R1())
    # A serial in the name: browsers keep two authorities of one name apart badly.
    name = _name(f"PennyProtect {socket.gethostname()[:30]} {x509.random_serial_number() % 10**6:06d}")
    builder = _builder(name, name, key, now, AUTHORITY_LIFE).add_extension(x509.BasicConstraints(ca=True, path_length=0), True)
    usage = x509.KeyUsage(False, False, False, False, False, True, True, False, False)
    signed = builder.add_extension(usage, True).sign(key, hashes.SHA256())
    return _Signer(signed, key)


def _make_service(authority: _Signer, wanted: list[x509.GeneralName], now: datetime) -> _Signer:
    key = ec.generate_private_key(ec.SECP256R1())
    usage = x509.KeyUsage(True, False, False, False, False, False, False, False, False)
    issuer = x509.AuthorityKeyIdentifier.from_issuer_public_key(authority.key.public_key())
    builder = (
        _builder(_name("PennyProtect"), authority.certificate.subject, key, now, SERVICE_LIFE)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), True)
        .add_extension(usage, True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), False)
        .add_extension(x509.SubjectAlternativeName(wanted), False)
        .add_extension(issuer, False)
    )
    return _Signer(builder.sign(authority.key, hashes.SHA256()), key)


def _builder(
    subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePrivateKey, now: datetime, life: timedelta
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - _BACKDATED)
        .not_valid_after(now + life - _BACKDATED)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), False)
    )


def _name(common: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common)])


def _general_name(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        pass
    plain = name.removeprefix("*.").replace("-", "a").replace(".", "a")
    if not plain.isalnum() or not plain.isascii() or len(name) > 253:
        raise SetupError(f"{name!r} is no name or address of a machine; see PENNYPROTECT_TLS_NAMES.")
    return x509.DNSName(name.lower())


def _text(certificate: x509.Certificate) -> str:
    return certificate.public_bytes(serialization.Encoding.PEM).decode()


def _key_text(key: ec.EllipticCurvePrivateKey) -> str:
    plain = serialization.NoEncryption()
    return key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, plain).decode()
