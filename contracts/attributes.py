"""The CloudEvents attributes of our events: the documented table. The envelope's code is tested against it.

Attributes are scalars with lower-case alphanumeric names. None holds anything personal. One that is not `required` is left
out where it has no value; no attribute is ever an empty string.
"""

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Attribute:
    """One attribute. `required` on our own topics; `on_partner_out`: partners may see it; `shape` is its JSON Schema."""

    name: str
    required: bool
    meaning: str
    on_partner_out: bool = False
    format: str = ""
    pattern: str = ""

    @property
    def header(self) -> str:
        """Its Kafka header in binary mode."""
        return "content-type" if self.name == "datacontenttype" else f"ce_{self.name}"

    @property
    def shape(self) -> dict[str, Any]:
        limits = {"format": self.format, "pattern": self.pattern}
        return {"type": "string", "minLength": 1, **{k: v for k, v in limits.items() if v}, "description": self.meaning}


SEQUENCE = r"^\d{20}$"
TRACE = "^[0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}$"
WIRE_TYPE = r"^[a-z]+(-[a-z]+)*\.[a-z]+(-[a-z]+)*\.v[1-9]\d*$"
"""`<subject>.<past>.v<N>`, both kebab-case."""

ATTRIBUTES = (
    Attribute("specversion", True, "Version of CloudEvents: 1.0.", True, pattern=r"^1\.0$"),
    Attribute("id", True, "Identity of the fact, derived from its cause: the same fact published again has the same id.", True),
    Attribute("source", True, "/network/service that says it; for a partner, whatever it calls itself.", True, format="uri-reference"),
    Attribute("type", True, "Wire type: subject, past participle, version.", True, pattern=WIRE_TYPE),
    Attribute("subject", True, "Id of the aggregate it happened to (a partner may call its own subjects what it likes).", True),
    Attribute("time", True, "When it happened in the world, as far as whoever says it knows.", True, "date-time"),
    Attribute("datacontenttype", True, "application/json.", True, pattern="^application/json$"),
    Attribute("sequence", True, "Position in the order of its subject on this topic: 20 digits, no gaps, from 1.", True, pattern=SEQUENCE),
    Attribute("partitionkey", True, "The Kafka key: the aggregate's key, fixed at its birth."),
    Attribute("recordedtime", True, "When we recorded it. `as of` means this instant.", format="date-time"),
    Attribute("authtype", True, "What kind of actor: system, user, service_account, … (CloudEvents auth context)."),
    Attribute("authid", False, "Which actor, never by name. Absent where the system acted by itself."),
    Attribute("causetopic", False, "Topic of the message it was decided on; absent for a command or a deadline."),
    Attribute("causesubject", False, "Subject of the message it was decided on."),
    Attribute("causesequence", False, "Sequence of the message it was decided on.", pattern=SEQUENCE),
    Attribute("causeid", True, "Id of the message, command or deadline it was decided on."),
    Attribute("correlationid", True, "The chain it belongs to: the same from the first input to the last answer."),
    Attribute("sensitivity", False, "Label that survives every hop: part2 is a record of a 42 CFR Part 2 program.", pattern="^part2$"),
    Attribute("consentid", False, "The consent under which it is disclosed; on partner-out it stands for the notice of §2.32.", True),
    Attribute("traceparent", False, "W3C trace context of the span that said it.", pattern=TRACE),
)  # fmt: skip

CORE = ("specversion", "id", "source", "type")
"""All that CloudEvents itself requires, and so all that a partner must send."""
