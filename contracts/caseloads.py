"""How much somebody answers for, where the network file says how much is the most."""

from typing import ClassVar

from contracts.kernel import Change


def caseload_of(who: str) -> str:
    """`staff/7` has `caseload/staff-7`."""
    return f"caseload/{who.replace('/', '-')}"


class CaseloadTaken(Change):
    """This placement counts towards somebody's caseload, of `limit` at most. What they took at the front door counts beyond it too."""

    type: ClassVar = "caseload.taken.v1"
    item: str
    limit: int
    count: int | None = None
    """How much counts towards it from now on."""


class CaseloadFreed(Change):
    """This placement counts towards it no more: another answers for it, or it has ended."""

    type: ClassVar = "caseload.freed.v1"
    item: str
    count: int | None = None


EVENTS = (CaseloadTaken, CaseloadFreed)
