"""A token proves who asks, or nothing."""

import asyncio
import hmac
import json
import time
from base64 import urlsafe_b64encode
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx2
import pytest
from joserfc import jwk, jws, jwt

from infra.clock import ManualClock
from infra.identity import ASK_AGAIN_S, KEEP_S, STALE_S, Identity, Keyring, Principal, Unauthenticated, from_file, from_url, public_keys
from infra.issuer import ISSUER, LocalIssuer
from infra.store.port import Unavailable
from tests.security.conftest import ANA, AUDIENCE, NOON

KEY = jwk.RSAKey.generate_key(2048, {"kid": "r1", "alg": "RS256", "use": "sig"}, private=True)
HEAD = {"alg": "RS256", "kid": "r1"}
CLAIMS: dict[str, Any] = {"iss": ISSUER, "aud": AUDIENCE, "sub": "staff/7", "exp": int(NOON.timestamp()) + 60}


def jwks(*keys: jwk.Key) -> bytes:
    return json.dumps({"keys": [key.as_dict(private=False) for key in keys]}).encode()


@pytest.fixture
def rsa(tmp_path: Path, clock: ManualClock) -> Identity:
    """An issuer that signs with RSA, as most do."""
    (tmp_path / "keys.json").write_bytes(jwks(KEY))
    return Identity(ISSUER, AUDIENCE, Keyring(from_file(tmp_path / "keys.json"), clock), clock)


def signed(changes: dict[str, Any], header: dict[str, Any] = HEAD, key: jwk.Key = KEY) -> str:
    claims = {name: value for name, value in {**CLAIMS, **changes}.items() if value is not None}
    return jwt.encode(header, claims, key, algorithms=[header["alg"]])


async def refused(identity: Identity, token: str) -> str:
    with pytest.raises(Unauthenticated) as caught:
        await identity.verify(token)
    assert token[:30] not in str(caught.value) and caught.value.status == 401
    return caught.value.why


async def test_a_token_of_the_local_issuer_says_who_asks(identity: Identity, issuer: LocalIssuer) -> None:
    ana = Principal("staff/7", frozenset({"coordinator"}), frozenset({"org/north"}), "user", "session-1")
    assert await identity.verify(issuer.token(ana)) == ana


async def test_a_session_is_made_where_none_is_given(identity: Identity, issuer: LocalIssuer) -> None:
    assert (await identity.verify(issuer.token(ANA))).session


async def test_a_token_of_an_issuer_elsewhere_is_accepted(rsa: Identity) -> None:
    assert (await rsa.verify(signed({"roles": ["a"], "aud": ["other", AUDIENCE]}))).roles == {"a"}


async def test_an_expired_token_is_refused_by_the_wall_clock(identity: Identity, issuer: LocalIssuer, clock: ManualClock) -> None:
    token = issuer.token(ANA, minutes=5)
    clock.advance(timedelta(minutes=6))
    assert "expired" in await refused(identity, token)


@pytest.mark.parametrize(
    ("changes", "claim"),
    [
        ({"aud": "another"}, "aud"),
        ({"aud": ["another"]}, "aud"),
        ({"aud": None}, "aud"),
        ({"iss": "https://elsewhere"}, "iss"),
        ({"iss": None}, "iss"),
        ({"exp": None}, "exp"),
        ({"exp": "never"}, "exp"),
        ({"nbf": int(NOON.timestamp()) + 300}, "nbf"),
        ({"iat": int(NOON.timestamp()) + 300}, "iat"),
        ({"sub": None}, "sub"),
        ({"sub": 7}, "sub"),
        ({"sub": ""}, "sub"),
        ({"sub": "zelda@example.org"}, "sub"),
        ({"sub": "Zelda Quillfeather"}, "sub"),
    ],
)
async def test_a_claim_that_does_not_hold_here_is_named_and_not_shown(rsa: Identity, changes: dict[str, Any], claim: str) -> None:
    why = await refused(rsa, signed(changes))
    assert f"`{claim}`" in why and "zelda" not in why.lower()


async def test_a_token_that_nobody_signed_is_refused(rsa: Identity) -> None:
    whole = signed({})
    for algorithm in ("none", "None", "NONE"):
        head = urlsafe_b64encode(json.dumps({"alg": algorithm, "kid": "r1"}).encode()).rstrip(b"=").decode()
        assert "algorithm" in await refused(rsa, f"{head}.{whole.split('.')[1]}.")


async def test_a_public_key_used_as_a_shared_secret_is_refused(rsa: Identity) -> None:
    part = urlsafe_b64encode(json.dumps({"alg": "HS256", "kid": "r1"}).encode()).rstrip(b"=").decode()
    what = f"{part}.{signed({}).split('.')[1]}"
    for secret in (KEY.as_pem(private=False), KEY.as_pem(private=False).strip(), KEY.as_der(private=False), jwks(KEY)):
        mac = urlsafe_b64encode(hmac.digest(secret, what.encode(), "sha256")).rstrip(b"=").decode()
        assert "algorithm" in await refused(rsa, f"{what}.{mac}")


async def test_a_key_verifies_only_the_algorithm_it_is_for(rsa: Identity) -> None:
    other = jwk.RSAKey.import_key({**KEY.as_dict(private=True), "alg": "PS256"})
    assert "algorithm" in await refused(rsa, signed({}, {"alg": "PS256", "kid": "r1"}, other))


async def test_a_changed_token_is_refused(rsa: Identity) -> None:
    head, claims, signature = signed({}).split(".")
    forged = urlsafe_b64encode(json.dumps({**CLAIMS, "roles": ["admin"]}).encode()).rstrip(b"=").decode()
    for token in (f"{head}.{forged}.{signature}", f"{head}.{claims}.{signature[:-8]}AAAAAAA_", f"{head}.{claims}.", f"{head}.{claims}"):
        await refused(rsa, token)


async def test_a_key_of_somebody_else_under_a_known_id_is_refused(rsa: Identity) -> None:
    mine = jwk.RSAKey.generate_key(2048, {"kid": "r1"}, private=True)
    embedded = {**HEAD, "jwk": mine.as_dict(private=False)}
    await refused(rsa, signed({}, HEAD, mine))
    await refused(rsa, signed({}, embedded, mine))
    await refused(rsa, signed({}, {**HEAD, "jku": "https://evil.example/keys"}, mine))


@pytest.mark.parametrize("token", ["", "a", "a.b.c", "....", "e30.e30.e30", "x" * 10_000, "W10.e30.AA", "bnVsbA.e30.AA", "ü.ü.ü"])
async def test_what_is_no_token_is_refused(rsa: Identity, token: str) -> None:
    with pytest.raises(Unauthenticated):
        await rsa.verify(token)


async def test_deeply_nested_json_is_refused_like_any_other(rsa: Identity) -> None:
    deep = urlsafe_b64encode(b"[" * 5_000).decode()
    await refused(rsa, f"{deep}.e30.AA")
    await refused(rsa, jws.serialize_compact(HEAD, b"[" * 3_000, KEY, algorithms=["RS256"]))


async def test_an_unknown_critical_header_is_refused(rsa: Identity) -> None:
    head = {**HEAD, "crit": ["x"], "x": 1}
    part = urlsafe_b64encode(json.dumps(head).encode()).rstrip(b"=").decode()
    await refused(rsa, ".".join((part, *signed({}).split(".")[1:])))


async def test_roles_that_are_no_list_give_nothing(rsa: Identity) -> None:
    for roles in ("admin", {"admin": 1}, [["admin"]], [1]):
        assert (await rsa.verify(signed({"roles": roles}))).roles == frozenset()


async def test_without_an_issuer_nobody_is_let_in(clock: ManualClock, issuer: LocalIssuer) -> None:
    nobody = Identity("", AUDIENCE, Keyring(from_file(issuer.jwks), clock), clock)
    assert "no issuer" in await refused(nobody, issuer.token(ANA))


class Published:
    """An issuer's key document, counting how often it is asked for."""

    def __init__(self, *keys: jwk.Key) -> None:
        self.keys, self.asked, self.down = keys, 0, False

    async def __call__(self) -> bytes:
        self.asked += 1
        if self.down:
            raise OSError
        return jwks(*self.keys)


async def test_a_new_key_is_found_when_it_is_first_used(clock: ManualClock) -> None:
    second = jwk.RSAKey.generate_key(2048, {"kid": "r2"}, private=True)
    published = Published(KEY)
    identity = Identity(ISSUER, AUDIENCE, Keyring(published, clock), clock)
    await identity.verify(signed({}))
    published.keys = (KEY, second)
    clock.advance(timedelta(seconds=ASK_AGAIN_S + 1))
    assert await identity.verify(signed({}, {"alg": "RS256", "kid": "r2"}, second))
    assert published.asked == 2


async def test_callers_that_come_at_once_share_the_first_reading(clock: ManualClock) -> None:
    class Slow(Published):
        async def __call__(self) -> bytes:
            await asyncio.sleep(0.01)
            return await super().__call__()

    published = Slow(KEY)
    identity = Identity(ISSUER, AUDIENCE, Keyring(published, clock), clock)
    assert len(await asyncio.gather(*(identity.verify(signed({})) for _ in range(10)))) == 10
    assert published.asked == 1


async def test_a_withdrawn_key_stops_working_within_minutes(clock: ManualClock) -> None:
    second = jwk.RSAKey.generate_key(2048, {"kid": "r2"}, private=True)
    published = Published(KEY)
    identity = Identity(ISSUER, AUDIENCE, Keyring(published, clock), clock)
    await identity.verify(signed({}))
    published.keys = (second,)
    clock.advance(timedelta(seconds=KEEP_S + 1))
    token = signed({"exp": int(clock.now().timestamp()) + 60})
    assert "does not have" in await refused(identity, token)


async def test_invented_key_ids_do_not_make_us_ask_the_issuer_each_time(clock: ManualClock) -> None:
    published = Published(KEY)
    identity = Identity(ISSUER, AUDIENCE, Keyring(published, clock), clock)
    for n in range(100):
        await refused(identity, signed({}, {"alg": "RS256", "kid": f"invented-{n}"}))
    assert published.asked == 1


async def test_an_issuer_that_is_down_is_borne_for_an_hour_and_then_nobody_is_let_in(clock: ManualClock) -> None:
    published = Published(KEY)
    identity = Identity(ISSUER, AUDIENCE, Keyring(published, clock), clock)
    await identity.verify(signed({}))
    published.down = True
    clock.advance(timedelta(seconds=STALE_S - 10))
    token = signed({"exp": int(clock.now().timestamp()) + 600})
    assert await identity.verify(token)
    clock.advance(timedelta(seconds=20))
    with pytest.raises(Unavailable):
        await identity.verify(token)


async def test_keys_that_never_could_be_read_let_nobody_in_but_say_why(clock: ManualClock, tmp_path: Path) -> None:
    for source in (from_file(tmp_path / "missing.json"), Published()):
        identity = Identity(ISSUER, AUDIENCE, Keyring(source, clock), clock)
        with pytest.raises((Unavailable, Unauthenticated)):
            await identity.verify(signed({}))


def test_only_sound_signing_keys_are_taken_from_a_document() -> None:
    shared = {"kty": "oct", "k": "c2VjcmV0", "kid": "s"}
    public = KEY.as_dict(private=False)
    odd = [
        shared,
        {**public, "kid": None},
        {**public, "kid": "e", "use": "enc"},
        {"kty": "RSA", "kid": "broken", "n": "!", "e": "AQAB"},
        {},
    ]
    assert set(public_keys(json.dumps({"keys": [*odd, public]}).encode())) == {"r1"}
    for wrong in (b"", b"[]", b"{}", b'{"keys": [1]}', b'{"keys": 1}'):
        with pytest.raises(ValueError):
            public_keys(wrong)


async def test_keys_are_fetched_without_following_redirects_and_within_a_bound(clock: ManualClock) -> None:
    def answer(request: httpx2.Request) -> httpx2.Response:
        match request.url.path:
            case "/keys":
                return httpx2.Response(200, content=jwks(KEY))
            case "/moved":
                return httpx2.Response(302, headers={"location": "https://evil.example/keys"})
        return httpx2.Response(200, content=b" " * 300_000)

    def source(path: str) -> Any:
        return from_url(f"https://issuer.example{path}", httpx2.MockTransport(answer))

    assert await Identity(ISSUER, AUDIENCE, Keyring(source("/keys"), clock), clock).verify(signed({}))
    for path in ("/moved", "/large"):
        with pytest.raises(ValueError):
            await source(path)()


def test_processes_that_share_a_directory_share_the_issuer_s_key(tmp_path: Path, clock: ManualClock) -> None:
    first, second = LocalIssuer(tmp_path, AUDIENCE, clock), LocalIssuer(tmp_path, AUDIENCE, clock)
    assert first._key.thumbprint() == second._key.thumbprint()
    assert (tmp_path / "issuer-key.json").stat().st_mode & 0o077 == 0
    assert '"d"' not in first.jwks.read_text()
    assert {path.name for path in tmp_path.iterdir()} == {"issuer-key.json", "issuer-jwks.json"}


async def test_verifying_costs_less_than_two_milliseconds(identity: Identity, issuer: LocalIssuer) -> None:
    token = issuer.token(ANA)
    await identity.verify(token)
    start = time.process_time()
    for _ in range(50):
        await identity.verify(token)
    assert (time.process_time() - start) / 50 < 0.002
