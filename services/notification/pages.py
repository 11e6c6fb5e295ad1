"""Previews of every message, with invented references: what a reader would get, as text and as HTML."""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from contracts.notices import Entry
from infra.http import Answer, Door, Guarded
from infra.process import Parts
from services.notification.composing import LOCALES, Composer, catalogue
from services.notification.notices import Notice
from services.notification.recipients import INBOX

AT = datetime(2026, 3, 2, 14, 30, tzinfo=UTC)
REFERENCE = "0190aaaa-0000-7000-8000-0000000{:05}"


def samples(locale: str) -> Iterator[tuple[str, Notice]]:
    """One of every kind of alert, and a digest of them all."""
    entries = [_entry(at, milestone) for at, milestone in enumerate(catalogue(locale)["milestones"])]
    for entry in entries:
        yield entry.milestone, _notice("alert", (entry,), locale)
    yield "digest", _notice("digest", tuple(entries), locale)
    yield "summary", _notice("summary", tuple(entries[:3]), locale)


def _entry(at: int, milestone: str) -> Entry:
    purpose = {"warned": "reminder", "expiring": "reminder", "hand-off": "transfer"}.get(milestone, "call")
    return Entry(
        alert=REFERENCE.format(at), item=f"placement/{REFERENCE.format(at)}", rule="schedule@1", milestone=milestone, cause="",
        severity=("crisis", "urgent", "routine")[at % 3], purpose=purpose, action="schedule", due=AT, level=at % 2,
    )  # fmt: skip


def _notice(kind: str, entries: tuple[Entry, ...], locale: str) -> Notice:
    return Notice(
        to="staff/7", kind=kind, entries=entries, severity=entries[0].severity, channels=(INBOX,), channel=INBOX, locale=locale,
        zone="America/New_York", queued_at=AT, give_up_at=AT, again_at=AT,
    )  # fmt: skip


def pages(made: Parts, door: Door | None) -> Sequence[BaseRoute]:
    """Nobody sees them where nobody can be known."""
    composer = Composer(made.settings.board_url, made.settings.demo_data)

    async def preview(request: Request) -> Response:
        locale, name, form = (request.path_params[part] for part in ("locale", "name", "form"))
        found = dict(samples(locale)).get(name) if locale in LOCALES else None
        if found is None or form not in ("text", "html"):
            raise Answer("TL-1501", "not found", status=404)
        message = composer.compose(found)
        body, kind = (message.html, "text/html") if form == "html" else (f"{message.subject}\n\n{message.text}", "text/plain")
        policy = {"content-security-policy": "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'"}
        return Response(body, media_type=f"{kind}; charset=utf-8", headers=policy)

    return [Guarded("/v1/previews/{locale}/{name}/{form}", preview, action="see-previews", door=door)] if door else []
