"""Feeds: how a partner, or a program, tells us what happens there. That it speaks, has fallen silent, and tells again.

`feed/partner-…` is a partner's, as the front door hears it; `feed/program-…` is a program's own, as somebody reports it.
"""

from typing import ClassVar

from pydantic import AwareDatetime

from contracts.follow_up import Noted
from contracts.kernel import Change
from contracts.lateness import Calling


def feed_of(whose: str) -> str:
    """The aggregate of the feed of a partner (`partner/x`) or a program (`program/x`)."""
    return "feed/" + whose.replace("/", "-")


class FeedHeard(Change):
    """A partner speaks, and counts as heard `until` then. Said with its first word after that, never with each of them."""

    type: ClassVar = "feed.heard.v1"
    partner: str
    until: AwareDatetime


class FeedSilent(Noted, Calling):
    """A partner, or a program, has told nothing since `since`. Its people are unknown, not fine."""

    type: ClassVar = "feed.silent.v1"
    since: AwareDatetime
    partner: str | None = None
    """Whose feed it is, where the front door noticed; a program's own is reported by a person."""
    rule: str | None = None
    """By which that long is silence, where the front door noticed."""


class FeedResumed(Noted):
    """A partner, or a program, tells again."""

    type: ClassVar = "feed.resumed.v1"
    partner: str | None = None
    until: AwareDatetime | None = None
    """Until when a partner counts as heard by this."""


class FeedsLearned(Change):
    """Which partner each program tells us through, and which partners are silent, as follow_up knows it now. It replaces what was."""

    type: ClassVar = "feeds.learned.v1"
    partners: dict[str, str]
    """By program: the partner that runs it."""
    silent: dict[str, AwareDatetime]
    """By partner: since when nothing is heard of it."""


TOLD = (FeedSilent, FeedResumed)
OF_PARTNERS = (FeedHeard, *TOLD)
OF_PROGRAMS = (*TOLD, FeedsLearned)
