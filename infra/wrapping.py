"""Keys wrapped by a key-encryption key, so that whoever reads the vault's database alone reads nothing."""

from base64 import b64decode
from binascii import Error as NotBase64
from hashlib import sha256
from os import urandom
from typing import Protocol

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from infra.problems import Problem

KEY_BYTES, NONCE, NAME = 32, 12, 4


class Wrapper(Protocol):
    """Wraps keys under a key-encryption key that the database never sees. A key-management service goes here."""

    def wrap(self, record: str, key: bytes) -> bytes: ...

    def unwrap(self, record: str, wrapped: bytes) -> bytes: ...


class LocalWrapper:
    """AES-256-GCM under keys this process was given; bound to the record, so that no row can be put in another's place.

    The first key wraps; the others still unwrap what they wrapped, until it is rotated out.
    """

    def __init__(self, *keys: bytes) -> None:
        if not keys or any(len(key) != KEY_BYTES for key in keys):
            raise Problem("TL-1301", "the vault's key-encryption key is missing or not 32 bytes", fix="set THROUGHLINE_VAULT_KEK")
        self._ciphers = {sha256(b"kek/" + key).digest()[:NAME]: AESGCM(key) for key in keys}
        self._first = next(iter(self._ciphers))

    @classmethod
    def of(cls, current: str, previous: str = "") -> "LocalWrapper":
        """From the settings' texts: base64, the retired ones separated by commas."""
        try:
            return cls(*(b64decode(text, validate=True) for text in (current, *filter(None, previous.split(",")))))
        except NotBase64:
            pass
        raise Problem("TL-1301", "the vault's key-encryption key is not base64", fix="set THROUGHLINE_VAULT_KEK to base64 of 32 bytes")

    def wrap(self, record: str, key: bytes) -> bytes:
        nonce = urandom(NONCE)
        return self._first + nonce + self._ciphers[self._first].encrypt(nonce, key, record.encode())

    def unwrap(self, record: str, wrapped: bytes) -> bytes:
        name, nonce, sealed = wrapped[:NAME], wrapped[NAME : NAME + NONCE], wrapped[NAME + NONCE :]
        try:
            return self._ciphers[name].decrypt(nonce, sealed, record.encode())
        except (KeyError, InvalidTag, ValueError):
            pass
        why = "it was wrapped under another key-encryption key, or the row was changed"
        raise Problem(
            "TL-1302", "a data key cannot be unwrapped", why, "give this process the key-encryption key it was wrapped with", record
        )
