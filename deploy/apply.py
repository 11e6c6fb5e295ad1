"""Make the network file true: partners admitted and registered, programs and people listed. Again changes nothing."""

from hashlib import sha256

import httpx2
import orjson

from deploy.console import Say
from deploy.network import Network
from deploy.running import Running
from infra.identity import Principal
from infra.problems import Problem

PLATFORM = Principal("staff/platform", frozenset({"platform"}))


def apply(running: Running, network: Network, say: Say) -> None:
    """In the order in which each part finds what it needs."""
    running.admit([partner.id for partner in network.partners])
    say(f"partners: {', '.join(partner.id for partner in network.partners)}")
    for partner in network.partners:
        body = orjson.dumps({"name": partner.name, "agreement": partner.agreement.kind})
        _done(running.post("intake", f"/v1/partners/{partner.id}/register", body, PLATFORM, digest(body)))
    programs, staff = network.directory()
    body = orjson.dumps({"programs": [program.model_dump() for program in programs], "staff": staff})
    _done(running.post("assignment", "/v1/directory", body, PLATFORM, digest(body)))
    say(f"programs: {len(programs)}; on duty: {len(network.staff)} people behind {len(staff)} roles and desks")


def digest(body: bytes) -> str:
    return sha256(body).hexdigest()


def _done(answer: httpx2.Response) -> None:
    if answer.status_code >= 400:
        told = answer.json() if "json" in answer.headers.get("content-type", "") else {}
        raise Problem("TL-2603", "a part of the network file was refused", str(told.get("title", answer.status_code)), "correct the file")
