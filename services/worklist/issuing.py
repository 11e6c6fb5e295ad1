"""The built-in OpenID provider, for a developer's machine alone: whom to be is chosen from a list, and everything after that is as with any
other provider. It lives in the console's process, so codes do not outlive that.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from hmac import compare_digest
from typing import Any
from urllib.parse import urlencode, urlsplit
from uuid import uuid4

from authlib.common.security import generate_token
from authlib.oauth2.rfc7636 import create_s256_code_challenge
from authlib.oidc.core.util import create_half_hash
from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from infra.browser import way_back
from infra.clock import Clock
from infra.http import Answer
from infra.identity import WELL_KNOWN, Identity, Keyring, Principal, Unauthenticated, from_file
from infra.issuer import ALGORITHM, ISSUER, LocalIssuer

HERE = "/issuer"
BACK = "/sign-in/done"
SESSION_MINUTES, CODE_S, CODES_MAX = 60, 60.0, 1_000
RENEWING = f"{ISSUER}/token"
"""Whom the token that renews a session is for: no service of ours takes it."""
ASKED = ("client_id", "redirect_uri", "state", "nonce", "scope", "code_challenge")


@dataclass(frozen=True)
class Person:
    """Somebody whom a developer may be."""

    principal: Principal
    name: str


PEOPLE = (
    Person(Principal("staff/12", frozenset({"coordinator"})), "Robin, coordinator"),
    Person(Principal("staff/13", frozenset({"coordinator"})), "Jules, coordinator"),
    Person(Principal("staff/7", frozenset({"intake-desk"})), "Alexa, intake desk"),
    Person(Principal("staff/20", frozenset({"triage-clinician"})), "Lin, triage clinician"),
    Person(Principal("staff/31", frozenset({"program-desk"})), "Kim, program desks"),
    Person(Principal("staff/32", frozenset({"program-desk"})), "Ren, program desks"),
    Person(Principal("staff/81", frozenset({"authorization-desk"})), "Tom, authorization desk"),
    Person(Principal("staff/70", frozenset({"crisis-desk"})), "Sky, crisis desk"),
    Person(Principal("staff/72", frozenset({"program-desk", "mobile-team"})), "Pat, Oak mobile team"),
    Person(Principal("staff/74", frozenset({"program-desk", "crisis-facility"})), "Max, facilities"),
    Person(Principal("staff/21", frozenset({"supervisor"})), "Ana, intake supervisor"),
    Person(Principal("staff/80", frozenset({"clinical-supervisor"})), "Ines, clinical supervisor"),
    Person(Principal("staff/50", frozenset({"team-lead", "network-lead"})), "Noor, network lead"),
    Person(Principal("staff/60", frozenset({"data-steward"})), "Ellis, data steward"),
    Person(Principal("staff/91", frozenset({"partner"}), frozenset({"riverbend"})), "Riverbend Hospital (sees its own referrals)"),
    Person(Principal("staff/95", frozenset({"platform"})), "Uli, platform (sees nobody's care)"),
    Person(Principal("staff/90", frozenset({"auditor"})), "Sam, auditor (sees no names)"),
)
"""Invented people, one for each role; in development alone."""


@dataclass(frozen=True, slots=True)
class Granted:
    """A code that was given out: to whom, for what, and until when it may be brought back, once."""

    person: Principal
    asked: Mapping[str, str]
    until: float


class Issuing:
    """Codes and tokens of one process. `render` shows the page with the list."""

    def __init__(
        self, issuer: LocalIssuer, people: Sequence[Person], client_id: str, clock: Clock, render: Callable[..., Response]
    ) -> None:
        self._issuer, self._client_id, self._clock, self._render = issuer, client_id, clock, render
        self._people, self._by_id = people, {person.principal.id: person.principal for person in people}
        self._granted: dict[str, Granted] = {}
        self._renewing = Identity(ISSUER, RENEWING, Keyring(from_file(issuer.jwks), clock), clock)

    def routes(self, under: str = HERE) -> list[BaseRoute]:
        """Under the console's own address for browsers; at its own name for the console, which asks it like any other provider."""
        return [
            Route(under + WELL_KNOWN, self.document),
            Route(f"{under}/jwks", self.keys),
            Route(f"{under}/authorize", self.choose),
            Route(f"{under}/authorize", self.chosen, methods=["POST"]),
            Route(f"{under}/token", self.token, methods=["POST"]),
            Route(f"{under}/end-session", self.end),
        ]

    async def document(self, request: Request) -> Response:
        """Browsers go to the console's own address, whatever a developer calls it, so those two are said without a host."""
        return JSONResponse({
            "issuer": ISSUER, "authorization_endpoint": f"{HERE}/authorize", "token_endpoint": f"{ISSUER}/token",
            "jwks_uri": f"{ISSUER}/jwks", "end_session_endpoint": f"{HERE}/end-session", "response_types_supported": ["code"],
            "subject_types_supported": ["public"], "id_token_signing_alg_values_supported": [ALGORITHM],
            "code_challenge_methods_supported": ["S256"], "token_endpoint_auth_methods_supported": ["none"],
            "grant_types_supported": ["authorization_code", "refresh_token"], "scopes_supported": ["openid"],
            "authorization_response_iss_parameter_supported": True,
        })  # fmt: skip

    async def keys(self, request: Request) -> Response:
        return Response(self._issuer.jwks.read_bytes(), media_type="application/json")

    async def choose(self, request: Request) -> Response:
        asked = self._asked(request, request.query_params)
        return self._render("sign_in.html", request, people=self._people, asked=asked)

    async def chosen(self, request: Request) -> Response:
        form = await request.form()
        asked, person = self._asked(request, form), self._by_id.get(str(form.get("person", "")))
        if person is None:
            raise Answer("TL-1401", "nobody of that name can be chosen", status=400)
        code, now = generate_token(48), self._clock.monotonic()
        self._granted = {one: granted for one, granted in self._granted.items() if granted.until > now}
        if len(self._granted) >= CODES_MAX:
            raise Answer("TL-5711", "too many are signing in", "", "wait a minute", status=503)
        self._granted[code] = Granted(person, asked, now + CODE_S)
        return RedirectResponse(f"{asked['redirect_uri']}?{urlencode({'code': code, 'state': asked['state'], 'iss': ISSUER})}", 303)

    async def token(self, request: Request) -> Response:
        form = await request.form()
        grants: dict[str, Callable[[FormData], Awaitable[Response]]] = {
            "authorization_code": self._for_code, "refresh_token": self._for_refresh,
        }  # fmt: skip
        grant = grants.get(str(form.get("grant_type")))
        return await grant(form) if grant else _refused("unsupported_grant_type")

    async def end(self, request: Request) -> Response:
        """There is no session here that could end: every time somebody says anew whom to be."""
        return RedirectResponse(way_back(request, request.query_params.get("post_logout_redirect_uri", "/")), 303)

    def _asked(self, request: Request, stated: Mapping[str, Any]) -> dict[str, str]:
        """What an honest client asks. Nobody is ever led to an address that is not the console's own."""
        asked = {name: str(stated.get(name, "")) for name in ASKED}
        to = urlsplit(asked["redirect_uri"])
        ours = to.scheme in ("http", "https") and to.netloc == request.url.netloc and (to.path, to.query, to.fragment) == (BACK, "", "")
        right = ours and asked["client_id"] == self._client_id and stated.get("response_type") == "code"
        if not (right and asked["state"] and asked["code_challenge"] and stated.get("code_challenge_method") == "S256"):
            raise Answer("TL-5712", "this is no sign-in of the console's", "", "begin at the console", status=400)
        return asked

    async def _for_code(self, form: FormData) -> Response:
        """A code works once, for whoever asked for it and knows what its challenge was made of."""
        granted = self._granted.pop(str(form.get("code")), None)
        if granted is None or granted.until <= self._clock.monotonic():
            return _refused("invalid_grant")
        verified = create_s256_code_challenge(str(form.get("code_verifier", "")))
        same = all(form.get(name, self._client_id) == granted.asked[name] for name in ("client_id", "redirect_uri"))
        if not (same and compare_digest(verified, granted.asked["code_challenge"])):
            return _refused("invalid_grant")
        return self._given(replace(granted.person, session=str(uuid4())), granted.asked["nonce"])

    async def _for_refresh(self, form: FormData) -> Response:
        try:
            return self._given(await self._renewing.verify(str(form.get("refresh_token", ""))), "")
        except Unauthenticated:
            return _refused("invalid_grant")

    def _given(self, person: Principal, nonce: str) -> Response:
        token = self._issuer.token(person, SESSION_MINUTES)
        half = create_half_hash(token, ALGORITHM).decode()
        said = {"at_hash": half, "sid": person.session, **({"nonce": nonce} if nonce else {})}
        lasting = {"sid": person.session, "roles": sorted(person.roles), "organisations": sorted(person.organisations)}
        return JSONResponse({
            "access_token": token, "token_type": "Bearer", "expires_in": SESSION_MINUTES * 60,
            "id_token": self._issuer.signed(self._client_id, person, SESSION_MINUTES, **said),
            "refresh_token": self._issuer.signed(RENEWING, person, SESSION_MINUTES, **lasting),
        })  # fmt: skip


def _refused(error: str) -> Response:
    return JSONResponse({"error": error}, 400)
