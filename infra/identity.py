"""Who asks: a token from one issuer, for this audience, signed with a key of the issuer's that stands today.

What the issuer calls things is configured: where its tokens name roles and organisations, and what those are called here.
"""

import asyncio
import json
import logging
from base64 import urlsafe_b64decode
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx2
from joserfc import jwk, jwt
from joserfc.errors import ExpiredTokenError, InvalidClaimError, JoseError, MissingClaimError
from pydantic import BaseModel, ConfigDict

from infra.clock import Clock
from infra.envelope import OPAQUE
from infra.problems import Problem
from infra.settings import Settings
from infra.store.port import Unavailable

ALGORITHMS = {"RSA": ("RS256", "PS256"), "EC": ("ES256",), "OKP": ("Ed25519", "EdDSA")}
"""By the kind of the key, so that no token chooses how it is verified. Symmetric keys and `none` have no place here."""
LEEWAY_S = 30
WELL_KNOWN = "/.well-known/openid-configuration"
TOKEN_BYTES_MAX, KEYS_BYTES_MAX, KEYS_MAX = 8_192, 262_144, 100
KEEP_S, STALE_S, ASK_AGAIN_S = 300.0, 3_600.0, 10.0
"""A key that was withdrawn works for at most KEEP_S; where the issuer does not answer, the known ones for at most STALE_S; an
unknown key id makes us ask again, but no more often than every ASK_AGAIN_S."""

Source = Callable[[], Awaitable[bytes]]
log = logging.getLogger(__name__)


class _Jwks(BaseModel):
    model_config = ConfigDict(hide_input_in_errors=True)
    keys: list[dict[str, Any]]


@dataclass(frozen=True, slots=True)
class Principal:
    """Who acts: an opaque id, never a name. `kind` as CloudEvents' `authtype`; `session` is what a log-off ends."""

    id: str
    roles: frozenset[str] = frozenset()
    organisations: frozenset[str] = frozenset()
    kind: str = "user"
    session: str = ""


class Unauthenticated(Problem):
    """The token proves nothing. The reason is told; what the token said is not."""

    def __init__(self, why: str) -> None:
        super().__init__("TL-1401", "this request is not authenticated", why, "sign in and send a bearer token", status=401)


class Keyring:
    """The issuer's public keys, read when needed and refreshed in bounded measure."""

    def __init__(self, source: Source, clock: Clock) -> None:
        self._source, self._clock = source, clock
        self._keys: dict[str, jwk.Key] = {}
        self._read_at = self._asked_at = float("-inf")
        self._lock = asyncio.Lock()

    async def find(self, kid: str) -> jwk.Key | None:
        """The key of that id, if the issuer has it; without an id, its only one. Unavailable where that cannot be known."""
        if self._wants_refresh(kid):
            async with self._lock:
                if self._wants_refresh(kid):
                    await self._refresh()
        if self._clock.monotonic() - self._read_at > STALE_S:
            raise Unavailable("the issuer's keys cannot be read")
        only = next(iter(self._keys), "") if len(self._keys) == 1 else ""
        return self._keys.get(kid or only)

    def _wants_refresh(self, kid: str) -> bool:
        now = self._clock.monotonic()
        unknown = kid not in self._keys if kid else not self._keys
        return now - self._asked_at > ASK_AGAIN_S and (unknown or now - self._read_at > KEEP_S)

    async def _refresh(self) -> None:
        """Counted as asked when it has ended, so that whoever came meanwhile waits for it."""
        try:
            self._keys, self._read_at = public_keys(await self._source()), self._clock.monotonic()
        except (OSError, ValueError, httpx2.HTTPError) as error:  # the known ones stand until they are stale
            log.warning("the issuer's keys could not be read: %s", type(error).__name__)
        finally:
            self._asked_at = self._clock.monotonic()


def public_keys(document: bytes) -> dict[str, jwk.Key]:
    """The signing keys of a JWKS by id. Keys of other kinds, without an id, for encryption or damaged are passed over."""
    keys = {}
    for stated in _Jwks.model_validate_json(document).keys[:KEYS_MAX]:
        if stated.get("kty") in ALGORITHMS and isinstance(stated.get("kid"), str) and stated.get("use", "sig") == "sig":
            with suppress(JoseError, ValueError, LookupError, TypeError):
                keys[stated["kid"]] = jwk.import_key(stated)
    return keys


def from_file(path: Path) -> Source:
    """Keys from a file, as the local issuer writes it."""

    async def read() -> bytes:
        return await asyncio.to_thread(path.read_bytes)

    return read


def from_url(url: str, transport: httpx2.AsyncBaseTransport | None = None) -> Source:
    """Keys from the issuer: no redirects, no more than KEYS_BYTES_MAX, no longer than 5 s."""

    async def read() -> bytes:
        async with httpx2.AsyncClient(transport=transport, timeout=5.0) as client, client.stream("GET", url) as answer:
            body = bytearray()
            async for piece in answer.aiter_bytes():
                body += piece
                if len(body) > KEYS_BYTES_MAX:
                    raise ValueError("too large")
        if answer.status_code != 200:
            raise ValueError("not answered")
        return bytes(body)

    return read


def from_discovery(issuer: str, transport: httpx2.AsyncBaseTransport | None = None) -> Source:
    """Keys from where the issuer's own document says they are; another issuer's document says nothing."""

    async def read() -> bytes:
        return await from_url(discovered(issuer, await from_url(issuer.rstrip("/") + WELL_KNOWN, transport)())["jwks_uri"], transport)()

    return read


def discovered(issuer: str, document: bytes) -> dict[str, Any]:
    """The document of this very issuer, which names its keys. ValueError otherwise. What is reached by TLS names nothing that is not."""
    said = json.loads(document)
    if not isinstance(said, dict) or said.get("issuer") != issuer or not isinstance(said.get("jwks_uri"), str):
        raise ValueError("not this issuer's document")
    if issuer.startswith("https://") and any(
        name.endswith(("_endpoint", "jwks_uri")) and not str(said[name]).startswith("https://") for name in said
    ):
        raise ValueError("plain addresses in the issuer's document")
    return said


def keyring(jwks: str, clock: Clock, issuer: str = "") -> Keyring:
    """From the setting: an address or a path; without one, from where the issuer says."""
    if not jwks:
        return Keyring(from_discovery(issuer), clock)
    return Keyring(from_url(jwks) if jwks.startswith(("http://", "https://")) else from_file(Path(jwks)), clock)


@dataclass(frozen=True, slots=True)
class Naming:
    """Where an issuer's tokens say who, which roles and whose, and what its names are here. A map that names anything is whole: what
    it leaves out gives nothing."""

    subject: str = "sub"
    roles: str = "roles"
    organisations: tuple[str, ...] = ("organisations",)
    role_names: Mapping[str, str] = field(default_factory=dict)
    organisation_names: Mapping[str, str] = field(default_factory=dict)

    def principal(self, claims: Mapping[str, Any]) -> Principal:
        subject = _at(claims, self.subject)
        if not isinstance(subject, str) or not OPAQUE.fullmatch(subject):
            raise Unauthenticated(f"the claim `{self.subject}` is not an opaque id (letters, digits and . _ : / | -)")
        kind = "service_account" if claims.get("kind") == "service_account" else "user"
        session = claims.get("sid") or claims.get("jti") or ""
        whose = frozenset[str]().union(*(_names(claims, claim, self.organisation_names) for claim in self.organisations))
        return Principal(subject, _names(claims, self.roles, self.role_names), whose, kind, session if isinstance(session, str) else "")


class Identity:
    """Verifies tokens of one issuer for one audience, by the wall clock."""

    def __init__(self, issuer: str, audience: str, keys: Keyring, clock: Clock, naming: Naming | None = None) -> None:
        self._issuer, self._audience, self._keys, self._clock = issuer, audience, keys, clock
        self._naming = naming or Naming()

    @classmethod
    def of(cls, settings: Settings, clock: Clock) -> "Identity":
        """From the settings."""
        return cls(settings.issuer, settings.audience, keyring(settings.jwks, clock, settings.issuer), clock, naming(settings))

    def now(self) -> int:
        """What tokens are dated by, in seconds since 1970."""
        return int(self._clock.wall().timestamp())

    async def verify(self, token: str) -> Principal:
        """Who this token speaks for; Unauthenticated otherwise."""
        claims, _ = await self.opened(token)
        return self.principal(claims)

    def principal(self, claims: Mapping[str, Any]) -> Principal:
        """Who the claims of a verified token name; Unauthenticated where they name nobody."""
        return self._naming.principal(claims)

    async def opened(self, token: str) -> tuple[dict[str, Any], dict[str, Any]]:
        """Claims and header of a token of the issuer's. The library's errors are not chained: they quote the token."""
        if not self._issuer:
            raise Unauthenticated("no issuer is configured here")
        key = await self._keys.find(_key_id(token))
        if key is None:
            raise Unauthenticated("the token is signed with a key its issuer does not have")
        return self._read(token, key)

    def _read(self, token: str, key: jwk.Key) -> tuple[dict[str, Any], dict[str, Any]]:
        try:
            read = jwt.decode(token, key, algorithms=_algorithms(key))
            self._rules().validate(read.claims)
        except ExpiredTokenError:
            why = "the token has expired"
        except (InvalidClaimError, MissingClaimError) as error:
            why = f"the claim `{error.claim}` is missing or not valid here"
        except (JoseError, ValueError, RecursionError):
            why = "the token is malformed, or its signature or algorithm is not accepted"
        else:
            return read.claims, read.header
        raise Unauthenticated(why)

    def _rules(self) -> jwt.JWTClaimsRegistry:
        return jwt.JWTClaimsRegistry(
            now=self.now(),
            leeway=LEEWAY_S,
            iss={"essential": True, "value": self._issuer},
            aud={"essential": True, "value": self._audience},
            exp={"essential": True},
            sub={"essential": True},
        )


def _algorithms(key: jwk.Key) -> list[str]:
    """What this key may verify: what it says of itself, within what its kind allows."""
    allowed, stated = ALGORITHMS[key.key_type], key.get("alg")
    return [one for one in allowed if stated in (None, one)] or ["no-such-algorithm"]


def _key_id(token: str) -> str:
    """The key id of a token that is not verified yet ("" where it names none): good for looking up a key, for nothing else."""
    try:
        if len(token) <= TOKEN_BYTES_MAX:
            head = token.partition(".")[0]
            kid = json.loads(urlsafe_b64decode(head + "=" * (-len(head) % 4))).get("kid", "")
            if isinstance(kid, str):
                return kid
    except (ValueError, AttributeError, RecursionError):
        pass
    raise Unauthenticated("the token is malformed, or names its key by no text")


def naming(settings: Settings) -> Naming:
    """From the settings."""
    return Naming(
        settings.subject_claim, settings.roles_claim, tuple(settings.organisations_claims.split(",")),
        _pairs(settings.role_names), _pairs(settings.organisation_names),
    )  # fmt: skip


def _pairs(stated: str) -> dict[str, str]:
    """From `theirs=ours,…`; what is left of the last sign is theirs, which may hold one itself."""
    return {theirs.strip(): ours.strip() for theirs, _, ours in (one.rpartition("=") for one in stated.split(",") if one.strip())}


def _at(claims: Mapping[str, Any], path: str) -> Any:
    """The claim of that whole name; else what lies there inside others, as `realm_access.roles`."""
    if path in claims:
        return claims[path]
    found: Any = claims
    for part in path.split("."):
        found = found.get(part) if isinstance(found, Mapping) else None
    return found


def _names(claims: Mapping[str, Any], claim: str, known: Mapping[str, str]) -> frozenset[str]:
    """A list of names; whatever else stands there gives nothing."""
    stated = _at(claims, claim)
    found = [one for one in stated if isinstance(one, str)] if isinstance(stated, list) else []
    return frozenset(known[one] for one in found if one in known) if known else frozenset(found)
