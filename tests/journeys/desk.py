"""Somebody at the console, in real Chromium and by keyboard alone: what they press is counted, what they are sent is weighed."""

import gzip
import os
import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from playwright.sync_api import Browser, Page
from playwright.sync_api import TimeoutError as PlaywrightTimeout

from infra.browser import COOKIE
from tests.walks.world import World
from tests.worklist.browsing import arrived, signed_in

PICTURES, DRAWN = Path(__file__).parents[2] / "docs" / "images", bool(os.environ.get("PICTURES"))
"""`make journeys` keeps the pictures; a run that decides whether something lands only takes them."""
WIDE, REACHED_MAX, WEIGHT_MAX = 1280, 120, 150_000
INSTANT, SEEN_WITHIN_MS = "%m%d%Y", 40_000
OFFERED_WITHIN_S, LOOK_AGAIN_MS = 40.0, 4_000
STANDS = "([where, text]) => document.querySelector(where)?.innerText.replace(/\\s+/g, ' ').toLowerCase().includes(text)"


@dataclass
class Desk:
    """One person's browser. `keys` counts what was pressed beside the text that was typed."""

    world: World
    page: Page
    base: str
    keys: int = 0
    visited: dict[str, None] = field(default_factory=dict)

    def press(self, key: str, times: int = 1) -> None:
        for _ in range(times):
            self.page.keyboard.press(key)
        self.keys += times

    def goes(self, key: str, path: str) -> None:
        """By a letter, to a page."""
        self.press(key)
        arrived(self.page, path)

    def reach(self, selector: str) -> None:
        """Tab on until this has the focus."""
        for _ in range(REACHED_MAX):
            if self.page.evaluate("selector => document.activeElement.matches(selector)", selector):
                return
            self.press("Tab")
        raise AssertionError(f"no Tab leads to {selector} on {self.page.url}")

    def follows(self, selector: str) -> None:
        """Reach a link or a button, and press it; until the page that it leads to is there."""
        self.reach(selector)
        with self.page.expect_navigation():
            self.press("Enter")

    def awaits(self, selector: str) -> None:
        """Until it is offered: what may be done follows what other services say. Whoever waits longer than a moment looks again."""
        until = time.monotonic() + OFFERED_WITHIN_S
        while True:
            try:
                self.page.wait_for_selector(selector, timeout=LOOK_AGAIN_MS)
                return
            except PlaywrightTimeout:
                assert time.monotonic() < until, f"{selector} is not offered on {self.page.url}:\n{self.reads()[:1500]}"
                self.page.reload()

    def place(self, path: str) -> None:
        self.follows(f'nav.places a[href="{path}"]')

    def opens(self, item: str) -> None:
        """A row of the list, by `j` and Enter."""
        link = f'a.open[href="/items/{item}"]'
        self.awaits(link)
        for _ in range(self.page.locator("tr[data-row]").count() + 1):
            if self.page.evaluate("link => document.activeElement.matches(link)", link):
                break
            self.press("j")
        with self.page.expect_navigation():
            self.press("Enter")

    def chooses(self, command: str) -> None:
        """What may be done with the item of this page."""
        offered = f'.now .acts a[href^="/do/{command}/"]'
        self.awaits(offered)
        self.follows(offered)

    def fills(self, **given: Any) -> None:
        """A form's fields, in the order in which it asks; a name's `__` is the dot of a part of it."""
        for name, value in given.items():
            self._fill(name.replace("__", "."), value)

    def _fill(self, name: str, value: Any) -> None:
        first = f'[name="{name}"]'
        kind = self.page.eval_on_selector(first, "field => field.type")
        if kind in ("radio", "checkbox"):
            self.reach(f'input[name="{name}"]')
            for one in [value] if isinstance(value, str) else value:
                self._mark(name, kind, one)
            return
        self.reach(first)
        self.page.keyboard.type(self._typed(kind, first, value))

    def _mark(self, name: str, kind: str, value: str) -> None:
        wanted, onward = f'input[name="{name}"][value="{value}"]', "ArrowDown" if kind == "radio" else "Tab"
        if kind == "radio" and not self.page.eval_on_selector(f'input[name="{name}"]', "one => one.checked"):
            self.press("Space")
        while not self.page.evaluate("selector => document.activeElement.matches(selector)", wanted):
            self.press(onward)
        if not self.page.eval_on_selector(wanted, "one => one.checked"):
            self.press("Space")

    def _typed(self, kind: str, selector: str, value: Any) -> str:
        if kind == "select-one":
            words = self.page.eval_on_selector(f'{selector} option[value="{value}"]', "one => one.textContent")
            return str(words)
        if isinstance(value, datetime):
            local = self.world.local(value)
            self.page.keyboard.type(f"{local:{INSTANT}}")
            self.press("ArrowRight")
            return f"{local:%I%M%p}"
        return str(value)

    def sends(self, refused: bool = False) -> None:
        """The form; until its answer is there, which says whether it was taken."""
        self.follows("form.form button[type=submit]")
        assert bool(self.page.query_selector(".faults")) is refused, self.page.inner_text("main")[:600]

    def reads(self, selector: str = "main") -> str:
        return " ".join(self.page.inner_text(selector).split())

    def sees(self, *words: str, within: str = "main") -> None:
        """Until all of it stands there, as far as the page refreshes itself."""
        for one in words:
            try:
                self.page.wait_for_function(STANDS, arg=[within, one.lower()], timeout=SEEN_WITHIN_MS)
            except PlaywrightTimeout:
                raise AssertionError(f"{one!r} does not stand on {self.page.url}:\n{self.reads()[:1500]}") from None

    def picture(self, name: str) -> None:
        """As it stands, live."""
        self.page.wait_for_selector("[data-state=live]")
        self.page.evaluate("document.activeElement.blur()")
        self.page.screenshot(path=PICTURES / f"journey-{name}.png" if DRAWN else None)

    def weights(self) -> dict[str, int]:
        """Of every page that was looked at: HTML, scripts, style and fonts as they come compressed, nothing cached."""
        (cookie,) = (one["value"] for one in self.page.context.cookies() if one["name"] == COOKIE)
        return {path: self._weight(path, cookie) for path in self.visited}

    def _weight(self, path: str, cookie: str) -> int:
        headers = {"cookie": f"{COOKIE}={cookie}", "accept": "text/html"}
        page = self.world.client.get(self.base + path, headers=headers).content
        assets = dict.fromkeys(re.findall(rb'(?:src|href)="(/assets/[^"?]+)', page))
        whole = [page, *(self.world.client.get(self.base + one.decode()).content for one in assets)]
        return sum(len(gzip.compress(one)) for one in whole)


@contextmanager
def at(world: World, browser: Browser, person: str, but: str = "\n") -> Iterator[Desk]:
    """Sign in; at the end nothing was complained of, nothing was asked of another host, no page was too heavy."""
    base = world.running.url("worklist")
    with signed_in(browser, base, person, width=WIDE, but=but) as page:
        desk = Desk(world, page, base)
        page.on("load", lambda page: desk.visited.update({_path(page.url): None}))
        desk.visited["/"] = None
        yield desk
        assert {path: weight for path, weight in desk.weights().items() if weight > WEIGHT_MAX} == {}


def _path(address: str) -> str:
    parts = urlsplit(address)
    return parts.path + (f"?{parts.query}" if parts.query else "")
