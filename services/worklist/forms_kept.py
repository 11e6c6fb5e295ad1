"""Forms of what is kept: inputs that could not be used, and what a message that failed holds back. They go to whoever keeps it."""

from collections.abc import Mapping

from services.worklist.fields import KEEPER, Field, Form, at, choice

STEWARDS = ("data-steward", "crisis-desk")
"""Of whom the keeper lets those who answer for it."""
WHY = choice("reason", "Why", "sent-by-mistake", "sent-again-since", "test-data", "of-no-use", hint="It is kept with your name.")

FORMS: Mapping[str, tuple[Form, ...]] = {
    "input": (
        Form("replay", "Decide it again", KEEPER, "/v1/inputs/{id}/replay", STEWARDS,
             hint="As it came: for when what stood in its way was mended here, a code that was added, a partner that was registered."),
        Form("repair", "Repair it", KEEPER, "/v1/inputs/{id}/repair", STEWARDS, (Field("value", "What it should have been", "long"),),
             hint="It is decided in the place of what came, under the same identity. What came stays sealed as it is."),
        Form("discard", "Set it aside", KEEPER, "/v1/inputs/{id}/discard", STEWARDS, (WHY,), hint="Nothing will follow from this input."),
    ),
    "parked": (
        Form("release", "Release it", KEEPER, "/v1/parked/{id}/release", STEWARDS,
             hint="What waits is decided in its order. What fails again stays where it is, and everything behind it."),
    ),
}  # fmt: skip
OPENED_FOR = choice(
    "reason", "Why you open it", "to-repair", "sender-asks", "to-find-the-cause",
    hint="It may be about anybody: that you opened it, and why, is kept.",
)  # fmt: skip
REVEAL = Form(
    "reveal", "Open it", KEEPER, "/v1/inputs/{id}/reveal", STEWARDS, (OPENED_FOR,),
    hint="What came is sealed. It is opened for you alone, and shown once.",
)  # fmt: skip
"""Before something can be repaired it must be seen."""

REPORT_FEED = Form(
    "report-feed", "Report a feed", "follow_up", "/v1/feeds/{id}/report-feed", ("platform", "network-lead"),
    (at("silent_since", "Silent since", required=False, now=False, hint="Left open: it speaks again."),),
    hint="Of a program’s own feed. Its people are unknown while it is silent, not fine, and somebody asks why.",
)  # fmt: skip
"""What nobody hears says nothing: a person does."""
