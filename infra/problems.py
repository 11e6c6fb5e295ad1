"""Errors as part of the interface: what happened, where, why, what to do next, under a stable code."""

from dataclasses import dataclass


@dataclass
class Problem(Exception):
    """Something a person must read. `code` is `TL-` and four digits, listed in docs/errors.md; no field holds a personal value."""

    code: str
    what: str
    why: str = ""
    fix: str = ""
    where: str = ""
    status: int = 500
    """HTTP status where it is answered over HTTP."""

    def __str__(self) -> str:
        parts = (f"{self.code} {self.what}", self.where and f"at {self.where}", self.why, self.fix and f"→ {self.fix}")
        return "\n  ".join(part for part in parts if part)
