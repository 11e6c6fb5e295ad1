"""When somebody was last here. Pure.

A visit goes on while pages are opened; what a page asks for by itself is none. It is kept with the lists that somebody keeps.
"""

from datetime import datetime, timedelta

from services.worklist.items import Document
from services.worklist.patches import stored

AWAY_AFTER, NOTED_EVERY, TOLD_MOST = timedelta(hours=1), timedelta(minutes=5), timedelta(days=14)
"""Who opened no page for so long was away; being here is noted so often; what lies further back is not told as news."""


def noted(own: Document, now: datetime) -> Document | None:
    """What is kept of somebody who opens a page, with since when they had been away; None: nothing need be written."""
    last = own.get("looked_at")
    if last and now - last < NOTED_EVERY:
        return None
    away = own.get("away_since") if last and now - last < AWAY_AFTER else last
    return {**own, "looked_at": stored(now), "away_since": away, "v": own["v"] + 1}


def away_since(own: Document, now: datetime) -> datetime | None:
    """Since when they had been away before this visit; None: they were never here before."""
    away: datetime | None = own.get("away_since")
    return max(away, now - TOLD_MOST) if away else None
