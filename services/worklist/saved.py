"""Lists as somebody keeps them: a name, an address with its tab and filters, and which of them they start with. Pure.

All that one person keeps is one document of the worklist's own, outside the generations: a rebuild does not touch it.
"""

from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

from infra.http import Answer
from services.worklist.items import Document
from services.worklist.views import VIEWS, View

NAME_MAX, VIEWS_MAX = 60, 30
Change = Callable[[Document], Document]


def view_of(href: str) -> View | None:
    """The list that an address is of."""
    return next((view for view in VIEWS if view.path == urlsplit(href).path), None)


def address(stated: str) -> str:
    """Of a list of ours, with what cuts it and nothing else: no page of it, no fact that was waited for, no whole names."""
    view = view_of(stated)
    if view is None or urlsplit(stated).netloc:
        raise _wrong("this is no list that can be kept", "open one of the lists, and keep it there", "href")
    cuts = [(name, value) for name, value in parse_qsl(urlsplit(stated).query) if name in ("tab", *view.filters)]
    return view.path + (f"?{urlencode(cuts, safe='/')}" if cuts else "")


def kept(id: str, name: str, href: str) -> Change:
    """One more; one of the same name is replaced, and keeps its place."""
    name, href = called(name), address(href)

    def change(old: Document) -> Document:
        same = next((one["id"] for one in old["views"] if one["name"].casefold() == name.casefold()), None)
        others = [one for one in old["views"] if one["id"] != same]
        if len(others) >= VIEWS_MAX:
            raise _wrong("no more views can be kept", f"delete one of your {VIEWS_MAX} first", "name")
        return {**old, "views": _sorted([*others, {"id": same or id, "name": name, "href": href}])}

    return change


def renamed(id: str, name: str) -> Change:
    name = called(name)
    return lambda old: {**old, "views": _sorted([{**one, "name": name} if one["id"] == id else one for one in old["views"]])}


def dropped(id: str) -> Change:
    return lambda old: {**old, "views": [one for one in old["views"] if one["id"] != id], "start": _other(old["start"], id)}


def started(id: str) -> Change:
    """With this one; with none of them where it is not there: then with *Today*."""
    return lambda old: {**old, "start": id if any(one["id"] == id for one in old["views"]) else None}


def start_of(keeps: Document) -> str:
    """The address that somebody starts with; empty: *Today*."""
    return next((str(one["href"]) for one in keeps["views"] if one["id"] == keeps["start"]), "")


def called(stated: str) -> str:
    name = " ".join(stated.split())
    if not name or len(name) > NAME_MAX:
        raise _wrong("a view needs a name", f"give it one of 1 to {NAME_MAX} characters", "name")
    return name


def _other(start: Any, id: str) -> Any:
    return None if start == id else start


def _sorted(views: list[Document]) -> list[Document]:
    return sorted(views, key=lambda one: (str(one["name"]).casefold(), one["id"]))


def _wrong(why: str, fix: str, where: str) -> Answer:
    return Answer("TL-1604", "a parameter of the request is not valid", why, fix, where, 400)
