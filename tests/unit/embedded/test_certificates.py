"""The authority and the service's certificate: what they name, and when they are made anew."""

import ssl
from datetime import timedelta
from pathlib import Path

import pytest
from cryptography import x509

from app.embedded.certificates import RENEW_BEFORE, SERVICE_LIFE, fingerprint, keep_certificates, names_of
from app.kit.clock import now
from app.kit.errors import SetupError

NAMES = ["localhost", "127.0.0.1", "::1", "till.local", "192.168.1.20"]


def _shown(folder: Path) -> x509.Certificate:
    return x509.load_pem_x509_certificate((folder / "service.pem").read_bytes())


def test_what_is_made_is_private_and_names_this_machine(tmp_path: Path) -> None:
    kept = keep_certificates(tmp_path / "tls", NAMES, now())
    listed = _shown(kept.folder).extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert sorted(listed.get_values_for_type(x509.DNSName)) == ["localhost", "till.local"]
    assert sorted(map(str, listed.get_values_for_type(x509.IPAddress))) == ["127.0.0.1", "192.168.1.20", "::1"]
    assert kept.folder.stat().st_mode & 0o077 == 0
    assert all(file.stat().st_mode & 0o077 == 0 for file in kept.folder.iterdir())
    authority = x509.load_pem_x509_certificate(kept.authority.read_bytes())
    _shown(kept.folder).verify_directly_issued_by(authority)
    assert authority.extensions.get_extension_for_class(x509.BasicConstraints).value == x509.BasicConstraints(True, 0)
    assert not _shown(kept.folder).extensions.get_extension_for_class(x509.BasicConstraints).value.ca
    assert ssl.create_default_context(cafile=kept.authority).verify_mode is ssl.CERT_REQUIRED
    assert len(fingerprint(kept.authority)) == 95


def test_it_stays_until_it_has_to_change_and_the_authority_stays_longer(tmp_path: Path) -> None:
    start = now()
    keep_certificates(tmp_path, NAMES, start)
    authority, first = (tmp_path / "ca.pem").read_text(), _shown(tmp_path).serial_number
    keep_certificates(tmp_path, reversed(NAMES), start + SERVICE_LIFE - RENEW_BEFORE - timedelta(days=1))
    assert _shown(tmp_path).serial_number == first
    keep_certificates(tmp_path, NAMES, start + SERVICE_LIFE - RENEW_BEFORE + timedelta(days=1))
    second = _shown(tmp_path).serial_number
    assert second != first
    keep_certificates(tmp_path, [*NAMES, "10.0.0.9"], start + SERVICE_LIFE - RENEW_BEFORE + timedelta(days=2))
    assert _shown(tmp_path).serial_number not in (first, second)
    assert (tmp_path / "ca.pem").read_text() == authority
    keep_certificates(tmp_path, NAMES, start + timedelta(days=3400))
    assert (tmp_path / "ca.pem").read_text() != authority
    _shown(tmp_path).verify_directly_issued_by(x509.load_pem_x509_certificate((tmp_path / "ca.pem").read_bytes()))


def test_a_stop_between_the_two_writes_is_mended_and_damage_is_said(tmp_path: Path) -> None:
    keep_certificates(tmp_path / "other", NAMES, now())
    kept = keep_certificates(tmp_path / "own", NAMES, now())
    kept.key.write_bytes((tmp_path / "other" / "service.key").read_bytes())
    keep_certificates(kept.folder, NAMES, now())
    ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(kept.certificate, kept.key)
    kept.certificate.write_text("nonsense")
    with pytest.raises(SetupError, match="is damaged"):
        keep_certificates(kept.folder, NAMES, now())


@pytest.mark.parametrize("name", ["", "a b", "a/b", "ä.example", "x" * 254, "1.2.3.4/24"])
def test_no_name_is_no_certificate(tmp_path: Path, name: str) -> None:
    with pytest.raises(SetupError, match="PENNYPROTECT_TLS_NAMES"):
        keep_certificates(tmp_path, [name], now())


def test_the_address_it_listens_on_is_named_unless_it_is_every_one() -> None:
    assert "10.1.2.3" in names_of("10.1.2.3", "")
    assert "::" not in names_of("::", "")
    assert names_of("::", "a.example, 10.0.0.9")[-2:] == ["a.example", "10.0.0.9"]
