"""`python -m tests.worklist.provider PORT`: an OpenID provider of its own, that shares no code with ours and can be told to misbehave.

`POST /next` says how the next answers are wrong: `claims` of the ID token laid over the right ones (null takes one away), `access` the same
for the access token, `alg` none or HS256, `forged` signed with another key under the same id, `rotate` a new key, `issuer` another name in
its document. It signs in whoever `sub` names.
"""

import base64
import hashlib
import hmac
import json
import sys
import time
from typing import Any
from urllib.parse import urlencode
from uuid import uuid4

import uvicorn
from joserfc import jwk, jwt
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import Route

PORT = int(sys.argv[1]) if len(sys.argv) > 1 else 0
ISSUER = f"http://127.0.0.1:{PORT}"


def fresh() -> jwk.RSAKey:
    return jwk.RSAKey.generate_key(2048, {"kid": uuid4().hex, "use": "sig", "alg": "RS256"}, private=True)


class State:
    key, odd, codes = fresh(), dict[str, Any](), dict[str, dict[str, str]]()


def part(what: Any) -> str:
    return base64.urlsafe_b64encode(json.dumps(what).encode()).rstrip(b"=").decode()


def signed(claims: dict[str, Any], over: dict[str, Any]) -> str:
    told = {name: value for name, value in {**claims, **over}.items() if value is not None}
    kid = State.key.kid
    match State.odd.get("alg"):
        case "none":
            return f"{part({'alg': 'none', 'kid': kid})}.{part(told)}."
        case "HS256":
            what = f"{part({'alg': 'HS256', 'kid': kid})}.{part(told)}"
            mac = hmac.digest(State.key.as_pem(private=False), what.encode(), "sha256")
            return f"{what}.{base64.urlsafe_b64encode(mac).rstrip(b'=').decode()}"
    key = fresh() if State.odd.get("forged") else State.key
    return jwt.encode({"alg": "RS256", "kid": kid}, told, key, algorithms=["RS256"])


async def next_(request: Request) -> Response:
    State.odd = await request.json()
    if State.odd.get("rotate"):
        State.key = fresh()
    return Response(status_code=204)


async def document(request: Request) -> Response:
    return JSONResponse({
        "issuer": State.odd.get("issuer", ISSUER), "authorization_endpoint": f"{ISSUER}/authorize", "token_endpoint": f"{ISSUER}/token",
        "jwks_uri": f"{ISSUER}/jwks", "end_session_endpoint": f"{ISSUER}/logout",
    })  # fmt: skip


async def keys(request: Request) -> Response:
    return JSONResponse({"keys": [State.key.as_dict(private=False)]})


async def authorize(request: Request) -> Response:
    asked, code = dict(request.query_params), uuid4().hex
    State.codes[code] = asked
    return RedirectResponse(f"{asked['redirect_uri']}?{urlencode({'code': code, 'state': asked['state']})}", 303)


async def token(request: Request) -> Response:
    form = await request.form()
    renewing = form["grant_type"] == "refresh_token"
    asked = State.codes.pop(str(form.get("code")), None) or ({} if renewing else None)
    if asked is None:
        return JSONResponse({"error": "invalid_grant"}, 400)
    if not renewing:
        challenge = base64.urlsafe_b64encode(hashlib.sha256(str(form["code_verifier"]).encode()).digest()).rstrip(b"=").decode()
        if challenge != asked["code_challenge"] or form["redirect_uri"] != asked["redirect_uri"]:
            return JSONResponse({"error": "invalid_grant"}, 400)
    now, sub = int(time.time()), State.odd.get("sub", "staff/12")
    whole = {"iss": ISSUER, "sub": sub, "iat": now, "exp": now + 3600}
    roles = {"realm_access": {"roles": ["care coordinators", "everybody"]}, "units": ["Oak"]}
    access = signed({**whole, "aud": "throughline", **roles}, State.odd.get("access", {}))
    told = signed({**whole, "aud": "console", "nonce": asked.get("nonce")}, State.odd.get("claims", {}))
    return JSONResponse({"access_token": access, "id_token": told, "token_type": "Bearer", "expires_in": 3600, "refresh_token": "r-1"})


APP = Starlette(routes=[
    Route("/next", next_, methods=["POST"]), Route("/.well-known/openid-configuration", document), Route("/jwks", keys),
    Route("/authorize", authorize), Route("/token", token, methods=["POST"]),
])  # fmt: skip

if __name__ == "__main__":
    uvicorn.run(APP, host="127.0.0.1", port=PORT, log_level="warning")
