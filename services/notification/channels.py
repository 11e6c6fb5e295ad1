"""The ways that this process has.

An installation adds one by an entry point of the group `throughline.channels`, named as the channel and loading a callable that takes
the process's settings and answers a `Channel`, or None where it is not set up (`docs/channels.md`; `trying.py` tries one).
"""

from collections.abc import Mapping
from importlib.metadata import entry_points

from infra.settings import Settings
from services.notification.channel import Channel, Inbox
from services.notification.recipients import INBOX
from services.notification.smtp import Smtp

EMAIL, GROUP = "email", "throughline.channels"


def channels(settings: Settings) -> Mapping[str, Channel]:
    """Every channel by its name."""
    found: dict[str, Channel] = {INBOX: Inbox()}
    if settings.smtp_host:
        found[EMAIL] = Smtp(settings, settings.errand_seconds / 3)
    for point in entry_points(group=GROUP):
        if made := point.load()(settings):
            found[point.name] = made
    return found
