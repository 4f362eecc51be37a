"""AWS KMS as the `KeyProvider`: data keys are wrapped by a key that never leaves it."""

from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from app.kit.errors import UnavailableError
from app.kit.keys.provider import KeyLostError

TIMEOUT_S = 5
_LOST = frozenset(
    {
        "InvalidCiphertextException",
        "IncorrectKeyException",
        "NotFoundException",
        "DisabledException",
        "KMSInvalidStateException",
        "InvalidGrantTokenException",
    }
)
AWAY = "AWS KMS does not answer or refuses; check the network, the credentials and the key's policy."


class KmsKeys:
    """Keys of AWS KMS by id, ARN or alias.

    Args:
        key_ids: the last one wraps; all of them unwrap.
    """

    def __init__(self, key_ids: tuple[str, ...], client: Any = None) -> None:
        self._key_ids = key_ids
        self._client = client or boto3.client(
            "kms", config=Config(connect_timeout=TIMEOUT_S, read_timeout=TIMEOUT_S, retries={"max_attempts": 2})
        )

    def current(self) -> str:
        """The key that wraps from now on."""
        return self._key_ids[-1]

    def known(self) -> frozenset[str]:
        """The keys that unwrap."""
        return frozenset(self._key_ids)

    def wrap(self, data_key: bytes, context: bytes) -> tuple[str, bytes]:
        """KMS Encrypt, with the context as its encryption context."""
        answer = self._ask("encrypt", KeyId=self.current(), Plaintext=data_key, EncryptionContext=_context(context))
        return self.current(), bytes(answer["CiphertextBlob"])

    def unwrap(self, key_id: str, wrapped: bytes, context: bytes) -> bytes:
        """KMS Decrypt with exactly the key that wrapped."""
        if key_id not in self._key_ids:
            raise KeyLostError("The KMS key that protects this is not in PENNYPROTECT_KMS_KEYS; add it.")
        answer = self._ask("decrypt", KeyId=key_id, CiphertextBlob=wrapped, EncryptionContext=_context(context))
        return bytes(answer["Plaintext"])

    def _ask(self, call: str, **arguments: Any) -> Any:
        try:
            return getattr(self._client, call)(**arguments)
        except ClientError as error:
            if error.response.get("Error", {}).get("Code") in _LOST:
                raise KeyLostError("AWS KMS cannot open this: its key is gone, or the value was moved or changed.") from None
            raise UnavailableError(AWAY) from None
        except BotoCoreError:
            raise UnavailableError(AWAY) from None


def _context(context: bytes) -> dict[str, str]:
    return {"pennyprotect": context.hex()}
