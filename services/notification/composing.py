"""What a message says, in the reader's language and zone, as text and as HTML. A reference and a link: nothing about anybody.

Sentences are in the catalogues of `words/`; what they are given are codes, ids and instants, never anything a sender wrote.
"""

import re
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from importlib.resources import files
from typing import Any
from zoneinfo import ZoneInfo

import yaml
from jinja2 import DictLoader, Environment, StrictUndefined

from contracts.kernel import kind_of
from contracts.notices import Entry
from services.notification.alerts import GRAVEST
from services.notification.notices import Notice
from services.notification.sources import REFERRAL

LOCALES = ("en", "es")
CODE = re.compile(r"[A-Za-z0-9@._:/-]{1,120}")
"""All that may be shown of an event: anything else is left out."""


@dataclass(frozen=True, slots=True)
class Message:
    """One message, ready to be handed over."""

    subject: str
    text: str
    html: str


class Composer:
    """`at` is where alerts are looked at, by whoever has signed in: every link goes there."""

    def __init__(self, at: str, demo: bool = False) -> None:
        self._at, self._demo = at.rstrip("/"), demo
        folder = files(__package__ or "services.notification") / "words"
        texts = {name: (folder / name).read_text("utf-8") for name in ("message.txt", "message.html")}
        kept = {"undefined": StrictUndefined, "trim_blocks": True, "lstrip_blocks": True, "keep_trailing_newline": True}
        self._pages = Environment(loader=DictLoader(texts), autoescape=lambda name: str(name).endswith("html"), **kept)  # type: ignore[arg-type]

    def compose(self, notice: Notice) -> Message:
        """Only what still stands is told, the gravest first; a message of one thing says it in its subject."""
        words = catalogue(notice.locale)
        standing = [entry for entry in notice.entries if not notice.standing or entry.alert in notice.standing]
        told = sorted(standing, key=lambda entry: GRAVEST.index(entry.severity))
        lines = [{**line(entry, words, notice.zone), "link": self._at + page_of(entry.item, entry.alert)} for entry in told]
        subject = words["subject"][notice.kind if len(lines) > 1 else "alert"].format(count=len(lines), **lines[0])
        given = {"words": words, "lines": lines, "locale": notice.locale, "subject": subject, "demo": self._demo}
        return Message(subject, *(self._pages.get_template(name).render(**given) for name in ("message.txt", "message.html")))


def line(entry: Entry, words: Any, zone: str) -> dict[str, str]:
    """One alert in words: what it is, what to do, by when."""
    action = plain(entry.action or "", words["actions"])
    due = moment(entry.due, zone, words) if entry.due else ""
    return {
        "purpose": words["purposes"][entry.purpose],
        "severity": words["severities"][entry.severity],
        "grave": entry.severity,
        "thing": plain(kind_of(entry.item), words["things"]),
        "what": words["milestones"].get(entry.milestone, words["milestones"]["overdue"]),
        "action": words["step"].format(action=action) if action else "",
        "due": words["due"].format(due=due) if due else "",
        "rule": entry.rule if CODE.fullmatch(entry.rule) else "",
        "reference": reference(entry.item),
        "level": words["level"].format(level=entry.level + 1) if entry.level else "",
    }


def reference(item: str) -> str:
    """What somebody can read out on the telephone: the kind, and the end of the id."""
    return f"{kind_of(item).upper()[:4]}-{item.rpartition('/')[2].replace('-', '')[-8:].upper()}"


def page_of(item: str, alert: str) -> str:
    """The path of the page on which somebody says that they have seen it."""
    return f"/alerts/{item}/{alert}"


def item_of(item: str) -> str:
    """Where the board shows it: requests, placements and care of one need are one referral."""
    kind, _, rest = item.partition("/")
    return f"referral/{rest}" if kind in REFERRAL else item


def plain(code: str, known: Any) -> str:
    """A code in words; one that the catalogue does not have, with its hyphens taken out."""
    return str(known.get(code) or (code.replace("-", " ") if CODE.fullmatch(code) else ""))


def moment(at: datetime, zone: str, words: Any) -> str:
    local = at.astimezone(ZoneInfo(zone))
    return str(words["moment"]).format(
        day=local.day, weekday=words["weekdays"][local.weekday()], month=words["months"][local.month - 1], time=f"{local:%H:%M}",
        zone=local.tzname() or zone,
    )  # fmt: skip


@cache
def catalogue(locale: str) -> Any:
    """The words of a language; English where there is no catalogue."""
    name = f"{locale if locale in LOCALES else LOCALES[0]}.yaml"
    return yaml.safe_load((files(__package__ or "services.notification") / "words" / name).read_text("utf-8"))
