"""One alert on a page, for whomever it concerns: what it is, how far it has climbed, and the button that says "I have seen it".

As in a message, nothing about anybody: codes in words, the end of an id, and a link to the item on the board, which knows who may see
it. Whoever it does not concern is told that alone, however they came by the link.
"""

from base64 import b64encode
from dataclasses import dataclass
from functools import cache
from hashlib import sha256
from importlib.resources import files
from typing import Any

from jinja2 import DictLoader, Environment, StrictUndefined

from services.notification.alerts import Ladder
from services.notification.composing import catalogue, item_of, line, moment
from services.notification.sources import hearing_is_all


@dataclass(frozen=True, slots=True)
class Reader:
    """Who looks: in which language and zone, and whether it concerns them."""

    locale: str = "en"
    zone: str = "UTC"
    concerned: bool = False


class AlertPage:
    """`board` is where people act on the item itself."""

    def __init__(self, board: str, demo: bool = False) -> None:
        self._board, self._demo = board.rstrip("/"), demo
        loader = DictLoader({"alert.html": _file("alert.html")})
        self._page = Environment(
            loader=loader, autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
        ).get_template("alert.html")  # fmt: skip

    def render(self, item: str, ladder: Ladder | None, reader: Reader) -> str:
        """`ladder` is None where nothing of it stands any more."""
        words = catalogue(reader.locale)
        shown = line(ladder.entry, words, reader.zone) if ladder and reader.concerned else None
        title = shown["what"][0].upper() + shown["what"][1:] if shown else words["page"]["elses" if ladder else "over"]
        return self._page.render(
            words=words, locale=reader.locale, line=shown, title=title, status=status(ladder, reader, words), style=style(),
            may=bool(shown and ladder and ladder.unseen_until), board=self._board, link=f"{self._board}/items/{item_of(item)}",
            demo=self._demo, means=words["page"]["heard" if ladder and hearing_is_all(ladder.cause) else "means"],
        )  # fmt: skip


def status(ladder: Ladder | None, reader: Reader, words: Any) -> str:
    """Where it stands, in one sentence or two."""
    said = words["page"]
    if ladder is None:
        return str(said["ended"])
    if not reader.concerned:
        return str(said["not-yours"])
    if ladder.climbs_at is None:
        return str(said["stands"])
    return str(said["open" if ladder.unseen_until else "seen"]).format(at=moment(ladder.climbs_at, reader.zone, words))


@cache
def style() -> str:
    return _file("alert.css").strip()


@cache
def policy(board: str) -> str:
    """Nothing but this one style, and forms to ourselves; on the board is where one signs in when a session has ended meanwhile."""
    digest = b64encode(sha256(style().encode()).digest()).decode()
    return f"default-src 'none'; style-src 'sha256-{digest}'; form-action 'self' {board}; base-uri 'none'; frame-ancestors 'none'"


def _file(name: str) -> str:
    return (files(__package__ or "services.notification") / "words" / name).read_text("utf-8")
