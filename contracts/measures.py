"""Measures as every service gives them: a number with the cases behind it, and those that can still be saved. Operational versions, made
to act on and not to report with."""

from dataclasses import dataclass
from typing import Any, Literal


@dataclass(frozen=True)
class Rate:
    """How many of how many. `met`, `missed` and `open` are the cases; those that are open can still be saved."""

    name: str
    met: tuple[str, ...]
    missed: tuple[str, ...]
    open: tuple[str, ...]

    @property
    def rate(self) -> float | None:
        """Of the cases whose time is over, or that were met; None where there is none."""
        settled = len(self.met) + len(self.missed)
        return len(self.met) / settled if settled else None

    def told(self) -> dict[str, Any]:
        return {"name": self.name, "rate": self.rate, "met": self.met, "missed": self.missed, "open": self.open}


@dataclass(frozen=True)
class Mean:
    """A mean length over its cases. `left_out` are those without an end, and `because` says what they lack."""

    name: str
    mean: float | None
    unit: Literal["business days", "hours", "minutes"]
    cases: tuple[str, ...]
    left_out: tuple[str, ...]
    because: str = "never evaluated"

    def __str__(self) -> str:
        value = "none" if self.mean is None else f"{self.mean:.1f} {self.unit}"
        return f"{self.name}: {value} over {len(self.cases)}; {len(self.left_out)} {self.because}"

    def told(self) -> dict[str, Any]:
        return {
            "name": self.name, "mean": self.mean, "unit": self.unit, "cases": self.cases, "left_out": self.left_out,
            "because": self.because, "words": str(self),
        }  # fmt: skip


def mean_of(lengths: list[float]) -> float | None:
    return sum(lengths) / len(lengths) if lengths else None
