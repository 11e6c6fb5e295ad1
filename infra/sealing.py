"""Values about a person, sealed per record with AES-256-GCM: what is stored and sent is a token nobody can read without the key.

A token is `sealed:v1:` and base64url of nonce and ciphertext; the plaintext is the JSON of the value. It is bound to the record and
to the NAME of the field that holds it (`birth_date`; for an identifier's value, `value`), not to the path or the class: a value may
move from an event to a state, and to a state of another service, as long as the field keeps its name and the record is the same.
Under another name or record it is sealed anew, which needs it open: a token that was never opened cannot be moved there.
What the binding does not see: two values of one record under one field name exchanged, or an older one put back.
"""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from binascii import a2b_base64, b2a_base64
from collections.abc import Callable, Mapping
from functools import cache
from itertools import count
from os import urandom
from typing import Annotated, Any, TypeVar, cast, get_args, get_origin

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from pydantic import BaseModel, TypeAdapter
from pydantic_core import from_json, to_json

from contracts.kernel import SEALED_PREFIX, Personal, plain_of
from infra.problems import Problem

M = TypeVar("M", bound=BaseModel)
Leaf = Callable[[Personal[Any], str, TypeAdapter[Any]], Personal[Any]]

PREFIX = f"{SEALED_PREFIX}v1:"
NONCE, WHOLE, PADDED_TO = 12, (1 << 96) - 1, 128
MANY = (tuple, list, frozenset, set)
BYTES_V1 = b"\x01"
_STANDARD, _URL = bytes.maketrans(b"-_", b"+/"), bytes.maketrans(b"+/", b"-_")


class Erased(Problem):
    """The data key of this record is gone: nothing that was sealed under it can be opened again, by anybody."""

    def __init__(self, record: str) -> None:
        super().__init__("TL-1201", "this record's data key was erased, or never made", "", "treat its values as gone", record, 410)


class Unreadable(Problem):
    """A token does not open. Nothing of its content is known or shown."""

    def __init__(self, where: str) -> None:
        why = "it was changed, or it was sealed for another record or under another field name, or with another key"
        super().__init__("TL-1202", "a sealed value cannot be opened", why, "compare record and field name with where it was sealed", where)


class Unsealable(Problem):
    """A value is not of the type its field declares; sealing it would make it unreadable for everybody."""

    def __init__(self, where: str) -> None:
        super().__init__("TL-1203", "a personal value is not of its field's type", "", "correct the code that set it", where)


def seal(model: M, record: str, key: bytes | None) -> M:
    """A copy with every personal value in it as a token only, as if read from the database. `key` None: `Erased` if one is open."""
    return cast(M, _inside(model, _Sealer(record, key).leaf)) if personal_fields(type(model)) else model


def seal_here(model: BaseModel, record: str, key: bytes | None) -> None:
    """Give every open personal value in it its token, where it is: whatever else holds the same value (a state that was folded from
    this fact) has the same token then. One value belongs to one record: a token of another record is replaced."""
    if personal_fields(type(model)):
        sealer = _Sealer(record, key)

        def leaf(value: Personal[Any], field: str, plain: TypeAdapter[Any]) -> Personal[Any]:
            sealed = sealer.leaf(value, field, plain)
            value.sealed, value.under = sealed.sealed, sealed.under
            return value

        _inside(model, leaf)


def unseal(model: M, record: str, key: bytes | None) -> M:
    """A copy with every token opened, each value keeping its token. `key` None: `Erased` if it holds a token."""
    return cast(M, _inside(model, _Opener(record, key).leaf)) if personal_fields(type(model)) else model


def seal_bytes(raw: bytes, key: bytes, label: str) -> bytes:
    """An input kept as it came, byte for byte, bound to a label (its receipt's id)."""
    nonce = urandom(NONCE)
    return BYTES_V1 + nonce + AESGCM(key).encrypt(nonce, raw, _label("", label).encode())


def open_bytes(sealed: bytes, key: bytes | None, label: str) -> bytes:
    """What `seal_bytes` kept."""
    if key is None:
        raise Erased(label)
    try:
        if sealed[:1] == BYTES_V1:
            return AESGCM(key).decrypt(sealed[1 : 1 + NONCE], sealed[1 + NONCE :], _label("", label).encode())
    except (InvalidTag, ValueError):
        pass
    raise Unreadable(label)


def carried(what: Any, key: bytes, label: str) -> str:
    """Something of ours for a browser to keep or to bring back, in a cookie or an address: sealed, its length telling little."""
    raw = to_json(what)
    return urlsafe_b64encode(seal_bytes(raw.ljust(-(-len(raw) // PADDED_TO) * PADDED_TO), key, label)).decode()


def brought_back(text: str, key: bytes, label: str) -> Any:
    """What `carried` made for this label; None for whatever else stands there."""
    try:
        return from_json(open_bytes(urlsafe_b64decode(text), key, label))
    except (Unreadable, ValueError):
        return None


def _label(field: str, record: str) -> str:
    """What a token is bound to. A field name holds no colon, so no two pairs read the same."""
    return f"{field}:{record}"


class _Sealer:
    """Seals the values of one record. The cipher is made when the first open value is met, the nonces count from a random one."""

    def __init__(self, record: str, key: bytes | None) -> None:
        self._record, self._key, self._place = record, key, _label("", record)
        self._cipher: AESGCM | None = None

    def leaf(self, value: Personal[Any], field: str, plain: TypeAdapter[Any]) -> Personal[Any]:
        label = field + self._place
        if value.sealed is not None and (value.plain is None or value.under == label):
            return value if value.plain is None else Personal(sealed=value.sealed, under=label)
        raw = _written(value.plain, plain, field)
        nonce, cipher = self._ready()
        text = b2a_base64(nonce + cipher.encrypt(nonce, raw, label.encode()), newline=False).translate(_URL)
        return Personal(sealed=PREFIX + text.decode(), under=label)

    def _ready(self) -> tuple[bytes, AESGCM]:
        if self._cipher is None:
            if self._key is None:
                raise Erased(self._record)
            self._cipher = AESGCM(self._key)
            self._nonces = count(int.from_bytes(urandom(NONCE)))
        return (next(self._nonces) & WHOLE).to_bytes(NONCE), self._cipher


class _Opener:
    """Opens the tokens of one record."""

    def __init__(self, record: str, key: bytes | None) -> None:
        self._record, self._key, self._place = record, key, _label("", record)
        self._cipher: AESGCM | None = None

    def leaf(self, value: Personal[Any], field: str, plain: TypeAdapter[Any]) -> Personal[Any]:
        label = field + self._place
        if value.sealed is None or (value.plain is not None and value.under == label):
            return value
        if self._key is None:
            raise Erased(self._record)
        if self._cipher is None:
            self._cipher = AESGCM(self._key)
        return Personal(_opened(value.sealed, self._cipher, label, plain), sealed=value.sealed, under=label)


def _written(value: Any, plain: TypeAdapter[Any], field: str) -> bytes:
    """The JSON of a value, read back once: what is sealed can be opened. The error is raised outside the handler, because the
    library's own shows the value and would be chained (as would its warnings, and asking it for errors instead costs 1 µs)."""
    try:
        raw = plain.serializer.to_json(value, warnings=False)
        plain.validator.validate_json(raw)
    except ValueError:
        raw = b""
    if not raw:
        raise Unsealable(field)
    return raw


def _opened(token: str, cipher: AESGCM, label: str, plain: TypeAdapter[Any]) -> Any:
    """The value in a token; the same rule for the error."""
    try:
        if token.startswith(PREFIX):
            raw = a2b_base64(token[len(PREFIX) :].encode().translate(_STANDARD), strict_mode=True)
            return plain.validator.validate_json(cipher.decrypt(raw[:NONCE], raw[NONCE:], label.encode()))
    except (InvalidTag, ValueError):
        pass
    raise Unreadable(label)


def _inside(model: BaseModel, leaf: Leaf) -> BaseModel:
    changes = {}
    for name, plain in personal_fields(type(model)).items():
        old = getattr(model, name)
        if old is None:
            continue
        new = leaf(old, name, plain) if plain is not None and type(old) is Personal else _walk(old, name, plain, leaf)
        if new is not old:
            changes[name] = new
    return model.model_copy(update=changes) if changes else model


def _walk(value: Any, name: str, plain: TypeAdapter[Any] | None, leaf: Leaf) -> Any:
    """Most frequent first; a model last, because asking whether something is one is slow."""
    if isinstance(value, Personal):
        return leaf(value, name, cast("TypeAdapter[Any]", plain))
    if isinstance(value, MANY):
        return type(value)([_walk(one, name, plain, leaf) for one in value])
    if isinstance(value, Mapping):
        return {key: _walk(one, name, plain, leaf) for key, one in value.items()}
    return _inside(value, leaf) if isinstance(value, BaseModel) else value


@cache
def personal_fields(kind: type[BaseModel]) -> dict[str, TypeAdapter[Any] | None]:
    """The fields with personal values in them: how the value is written, or None where only models inside hold some."""
    found: dict[str, TypeAdapter[Any] | None] = {}
    for name, field in kind.model_fields.items():
        leaves = {_inner(part) for part in _parts(field.annotation) if _is_personal(part)}
        if len(leaves) > 1:
            raise TypeError(f"{kind.__name__}.{name} holds personal values of more than one type")
        if leaves:
            found[name] = plain_of(leaves.pop())
        elif _bears(field.annotation, set()):
            found[name] = None
    return found


def _bears(annotation: Any, seen: set[Any]) -> bool:
    """Whether something personal is anywhere in it; a model that contains itself is looked at once."""
    for part in _parts(annotation):
        if _is_personal(part):
            return True
        if isinstance(part, type) and issubclass(part, BaseModel) and part not in seen:
            seen.add(part)
            if any(_bears(field.annotation, seen) for field in part.model_fields.values()):
                return True
    return False


def _parts(annotation: Any) -> list[Any]:
    """An annotation taken apart down to personal types and classes: through unions, containers, aliases and `Annotated`."""
    annotation = getattr(annotation, "__value__", annotation)
    if get_origin(annotation) is Annotated:
        return _parts(get_args(annotation)[0])
    if _is_personal(annotation) or not get_args(annotation):
        return [annotation]
    return [part for argument in get_args(annotation) for part in _parts(argument)]


def _is_personal(annotation: Any) -> bool:
    return annotation is Personal or get_origin(annotation) is Personal


def _inner(annotation: Any) -> Any:
    return (get_args(annotation) or (str,))[0]
