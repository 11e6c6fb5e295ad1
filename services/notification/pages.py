"""Pages: an alert, with the button that says "I have seen it"; and previews of every message, with invented references."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from html import escape
from typing import Any

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute

from contracts.kernel import kind_of
from contracts.notices import Entry
from infra.browser import Entrance
from infra.commands import NAME, Counter, clicked
from infra.http import Answer, Guarded
from infra.process import Parts
from infra.store import Store
from services.notification.alerts import alerts_on
from services.notification.climbing import concerns
from services.notification.commands import AcknowledgeAlert, RecordBounce
from services.notification.composing import LOCALES, Composer, catalogue
from services.notification.domain import STATES
from services.notification.notices import Notice
from services.notification.recipients import INBOX, Recipient, recipient
from services.notification.returned import undelivered
from services.notification.roster import ROSTER, Roster
from services.notification.showing import AlertPage, Reader, policy
from services.notification.sources import BY_MILESTONE

ALERT, PREVIEWS, RETURNED = "/alerts/{kind}/{id}/{alert}", "/alerts/previews", "/v1/returned-mail"
FORMS = ("text", "html")
AT = datetime(2026, 3, 2, 14, 30, tzinfo=UTC)
REFERENCE = "0190aaaa-0000-7000-8000-0000000{:05}"


ABOUT = {
    "crisis": ("episode", "resolve-or-send-team"), "plan-team": ("episode", "resolve-or-send-team"), "bed-lost": ("episode", "find-bed"),
    "none-available": ("episode", "find-team"), "death-reported": ("plan", "verify-death"), "watch": ("plan", "reach-out"),
    "stale": ("plan", "check-plan"), "lapsing": ("plan", "reach-out"), "review": ("plan", "review-engagement"),
    "missed": ("plan", "book-visit"), "silent": ("feed", "ask-feed"), "quarantined": ("input", "look-at-input"),
    "parked": ("request", "release-aggregate"), "cause-missing": ("request", "find-missing-cause"), "unowned": ("placement", "find-place"),
    "at-risk": ("authorization", "chase-decision"), "expiring": ("authorization", "renew"), "expired": ("authorization", "renew-or-end"),
}  # fmt: skip
"""What each kind of alert is mostly about, and the step that it calls for; of the others a placement."""


def samples(locale: str) -> Iterator[tuple[str, Notice]]:
    """One of every kind of alert, and a digest of them all."""
    entries = [_entry(at, milestone) for at, milestone in enumerate(catalogue(locale)["milestones"])]
    for entry in entries:
        yield entry.milestone, _notice("alert", (entry,), locale)
    yield "digest", _notice("digest", tuple(entries), locale)
    yield "summary", _notice("summary", tuple(entries[:3]), locale)


def _entry(at: int, milestone: str) -> Entry:
    kind, (item, action) = BY_MILESTONE[milestone], ABOUT.get(milestone, ("placement", "schedule"))
    return Entry(
        alert=REFERENCE.format(at), item=f"{item}/{REFERENCE.format(at)}", rule=f"{action}@1", milestone=milestone, cause="",
        severity=kind.severity, purpose=kind.purpose, action=action, due=AT, level=at % 2 if kind.purpose == "call" else 0,
    )  # fmt: skip


def _notice(kind: str, entries: tuple[Entry, ...], locale: str) -> Notice:
    return Notice(
        to="staff/7", kind=kind, entries=entries, severity=entries[0].severity, channels=(INBOX,), channel=INBOX, locale=locale,
        zone="America/New_York", queued_at=AT, give_up_at=AT, again_at=AT,
    )  # fmt: skip


def pages(made: Parts, store: Store, counter: Counter | None) -> Sequence[BaseRoute]:
    """Nobody sees them where nobody can be known."""
    if counter is None:
        return []
    door = Entrance(counter.door.identity, counter.door.access, sign_in=f"{made.settings.board_url.rstrip('/')}/sign-in")
    previews = Previews(made)
    returns = Returns(counter, made.settings.mail_returns)
    shown = Shown(store, counter, AlertPage(made.settings.board_url, made.settings.demo_data), made.settings.board_url)
    return [
        Guarded(ALERT, shown.look, action="see-alert", door=door),
        Guarded(ALERT, shown.seen, action="acknowledge", door=door, methods=("POST",)),
        Guarded(RETURNED, returns.taken, action="record-bounce", door=counter.door, methods=("POST",)),
        Guarded(PREVIEWS, previews.listed, action="see-previews", door=door),
        Guarded(PREVIEWS + "/{locale}/{name}/{form}", previews.preview, action="see-previews", door=door),
    ]


@dataclass(frozen=True, slots=True)
class Shown:
    """The page of one alert: whoever was told opens it from their message, and says that they have seen it."""

    store: Store
    counter: Counter
    page: AlertPage
    board: str

    async def look(self, request: Request) -> Response:
        item, alert, me = _item(request), request.path_params["alert"], request.state.principal.id
        states = await self._states(alerts_on(item), ROSTER, recipient(me))
        alerts, roster, known = states[alerts_on(item)], states[ROSTER] or Roster(), states[recipient(me)] or Recipient()
        ladder = alerts.ladder(alert) if alerts else None
        concerned = bool(ladder and concerns(ladder, me, roster, self.counter.clock.now()))
        body = self.page.render(item, ladder, Reader(known.locale, known.where, concerned))
        return Response(body, media_type="text/html; charset=utf-8", headers={"content-security-policy": policy(self.board)})

    async def seen(self, request: Request) -> Response:
        """The same command as over the API; what came of it is what the page shows next."""
        subject, alert = alerts_on(_item(request)), request.path_params["alert"]
        outcome = await self.counter.decide(clicked(self.counter, request, AcknowledgeAlert(alert=alert), subject, alert))
        if outcome.kind == "failed":
            raise Answer("TL-1517", "this could not be decided", "nothing was changed; an operator was told", status=500)
        return RedirectResponse(request.url.path, 303)

    async def _states(self, *subjects: str) -> dict[str, Any]:
        """As the domain knows them; None where there is none."""
        known = {one: row.state for one, row in (await self.store.load(subjects)).items() if row.state}
        return {one: STATES[kind_of(one)].model_validate_json(known[one]) if one in known else None for one in subjects}


@dataclass(frozen=True, slots=True)
class Returns:
    """Mail that came back, as the mail system hands it on: a program's way in, no page."""

    counter: Counter
    address: str

    async def taken(self, request: Request) -> Response:
        """202: it is recorded, and the next channel is tried. 204: nothing that concerns a notice, or nothing new; both are counted by
        their status. Never an error, which a mail system would answer by a mail of its own."""
        raw = await request.body()
        if (said := undelivered(raw, self.address)) is None:
            return Response(status_code=204)
        bounce, subject = RecordBounce(reason=said.reason), f"notice/{said.notice}"
        outcome = await self.counter.decide(clicked(self.counter, request, bounce, subject, sha256(raw).hexdigest()))
        return Response(status_code=202 if outcome.kind == "event" else 204)


def _item(request: Request) -> str:
    """The aggregate that the alert is about, from the path."""
    if not all(NAME.fullmatch(part) for part in request.path_params.values()):
        raise Answer("TL-1501", "not found", status=404)
    return f"{request.path_params['kind']}/{request.path_params['id']}"


LISTED = (
    '<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Messages · Throughline</title></head>'
    "<body><h1>Messages</h1><table><caption>Each as it is told, with invented references</caption>{rows}</table></body></html>"
)
POLICY = "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'"


class Previews:
    """What every message looks like, and a list of them."""

    def __init__(self, made: Parts) -> None:
        self._composer = Composer(made.settings.alerts_url or made.settings.board_url, made.settings.demo_data)

    async def listed(self, request: Request) -> Response:
        rows = "".join(f"<tr><th>{escape(name)}</th>{_links(locale, name)}</tr>" for locale in LOCALES for name, _ in samples(locale))
        page = LISTED.format(rows=rows)
        return Response(page, media_type="text/html; charset=utf-8", headers={"content-security-policy": POLICY})

    async def preview(self, request: Request) -> Response:
        locale, name, form = (request.path_params[part] for part in ("locale", "name", "form"))
        found = dict(samples(locale)).get(name) if locale in LOCALES else None
        if found is None or form not in FORMS:
            raise Answer("TL-1501", "not found", status=404)
        message = self._composer.compose(found)
        body, kind = (message.html, "text/html") if form == "html" else (f"{message.subject}\n\n{message.text}", "text/plain")
        return Response(body, media_type=f"{kind}; charset=utf-8", headers={"content-security-policy": POLICY})


def _links(locale: str, name: str) -> str:
    return "".join(f'<td><a href="{PREVIEWS}/{locale}/{name}/{form}">{locale}, {form}</a></td>' for form in FORMS)
