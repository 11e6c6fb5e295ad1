"""Real Chromium on the console: the machine's own, never one that a package downloads."""

import shutil
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import uvicorn
from playwright.sync_api import Browser, Page, sync_playwright

AXE = (Path(__file__).parent / "vendor" / "axe.min.js").read_text("utf-8")
RULES = ("wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa")
FLAGS = (
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update",
    "--disable-sync",
)  # fmt: skip
WAITED_MS = 100_000
"""What must come is waited for, however loaded the machine is."""
CHROMIUM = next((found for name in ("chromium", "chromium-browser", "google-chrome") if (found := shutil.which(name))), "")


@contextmanager
def chromium() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=list(FLAGS))
        yield browser
        browser.close()


@contextmanager
def served(app: Any) -> Iterator[str]:
    """The application on a port of its own, in a thread."""
    listening = socket.socket()
    listening.bind(("127.0.0.1", 0))
    server = uvicorn.Server(uvicorn.Config(app, log_level="critical", lifespan="off", timeout_graceful_shutdown=1))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]}, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{listening.getsockname()[1]}"
    server.should_exit = True
    thread.join(10)


@contextmanager
def signed_in(
    browser: Browser, base: str, person: str, scheme: str = "light", width: int = 1440, but: str = "\n", lands: str = "/", **how: Any
) -> Iterator[Page]:
    """A page of that person's, who `lands` there. Whatever the console complains of (`but` this) fails the test, and every request that
    leaves this host."""
    context = browser.new_context(color_scheme=scheme, viewport={"width": width, "height": 900}, **how)  # type: ignore[arg-type]
    context.set_default_timeout(WAITED_MS)
    page, wrong = context.new_page(), list[str]()
    page.on("console", lambda message: wrong.append(message.text) if message.type in ("error", "warning") else None)
    page.on("pageerror", lambda error: wrong.append(str(error)))
    page.on("request", lambda request: None if request.url.startswith(base) else wrong.append(request.url))
    page.goto(f"{base}/sign-in")
    page.click(f'button[value="{person}"]')
    page.wait_for_url(base + lands)  # loaded, so the cookie is there and the keys are listened to
    yield page
    context.close()
    assert [one for one in wrong if but not in one] == []


def focused(page: Page, expression: str) -> None:
    """Until this holds of what has the focus. Focus follows a fragment's navigation, which need not be done when the click is."""
    page.wait_for_function(f"(() => {{ const element = document.activeElement; return {expression} }})()")


def arrived(page: Page, path: str) -> None:
    """Until a page of this path is loaded: the path alone, since a form's own address names the list that it leads back to."""
    page.wait_for_url(lambda url: urlsplit(url).path == path)


def violations(page: Page) -> list[str]:
    """What axe finds against WCAG 2.2 AA: rule, where, why."""
    page.evaluate(AXE)
    found = page.evaluate("rules => axe.run(document, {runOnly: {type: 'tag', values: rules}})", list(RULES))["violations"]
    return [f"{one['id']}: {node['html'][:120]} {node['failureSummary'][:200]}" for one in found for node in one["nodes"]]
