"""`make screenshots`: pictures of the console of a running demo, into docs/images."""

from pathlib import Path

from playwright.sync_api import Page

from deploy.local.settings import LocalSettings
from deploy.running import Running
from tests.worklist.browsing import chromium, signed_in

IMAGES = Path(__file__).parents[2] / "docs" / "images"
COORDINATOR, LEAD = "staff/12", "staff/50"
SHOTS = (
    ("today", COORDINATOR, "/today", "light"), ("today", COORDINATOR, "/today", "dark"), ("pending", COORDINATOR, "/pending", "light"),
    ("case", COORDINATOR, "/next-steps?tab=all", "light"), ("person", COORDINATOR, "/next-steps?tab=all", "light"),
    ("authorizations", COORDINATOR, "/authorizations", "light"),
    ("network", LEAD, "/network", "light"),
)  # fmt: skip
"""Each page that the README shows: its name, who looks, where, by which light."""
NARROW = 390


def main() -> None:
    """Each page as it stands; a case is the first of everybody's, and a person whom it is about."""
    base = Running(LocalSettings()).url("worklist")
    IMAGES.mkdir(parents=True, exist_ok=True)
    with chromium() as browser:
        for name, person, path, scheme in SHOTS:
            with signed_in(browser, base, person, scheme) as page:
                page.goto(base + path)
                led_to(page, name)
                page.wait_for_selector("[data-state=live]")
                page.screenshot(path=IMAGES / f"console-{name}{'-dark' if (name, scheme) == ('today', 'dark') else ''}.png")
        with signed_in(browser, base, COORDINATOR, "light", NARROW) as page:
            page.goto(f"{base}/next-steps")
            page.screenshot(path=IMAGES / "console-narrow.png")


def led_to(page: Page, name: str) -> None:
    """From a list to the first case in it, and from there to the person."""
    if name in ("case", "person"):
        page.click("tr[data-row] a.open >> nth=0")
    if name == "person":
        page.click(".headline a:has-text('everything about this person')")


if __name__ == "__main__":
    main()
