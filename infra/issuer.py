"""An issuer for a developer's machine: its key lies in the state directory. Production names a real one in the settings."""

import json
import os
from datetime import datetime, timedelta
from pathlib import Path
from uuid import uuid4

from joserfc import jwk, jwt

from infra.clock import Clock
from infra.identity import Principal

ALGORITHM, CURVE = "ES256", "P-256"
ISSUER, KEYS = "http://issuer.throughline.localhost", "issuer-jwks.json"
"""Nobody looks that name up: whoever hears it reads the keys from the directory."""


class LocalIssuer:
    """Signs tokens for whoever can read its key. Processes that share the directory share the key."""

    def __init__(self, state_dir: Path, audience: str, clock: Clock, issuer: str = ISSUER) -> None:
        self._audience, self._clock, self._issuer = audience, clock, issuer
        self.jwks = state_dir / KEYS
        self._key = _key(state_dir / "issuer-key.json")
        _write(self.jwks, {"keys": [self._key.as_dict(private=False)]}, 0o644)

    def now(self) -> datetime:
        """What its tokens are dated by."""
        return self._clock.wall()

    def token(self, principal: Principal, minutes: float = 60, **more: object) -> str:
        """A token that proves this principal for so long, by the wall clock."""
        session, roles, whose = principal.session or str(uuid4()), sorted(principal.roles), sorted(principal.organisations)
        return self.signed(self._audience, principal, minutes, sid=session, roles=roles, organisations=whose, **more)

    def signed(self, audience: str, principal: Principal, minutes: float, **more: object) -> str:
        """What this issuer says to an audience of somebody."""
        now = self.now()
        claims = {
            "iss": self._issuer, "aud": audience, "sub": principal.id, "kind": principal.kind,
            "iat": int(now.timestamp()), "exp": int((now + timedelta(minutes=minutes)).timestamp()), **more,
        }  # fmt: skip
        return jwt.encode({"alg": ALGORITHM, "kid": self._key.kid}, claims, self._key, algorithms=[ALGORITHM])


def _key(path: Path) -> jwk.ECKey:
    """The key in this file; the first of several processes makes it, readable by its user alone."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if not path.exists():
        fresh = jwk.ECKey.generate_key(CURVE, {"use": "sig", "alg": ALGORITHM}, private=True, auto_kid=True)
        _write(path, fresh.as_dict(private=True), 0o600, first=True)
    return jwk.ECKey.import_key(json.loads(path.read_bytes()))


def _write(path: Path, document: object, mode: int, first: bool = False) -> None:
    """Whole or not at all; with `first`, only if nobody was faster."""
    draft = path.with_name(f"{path.name}.{os.getpid()}.{uuid4().hex}")
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "w") as file:
        json.dump(document, file)
    try:
        os.link(draft, path) if first else draft.replace(path)
    except FileExistsError:
        pass
    finally:
        draft.unlink(missing_ok=True)
