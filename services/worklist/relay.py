"""Commands on their way to whoever owns the state: sent in the person's own name, answered as the owner answers. No decision is here."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import httpx2
import structlog

from contracts.catalogue import TOPICS as CATALOGUE

log = structlog.get_logger(__name__)
WITHIN_S = 12.0
"""A little longer than an owner takes to say that it does not know yet."""


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong where: `field` is the command's, "" the whole; `fix` what to do."""

    field: str
    code: str
    fix: str


@dataclass(frozen=True, slots=True)
class Answered:
    """What became of a command. `fact` names the first fact that followed, for reading one's own write; "" when none did."""

    taken: bool
    fact: str = ""
    title: str = ""
    why: str = ""
    status: int = 200
    faults: tuple[Fault, ...] = ()
    allowed: tuple[str, ...] = field(default=())
    said: Mapping[str, Any] = field(default_factory=dict, repr=False)
    """What the owner answered, where it took it: it may be about somebody."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What a service answered to a question. `retry_after`: in how many seconds it wants to be asked again; 0 where it did not say."""

    status: int
    body: Mapping[str, Any] = field(default_factory=dict)
    retry_after: int = 0


TOPICS = {"crisis_routing": "crisis-routing-events", "follow_up": "follow-up-events"}


class Owners:
    """The services that take commands, by name, and how to reach them."""

    def __init__(self, urls: Mapping[str, str], transport: httpx2.AsyncBaseTransport | None = None) -> None:
        self._urls = urls
        self._client = httpx2.AsyncClient(timeout=WITHIN_S, transport=transport, follow_redirects=False)

    @classmethod
    def of(cls, stated: str) -> "Owners":
        """From the setting: `intake=http://…,assignment=http://…`."""
        pairs = (one.partition("=") for one in stated.split(",") if one.strip())
        return cls({name.strip(): url.strip().rstrip("/") for name, _, url in pairs})

    async def give(self, service: str, path: str, body: Mapping[str, Any], token: str, key: str) -> Answered:
        """One command, under its idempotency key: giving it again is giving it once."""
        if service not in self._urls:
            return Answered(False, "", "This console is not told where that command goes", "an operator sets THROUGHLINE_SERVICE_URLS", 503)
        headers = {"authorization": f"Bearer {token}", "idempotency-key": key, "content-type": "application/json"}
        try:
            answer = await self._client.post(self._urls[service] + path, content=json.dumps(body), headers=headers)
        except httpx2.TransportError as error:
            log.warning("owner not reached", service=service, error=type(error).__name__)
            return Answered(
                False, "", "It is not known whether this was taken", "send it again: it is the same command, and counts once", 503
            )
        return _read(service, answer)

    async def ask(self, service: str, path: str, token: str) -> Asked:
        """One question, in the person's own name. What cannot be reached is as what cannot answer now."""
        if service not in self._urls:
            return Asked(503)
        try:
            answer = await self._client.get(self._urls[service] + path, headers={"authorization": f"Bearer {token}"})
            stated = answer.headers.get("retry-after", "")
            return Asked(answer.status_code, answer.json(), int(stated) if stated.isdecimal() else 0)
        except (httpx2.TransportError, ValueError) as error:
            log.warning("service not asked", service=service, error=type(error).__name__)
            return Asked(503)


def speaker(topics: Iterable[str]) -> str:
    """The service that spoke of an item of which only one can speak: whoever owns its topic."""
    spoke = set(topics)
    return next(topic.owner for topic in CATALOGUE if topic.name in spoke)


def _read(service: str, answer: httpx2.Response) -> Answered:
    try:
        said = answer.json()
    except ValueError:
        said = {}
    if answer.status_code < 300:
        topic = TOPICS.get(service, f"{service}-events")
        return Answered(True, f"{topic}/{said['subject']}/{said['sequence']}" if said.get("sequence") else "", said=said)
    faults = tuple(Fault(_field(one.get("pointer", "")), one.get("code", ""), one.get("fix", "")) for one in said.get("errors", ()))
    why = said.get("detail") or said.get("fix", "")
    return Answered(False, "", said.get("title", "It was not taken"), why, answer.status_code, faults, tuple(said.get("allowed", ())))


def _field(pointer: str) -> str:
    """`/answer/action` is the field `answer.action`; a place in a list is the list."""
    return ".".join(part for part in pointer.strip("/").split("/") if part and not part.isdecimal())
