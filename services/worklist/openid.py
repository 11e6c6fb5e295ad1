"""Signing in with an OpenID provider, whichever it is: the authorization code flow with PKCE, a state and a nonce.

What begins a session is a token that our services accept: the provider's access token where it is for them, else the ID token, where the
console itself is their audience. Who it speaks for must be who the ID token says has just signed in.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

import httpx2
from authlib.common.security import generate_token
from authlib.integrations.base_client import OAuthError
from authlib.integrations.httpx_client import AsyncOAuth2Client
from authlib.oidc.core import CodeIDToken
from joserfc.errors import JoseError

from infra.clock import Clock
from infra.http import Answer, busy
from infra.identity import LEEWAY_S, WELL_KNOWN, Identity, Unauthenticated, discovered, from_url
from infra.settings import Settings

KEEP_S, LENGTH = 300.0, 48
"""How long the provider's document is believed; characters of state, nonce and verifier."""


@dataclass(frozen=True, slots=True)
class Begun:
    """A way to the provider: where to, and what must be true of who comes back. The browser keeps it until then."""

    url: str
    state: str
    nonce: str
    verifier: str


@dataclass(frozen=True, slots=True)
class Entered:
    """A session that begins: what proves it, until when, and what may renew it without asking the person again ("": nothing)."""

    token: str
    until: int
    refresh: str = ""


def failed(why: str) -> Answer:
    """Nobody is signed in. What the provider or the browser said is not repeated."""
    return Answer("TL-5710", "you are not signed in", why, "begin again", status=400)


class Provider:
    """One provider, as its own document describes it. `transport` is for a provider that runs in this process."""

    def __init__(self, settings: Settings, access: Identity, accounts: Identity, clock: Clock, transport: Any = None) -> None:
        self._settings, self._access, self._accounts, self._clock, self._transport = settings, access, accounts, clock, transport
        self._known: Mapping[str, Any] = {}
        self._until = float("-inf")

    async def begin(self, back: str) -> Begun:
        """`back` is the address that the provider has on its list."""
        state, nonce, verifier = (generate_token(LENGTH) for _ in range(3))
        endpoint = (await self._document())["authorization_endpoint"]
        async with self._client(back) as client:
            url, _ = client.create_authorization_url(endpoint, state=state, nonce=nonce, code_verifier=verifier)
        return Begun(str(url), state, nonce, verifier)

    async def finish(self, said: Mapping[str, str], begun: Begun, back: str) -> Entered:
        """What the browser brought back: a code of this provider's, for what was begun here."""
        if said.get("error") or not said.get("code"):
            raise failed("the provider did not let you in")
        if said.get("iss", self._settings.issuer) != self._settings.issuer:
            raise failed("another provider answered than was asked")
        given = await self._given(back, grant_type="authorization_code", code=said["code"], code_verifier=begun.verifier)
        subject = await self._signed_in(given, begun.nonce)
        return await self._entered(given, subject)

    async def renew(self, entered: Entered, subject: str) -> Entered:
        """The same session, from now: the provider decides whether it may go on."""
        if not entered.refresh:
            raise failed("the provider gave nothing to renew the session with")
        given = await self._given("", grant_type="refresh_token", refresh_token=entered.refresh)
        renewed = await self._entered({"refresh_token": entered.refresh, **given}, None)
        if (await self._access.verify(renewed.token)).id != subject:
            raise failed("the provider renewed somebody else's session")
        return renewed

    async def leaving(self, back: str) -> str:
        """Where the provider's own session ends; "" where it has no such place, or cannot be asked now: ours has ended all the same."""
        try:
            endpoint = (await self._document()).get("end_session_endpoint", "")
        except Answer:
            return ""
        return f"{endpoint}?{urlencode({'client_id': self._settings.client_id, 'post_logout_redirect_uri': back})}" if endpoint else ""

    async def _document(self) -> Mapping[str, Any]:
        if self._clock.monotonic() >= self._until:
            issuer = self._settings.issuer
            try:
                self._known = discovered(issuer, await from_url(issuer.rstrip("/") + WELL_KNOWN, self._transport)())
            except (OSError, ValueError, httpx2.HTTPError):
                raise busy("the provider that signs people in cannot be asked now") from None
            self._until = self._clock.monotonic() + KEEP_S
        return self._known

    def _client(self, back: str) -> AsyncOAuth2Client:
        settings, secret = self._settings, self._settings.client_secret.get_secret_value()
        takes = self._known.get("token_endpoint_auth_methods_supported", ["client_secret_basic"])
        how = "none" if not secret else "client_secret_basic" if "client_secret_basic" in takes else "client_secret_post"
        return AsyncOAuth2Client(
            settings.client_id, secret or None, scope=settings.scopes, redirect_uri=back, code_challenge_method="S256", timeout=10.0,
            token_endpoint_auth_method=how, transport=self._transport, follow_redirects=False,
        )  # fmt: skip

    async def _given(self, back: str, **grant: str) -> Mapping[str, Any]:
        endpoint = (await self._document())["token_endpoint"]
        try:
            async with self._client(back) as client:
                return dict(await client.fetch_token(endpoint, **grant, **({"redirect_uri": back} if back else {})))
        except OAuthError:
            raise failed(
                "the provider does not accept what the browser brought back: it was used, is too old, or was begun elsewhere"
            ) from None
        except (httpx2.HTTPError, ValueError):
            raise busy("the provider that signs people in does not answer") from None

    async def _signed_in(self, given: Mapping[str, Any], nonce: str) -> str:
        """Who the ID token says has just signed in, here. Whatever is wrong with it is said as one thing."""
        try:
            claims, header = await self._accounts.opened(str(given.get("id_token") or ""))
            must = {"nonce": nonce, "client_id": self._settings.client_id, "access_token": given.get("access_token")}
            token = CodeIDToken(claims, header, {}, must)
            token.validate(now=self._accounts.now(), leeway=LEEWAY_S)
        except (Unauthenticated, JoseError):
            raise failed("what the provider says of you is not for this sign-in") from None
        return str(token["sub"])

    async def _entered(self, given: Mapping[str, Any], subject: str | None) -> Entered:
        for name in ("access_token", "id_token"):
            token = str(given.get(name) or "")
            try:
                claims, _ = await self._access.opened(token)
                self._access.principal(claims)
            except Unauthenticated:
                continue
            if subject in (None, claims["sub"]):
                return Entered(token, int(claims["exp"]), str(given.get("refresh_token") or ""))
        raise failed("the provider gave nothing that our services accept: its audience or its claims are not set up for them")
