"""Forms of what is kept: inputs that could not be used, and what a message that failed holds back. They go to whoever keeps it."""

from collections.abc import Mapping

from services.worklist.fields import KEEPER, Form, choice

STEWARDS = ("data-steward", "crisis-desk")
"""Of whom the keeper lets those who answer for it."""
WHY = choice("reason", "Why", "sent-by-mistake", "sent-again-since", "test-data", "of-no-use", hint="It is kept with your name.")

FORMS: Mapping[str, tuple[Form, ...]] = {
    "input": (
        Form("replay", "Decide it again", KEEPER, "/v1/inputs/{id}/replay", STEWARDS,
             hint="As it came: for when what stood in its way was mended here, a code that was added, a partner that was registered."),
        Form("discard", "Set it aside", KEEPER, "/v1/inputs/{id}/discard", STEWARDS, (WHY,), hint="Nothing will follow from this input."),
    ),
    "parked": (
        Form("release", "Release it", KEEPER, "/v1/parked/{id}/release", STEWARDS,
             hint="What waits is decided in its order. What fails again stays where it is, and everything behind it."),
    ),
}  # fmt: skip
