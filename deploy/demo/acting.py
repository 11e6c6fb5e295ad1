"""The people of the example network act a little, by the same commands as everybody: so that something waits at every step."""

import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

import httpx2

from contracts.kernel import derived
from deploy.network import Network
from deploy.running import Running
from infra.identity import Principal
from infra.problems import Problem

Row = dict[str, Any]
LEAD = Principal("staff/50", frozenset({"network-lead"}))
AT_ONCE, OFFERED_WITHIN_S, STILL_S = 8, 60.0, 3.0


@dataclass(frozen=True)
class Hands:
    """Many commands over a few connections; each person signs in once. Giving a command twice is giving it once."""

    running: Running
    client: httpx2.Client
    tokens: dict[str, str] = field(default_factory=dict)

    def give(self, principal: Principal, service: str, path: str, body: Mapping[str, Any]) -> bool:
        """Whether it was taken."""
        key = derived("demo", principal.id, path, str(body))
        headers = {"authorization": f"Bearer {self._token(principal)}", "idempotency-key": key}
        try:
            return self.client.post(self.running.url(service) + path, json=body, headers=headers).status_code < 400
        except httpx2.TransportError as error:
            raise Problem("TL-2615", f"{service} does not answer", type(error).__name__, f"throughline logs {service}", path) from None

    def _token(self, principal: Principal) -> str:
        if principal.id not in self.tokens:
            self.tokens[principal.id] = self.running.token(principal)
        return self.tokens[principal.id]


def acted(hands: Hands, network: Network, rows: Sequence[Row]) -> tuple[Counter[str], list[Row]]:
    """The desk takes three of four and triages half; programs accept a third of the offers, decline a third, leave the rest. How many of
    each, and what was accepted."""
    desk, lead = on_duty(network, "role/intake-desk"), on_duty(network, "role/network-lead")
    fresh = [row for row in rows if "acknowledge-request" in row["allowed"]]
    acknowledged = together([row for at, row in enumerate(fresh) if at % 4], lambda row: _acknowledge(hands, row, desk))
    triaged = together([row for at, row in enumerate(fresh) if at % 4 > 1], lambda row: _triage(hands, row, desk))
    offered = _offered(hands.running, lead, len(triaged))
    accepted = together(offered[::3], lambda row: _answer(hands, network, row, "accept-offer", {}))
    declined = together(offered[1::3], lambda row: _answer(hands, network, row, "decline-offer", {"reason": "no-capacity"}))
    done = {"acknowledged": acknowledged, "triaged": triaged, "accepted": accepted, "declined": declined}
    return Counter({what: len(rows) for what, rows in done.items()}), accepted


def on_duty(network: Network, duty: str) -> Principal:
    """The first person of the network file behind a role or desk."""
    person = next((person for person in network.staff if duty in person.on_duty), None)
    if person is None:
        raise Problem("TL-2614", f"nobody is on duty for {duty}", fix="list somebody in the network file")
    return Principal(person.id, person.roles)


def pending(running: Running, principal: Principal) -> list[Row]:
    """The whole list, page by page."""
    rows, cursor = list[Row](), ""
    while True:
        page = running.get(f"/v1/pending?limit=200{f'&cursor={cursor}' if cursor else ''}", principal)
        rows += page["rows"]
        if not (cursor := page["cursor"]):
            return rows


def together(rows: Sequence[Row], do: Callable[[Row], bool]) -> list[Row]:
    """A few at a time; those that were taken."""
    with ThreadPoolExecutor(AT_ONCE) as pool:
        return [row for row, taken in zip(rows, pool.map(do, rows), strict=True) if taken]


def _acknowledge(hands: Hands, row: Row, desk: Principal) -> bool:
    return hands.give(desk, "intake", f"/v1/requests/{id_of(row)}/acknowledge", {})


def _triage(hands: Hands, row: Row, desk: Principal) -> bool:
    decided = {"urgency": _code(row["urgency"]) or "routine", "service": _code(row["service"])}
    return hands.give(desk, "intake", f"/v1/requests/{id_of(row)}/triage", decided)


def _answer(hands: Hands, network: Network, row: Row, command: str, said: Mapping[str, str]) -> bool:
    """By the desk of a program that was asked; which one that is, assignment knows: the others are refused."""
    programs = [program for program in network.programs if _code(row["service"]) in program.services]
    path = f"/v1/placements/{id_of(row)}/{command}"
    return any(hands.give(on_duty(network, one.desk), "assignment", path, {"program": one.id, **said}) for one in programs)


def _offered(running: Running, lead: Principal, expected: int) -> list[Row]:
    """Wait until programs were asked for what was triaged, or nothing moves any more."""
    offered, moved, until = list[Row](), time.monotonic(), time.monotonic() + OFFERED_WITHIN_S
    while len(offered) < expected and time.monotonic() < min(until, moved + STILL_S):
        before, offered = len(offered), [row for row in pending(running, lead) if "accept-offer" in row["allowed"]]
        moved = time.monotonic() if len(offered) > before else moved
        time.sleep(0.2)
    return offered


def id_of(row: Row) -> str:
    return str(row["item"]).partition("/")[2]


def _code(words: str | None) -> str:
    """`Case management` is the code `case-management`."""
    return (words or "").lower().replace(" ", "-")
