"""`python -m tests.notification.pictures`: how a mail client shows three messages, as HTML and as text; writes docs/images/mail-*.png.

What is shown is what goes over the wire: written as for a relay, read back as a mail client reads it. Chromium draws it.
"""

import html
import shutil
import subprocess
import sys
from collections.abc import Iterator
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from pathlib import Path
from tempfile import TemporaryDirectory

from services.notification.channel import Letter
from services.notification.composing import Composer
from services.notification.notices import Notice
from services.notification.pages import AT, samples
from services.notification.smtp import written

IMAGES = Path(__file__).resolve().parents[2] / "docs" / "images"
BOARD = "https://board.example.org"
SHOWN = (("plan-team", "en", 760), ("hand-off", "es", 760), ("summary", "en", 1220))
"""A crisis, a transfer in Spanish, and several things at once; each with the height of its picture."""
STYLE = (
    "body{margin:0;background:#e4e8ec;color:#1b2530;font:14px/1.5 system-ui,sans-serif}"
    "header{background:#fff;border-bottom:1px solid #c8d0d8;padding:14px 24px}h1{font-size:19px;margin:0 0 4px}"
    "header p{margin:0;color:#45566a}main{display:grid;grid-template-columns:660px 1fr;gap:16px;padding:16px 24px}"
    "h2{font-size:13px;margin:0 0 6px;color:#45566a;font-weight:600}"
    "iframe,pre{box-sizing:border-box;width:100%;height:calc(100vh - 165px);margin:0;border:1px solid #c8d0d8;background:#fff}"
    "pre{padding:16px;white-space:pre-wrap;overflow-wrap:anywhere;font:13px/1.5 'DejaVu Sans Mono',monospace}"
)


def message(notice: Notice) -> EmailMessage:
    """As a mail client has it."""
    composed = Composer(BOARD, demo=True).compose(notice)
    letter = Letter(
        "0f0e9d3c", "robin@clinic.example.org", "clinic.example.org", composed.subject, composed.text, composed.html, AT, notice.locale
    )
    read = message_from_bytes(written(letter, "throughline@example.org"), policy=default)
    assert isinstance(read, EmailMessage)
    return read


def view(mail: EmailMessage) -> str:
    """Its headers above, what an HTML client shows beside what a text client shows."""
    parts = [mail.get_body((kind,)) for kind in ("html", "plain")]
    rich, text = (str(part.get_content()) if part else "" for part in parts)
    heads = "".join(f"<p>{name}: {html.escape(str(mail[name]))}</p>" for name in ("From", "To", "Date"))
    return (
        f'<!doctype html><meta charset="utf-8"><style>{STYLE}</style><header><h1>{html.escape(str(mail["Subject"]))}</h1>{heads}</header>'
        f'<main><div><h2>HTML</h2><iframe srcdoc="{html.escape(rich)}"></iframe></div>'
        f"<div><h2>Text</h2><pre>{html.escape(text)}</pre></div></main>"
    )


def drawn() -> Iterator[Path]:
    """One picture after another."""
    browser = shutil.which("chromium") or shutil.which("google-chrome")
    if browser is None:
        sys.exit("no chromium on the PATH: install it, then run this again")
    IMAGES.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory() as folder:
        for name, locale, height in SHOWN:
            page, picture = Path(folder) / f"{name}.html", IMAGES / f"mail-{name}.png"
            page.write_text(view(message(dict(samples(locale))[name])), "utf-8")
            look = ["--headless=new", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", "--virtual-time-budget=2000"]
            profile, shot = f"--user-data-dir={folder}/profile", f"--screenshot={picture}"
            command = [browser, *look, f"--window-size=1240,{height}", profile, shot, page.as_uri()]
            subprocess.run(command, check=True, timeout=60, capture_output=True)
            yield picture


if __name__ == "__main__":
    for picture in drawn():
        print(picture.relative_to(IMAGES.parents[1]))
