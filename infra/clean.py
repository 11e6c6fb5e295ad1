"""Which aggregates this process knows to be wholly published: hashes in a table that never grows."""

from array import array

SLOTS = 1 << 19
"""Four MiB. Two aggregates that share a place forget each other, which costs a query."""
MASK = (1 << 64) - 1


class Clean:
    """By aggregate, the version at which nothing of it was left to publish. To take one for another their 64 bits must be the same."""

    def __init__(self, slots: int = SLOTS) -> None:
        self._slots = array("Q", bytes(8 * slots))

    def remember(self, subject: str, version: int) -> None:
        """In the place of an earlier version, or of whoever was here before."""
        self._slots[hash(subject) % len(self._slots)] = _mark(subject, version)

    def knows(self, subject: str, version: int) -> bool:
        return self._slots[hash(subject) % len(self._slots)] == _mark(subject, version)


def _mark(subject: str, version: int) -> int:
    return hash((subject, version)) & MASK
