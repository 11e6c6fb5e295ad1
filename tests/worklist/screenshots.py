"""`make screenshots`: pictures of the console of a running demo, into docs/images."""

from pathlib import Path

from deploy.local.settings import LocalSettings
from deploy.running import Running
from tests.worklist.browsing import chromium, signed_in

IMAGES = Path(__file__).parents[2] / "docs" / "images"
COORDINATOR = "staff/12"
SHOTS = (("today", "/", "light"), ("today", "/", "dark"), ("pending", "/pending", "light"), ("case", "", "light"))
NARROW = 390


def main() -> None:
    """Each page as it stands; a case is the first of the coordinator's own."""
    base = Running(LocalSettings()).url("worklist")
    IMAGES.mkdir(parents=True, exist_ok=True)
    with chromium() as browser:
        for name, path, scheme in SHOTS:
            with signed_in(browser, base, COORDINATOR, scheme) as page:
                page.goto(base + (path or "/next-steps"))
                if not path:
                    page.click("tr[data-row] a.open >> nth=0")
                page.wait_for_selector("[data-state=live]")
                page.screenshot(path=IMAGES / f"console-{name}{'-dark' if scheme == 'dark' else ''}.png")
        with signed_in(browser, base, COORDINATOR, "light", NARROW) as page:
            page.goto(f"{base}/next-steps")
            page.screenshot(path=IMAGES / "console-narrow.png")


if __name__ == "__main__":
    main()
