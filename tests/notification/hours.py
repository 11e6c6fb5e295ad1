"""How long a level of a ladder lasts, counted by the ledger itself."""

from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

CRISIS = timedelta(minutes=15)
URGENT_H = 4
OPENS, CLOSES, ZONE = time(8), time(18), ZoneInfo("America/New_York")


def at(text: str) -> datetime:
    return datetime.fromisoformat(text)


def right(severity: str, raised: datetime, climbs: datetime) -> bool:
    """Whether a level lasts as long as the rules say: 15 minutes in a crisis, four business hours otherwise."""
    return climbs - raised == CRISIS if severity == "crisis" else climbs == business(raised, timedelta(hours=URGENT_H))


def business(start: datetime, length: timedelta) -> datetime:
    """The instant at which so much time has passed while the network was open, on days that are no holidays."""
    now, left = start.astimezone(ZONE), length
    while True:
        opens, closes = (datetime.combine(now.date(), hour, ZONE) for hour in (OPENS, CLOSES))
        begins = max(now, opens)
        if now.weekday() < 5 and begins < closes:
            if left <= closes - begins:
                return begins + left
            left -= closes - begins
        now = datetime.combine(now.date() + timedelta(days=1), time(), ZONE)
