"""What reads bytes of strangers, with examples of what it should get, and the errors by which it may refuse."""

import io
import tempfile
import uuid
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache, partial
from pathlib import Path
from typing import Final

import jwt
import msgspec
import numpy as np
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from app.auth.oidc.claims import key_id_of, read_id_token
from app.auth.oidc.models import OidcRefusedError
from app.auth.tokens import TokenRefusedError, TokenSigner
from app.auth.totp import from_base32
from app.behaviour.feet import check_arrays
from app.cameras.adding.discovery import read_answer
from app.cameras.adding.lists import read_list
from app.cameras.ingested import read_messages
from app.cameras.urls import check_camera_url, split_credentials
from app.capture import annex_b, nal
from app.capture.login import Login, is_stale
from app.contracts.sockets import decode_client_message
from app.contracts.soundness import check_frame, check_health, check_tracklet
from app.contracts.tracked import decode_frame, decode_health, decode_tracklet
from app.contracts.wire import WireError, encode
from app.evidence import package
from app.evidence.tokens import read_upload
from app.identity.enrolment.pictures import read_picture
from app.identity.importing.rows import read_rows
from app.inference.convert import checkpoint, dlib_file, tflite
from app.kit.egress import literal_of, parse_policy, refusal_of, split_address
from app.kit.errors import BadInputError, ForbiddenError
from app.kit.gate import Gate
from app.kit.logs import redact
from app.kit.pages import decode_cursor
from app.kit.shape import nests_deeper
from app.models.packages import unpack
from tests.builders import make_health, make_tracked_frame, make_tracklet

POLICY: Final = parse_policy("private public", frozenset(), "PENNYPROTECT_CAMERA_NETWORKS")
QUESTION: Final = uuid.UUID(int=7)
NOW: Final = datetime(2026, 11, 26, tzinfo=UTC)
SIGNER: Final = TokenSigner("s" * 32)
URLS: Final = (
    b"rtsp://user:pa%40ss@10.0.0.7:554/stream?x=1", b"rtsps://[::ffff:127.0.0.1]/x", b"http://0x7f.1/", b"https://user@[fe80::1%25eth0]:1/",
    b"rtsp://169.254.169.254/latest", b"rtsp://camera.local./a#b", b"\xef\xbb\xbfrtsp://x",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Target:
    """One reader.

    Attributes:
        run: reads; what it says must hold is asserted inside.
        refuses: errors by which it says no; any other one is a crash.
        seeds: well-formed input, and what once crashed it.
    """

    name: str
    run: Callable[[bytes], object]
    refuses: tuple[type[Exception], ...]
    seeds: tuple[bytes, ...]

    def feed(self, raw: bytes) -> None:
        """Let it read."""
        with suppress(*self.refuses):
            self.run(raw)


@cache
def _folder() -> Path:
    return Path(tempfile.mkdtemp(prefix="pennyprotect-fuzz-"))


def _as_file(read: Callable[[Path], object], raw: bytes) -> None:
    path = _folder() / "input"
    path.write_bytes(raw)
    read(path)


def _text(read: Callable[[str], object], raw: bytes) -> None:
    read(raw.decode("utf-8", "surrogateescape"))


def _frame(raw: bytes) -> None:
    frame = decode_frame(raw)
    check_frame(frame)
    check_arrays(frame)


def _tracklet(raw: bytes) -> None:
    check_tracklet(decode_tracklet(raw))


def _health(raw: bytes) -> None:
    check_health(decode_health(raw))


def _url(text: str) -> None:
    """Whoever is admitted is where the policy lets cameras be, and what is shown holds no password."""
    assert "hunter2" not in redact(f"cannot open rtsp://user:hunter2@{text}")
    text = check_camera_url(text, POLICY)
    plain, _ = split_credentials(text)
    assert "@" not in split_address(plain).netloc
    parts = split_address(text)
    literal = literal_of(parts.hostname or "")
    if literal is not None:
        pinned = Gate(POLICY, lambda _name: ()).admit(text)
        assert refusal_of(pinned.address, pinned.port, POLICY) is None
        assert pinned.address == literal


def _challenge(raw: bytes) -> None:
    """No answer ends the header it stands in."""
    lines = raw.decode("latin-1").split("\n")[:4]  # as `app.capture.redirects` reads a head
    for user in ("admin", 'a"b', "a\r\nX: y"):
        said = Login(user, "hunter2").answer([line.rstrip("\r") for line in lines], "DESCRIBE", "rtsp://10.0.0.7/x")
        assert "\n" not in said
        assert "\r" not in said
    is_stale(lines)


def _units(raw: bytes) -> None:
    half = len(raw) // 2
    nal.parameter_sets(raw)
    nal.has_parameter_sets(raw)
    for size in (1, 2, 4):
        with suppress(nal.BrokenUnitError):
            nal.annex_b(raw, size)
    for hevc in (False, True):
        annex_b._has_sps(raw, hevc)
        list(annex_b._sets(b"\1" + raw[:half].ljust(7, b"\0"), hevc))
        annex_b._from_lengths(raw[half:], annex_b._length_size(b"\1" + raw[:half].ljust(7, b"\0"), hevc))


def _id_token(text: str) -> None:
    key_id_of(text)
    key = jwt.PyJWK.from_dict(
        {"kty": "OKP", "crv": "Ed25519", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo", "alg": "EdDSA"}
    )
    claims = read_id_token(text, key, issuer="https://i", client_id="c", nonce="n")
    raise AssertionError(f"a token nobody signed was taken: {claims}")


def _tokens(text: str) -> None:
    SIGNER.refresh_origin(text)
    with suppress(TokenRefusedError):
        SIGNER.read_challenge(text)
    SIGNER.read(text)
    raise AssertionError("a token nobody signed was taken")


def _tar(raw: bytes) -> None:
    """Nothing lies outside of the folder it was told."""
    with tempfile.TemporaryDirectory(dir=_folder()) as folder:
        inside = Path(folder) / "in"
        inside.mkdir()
        try:
            unpack(io.BytesIO(raw), inside)
        finally:
            assert [path.name for path in Path(folder).iterdir()] == ["in"]
            assert all(path.is_file() and not path.is_symlink() for path in inside.iterdir())


def _rows(text: str) -> None:
    list(read_rows(text))


def _list(text: str) -> None:
    read_list(text, POLICY, frozenset())


def _dlib(path: Path) -> None:
    for read in ("tensor", "column", "text", "truth", "number", "integer"):
        file = dlib_file.DlibFile(path)
        with suppress(checkpoint.ConversionError):
            while not file.at_end:
                getattr(file, read)()


def _archive() -> bytes:
    key = Ed25519PrivateKey.from_private_bytes(b"k" * 32)
    return package.build([("clip.mp4", b"0123456789")], {"purpose": "fuzz"}, key)


def _manifest(raw: bytes) -> None:
    """Of a package by whoever likes, as its manifest and as what is signed in it."""
    key = Ed25519PrivateKey.from_private_bytes(b"k" * 32)
    for archive in (b"".join(package._archive([(package.MANIFEST, raw)])), package.build([(package.CUSTODY, raw)], {}, key)):
        _as_file(package.verify, archive)


def _tar_of_nothing() -> bytes:
    import tarfile

    content = io.BytesIO()
    with tarfile.open(fileobj=content, mode="w") as archive:
        for name in ("model.onnx", "contract.toml", "../evil"):
            entry = tarfile.TarInfo(name)
            entry.size = 3
            archive.addfile(entry, io.BytesIO(b"abc"))
    return content.getvalue()


def _checkpoint() -> bytes:
    import zipfile

    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        archive.writestr(
            "archive/data.pkl",
            b"\x80\x02}q\x00X\x05\x00\x00\x00modelq\x01cos\nsystem\nq\x02X\x02\x00\x00\x00idq\x03\x85q\x04Rq\x05s.",
        )
        archive.writestr("archive/version", b"3\n")
    return content.getvalue()


def _pictures() -> tuple[bytes, ...]:
    import cv2

    pixels = np.random.default_rng(1).integers(0, 255, (24, 32, 3), np.uint8)
    made = [cv2.imencode(end, pixels)[1].tobytes() for end in (".png", ".jpg")]
    return (
        *made,
        made[0][:40],
        b"\x89PNG\r\n\x1a\n" + b"\0\0\0\rIHDR" + b"\xff\xff\xff\xff" * 2 + made[0][24:],
        b"GIF89a",
        made[1] * 2,
    )


def targets() -> tuple[Target, ...]:
    """All of them."""
    bad, wire = (BadInputError,), (msgspec.DecodeError, WireError)
    found = b"".join(
        (b'<e:Envelope xmlns:e="http://www.w3.org/2003/05/soap-envelope" xmlns:a="http://schemas.xmlsoap.org/ws/2004/08/addressing"',
         b' xmlns:d="http://schemas.xmlsoap.org/ws/2005/04/discovery"><a:RelatesTo>uuid:', str(QUESTION).encode(),
         b"</a:RelatesTo><d:ProbeMatch><d:Scopes>onvif://www.onvif.org/name/A%20B</d:Scopes><d:XAddrs>http://10.0.0.7/x",
         b"</d:XAddrs></d:ProbeMatch></e:Envelope>")
    )  # fmt: skip
    return (
        Target("tracked frame", _frame, wire, (encode(make_tracked_frame([(7, 0.5, 0.9), (8, 0.2, 0.8)])),)),
        Target("tracklet", _tracklet, wire, (encode(make_tracklet()),)),
        Target("health", _health, wire, (encode(make_health()),)),
        Target(
            "socket message",
            decode_client_message,
            (msgspec.DecodeError,),
            (b'{"type":"ping"}', b'{"type":"resume","store_id":"00000000-0000-0000-0000-000000000007","last_id":"1-0"}'),
        ),
        Target(
            "batch of a worker", read_messages, bad, (msgspec.msgpack.encode([make_health(), make_tracklet()]), b"\x91\xa1\x80")
        ),
        Target("JSON's depth", nests_deeper, (), (b'{"a":[{"b":"\\"}"}]}', b"[" * 90)),
        Target("camera address", partial(_text, _url), bad, URLS),
        Target(
            "RTSP challenge",
            _challenge,
            (),
            (
                b'Digest realm="a\\"b", nonce="x", qop="auth,auth-int", stale=TRUE, algorithm=MD5, opaque="o"',
                b"Basic realm=x\nDigest nonce=1",
            ),
        ),
        Target(
            "video units",
            _units,
            (),
            (b"\x01\x64\x00\x1f\xff\xe1\x00\x02\x67\x64\x01\x00\x02\x68\xee" * 3, b"\0\0\0\1\x67\x42" * 4),
        ),
        Target(
            "camera that answers", partial(read_answer, question=QUESTION, policy=POLICY), (), (found, b"<!DOCTYPE a>" + found)
        ),
        Target(
            "list of cameras",
            partial(_text, _list),
            bad,
            (b"name,url\nA,rtsp://10.0.0.7/x\n", b'name;url;analysis_fps\n"A";x;5\n'),
        ),
        Target("import of a watchlist", partial(_text, _rows), bad, (b"picture,reason\na.jpg,x\n", b'picture\r\n"a\n')),
        Target("picture", read_picture, bad, _pictures()),
        Target("checkpoint", partial(_as_file, checkpoint.read), bad, (_checkpoint(), b"PK\3\4")),
        Target(
            "TFLite model",
            partial(_as_file, tflite.read),
            bad,
            (b"\x1c\0\0\0TFL3" + bytes(range(60)), b"\x08\0\0\0TFL3" + b"\0" * 40),
        ),
        Target(
            "dlib file",
            partial(_as_file, _dlib),
            (),
            (b"\1\2" + b"\3\xff\xff\x0f" * 4 + b"\0" * 64, b"1" * 20, b"\1\2" + b"\3\0\0\x10" * 4),
        ),
        Target("model package", _tar, bad, (_tar_of_nothing(), b"\0" * 1024)),
        Target("evidence package", partial(_as_file, package.verify), bad, (_archive(), _archive()[:-9])),
        Target(
            "evidence's manifest",
            _manifest,
            bad,
            (
                b'{"format":"pennyprotect-evidence/1","public_key":"00","files":[{"name":"a","size":1,"sha256":"00"}]}',
                b'[{"sequence":1,"act":"stored","hash":"00"}]',
                b"[" * 100_000,
            ),
        ),
        Target(
            "ID token",
            partial(_text, _id_token),
            (OidcRefusedError,),
            (b"eyJhbGciOiJFZERTQSJ9.eyJpc3MiOiJpIn0.AAAA", b"eyJhbGciOiJub25lIn0.e30."),
        ),
        Target("token of ours", partial(_text, _tokens), (TokenRefusedError,), (b"eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJ4In0.AAAA",)),
        Target(
            "upload token",
            partial(_text, lambda text: read_upload(b"k" * 32, text, NOW)),
            (ForbiddenError,),
            (b"WyJhIiwxLCJhYiIsMV0.AAAA",),
        ),
        Target("cursor", partial(_text, decode_cursor), bad, (b"AAYVh_b4gABVDoQA4ptB1KcWRGZVQAAA", b"AAAA")),
        Target("second factor's secret", partial(_text, from_base32), (ValueError,), (b"JBSWY3DPEHPK3PXP",)),
    )
