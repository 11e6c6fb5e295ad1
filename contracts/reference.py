"""The catalogue as pages for people: the README's map of services, and every topic and event with what it says."""

from collections.abc import Iterable
from inspect import getdoc

from contracts import asyncapi, catalogue, partners, upkeep
from contracts.catalogue import FOR_EVER, Topic
from contracts.kernel import Event

HEAD = """# Events

Written by `make contracts` from the event classes. Every record is a CloudEvent in binary mode: `ce_*` headers say what it is and where it
belongs ([attributes](../contracts/envelope.schema.json)), the value is the JSON of the event. Events of one subject have a gapless
`ce_sequence`, a topic's records of one key are in order, and a record may come more than once: same subject, same sequence, same fact.
[AsyncAPI](../contracts/asyncapi.json) has the same for machines; saved examples are in [contracts/examples](../contracts/examples).
"""
DAY_MS = 86_400_000


def services() -> str:
    """Who owns, hears and says what, as the README shows it."""
    rows = ["| service | owns | hears | says |", "|---|---|---|---|"]
    for service in catalogue.SERVICES:
        owned = [topic for topic in asyncapi.every_topic() if topic.owner == service]
        heard = [topic for topic in asyncapi.every_topic() if service in topic.listeners]
        said = [f"[{len(_own(topic))} events](docs/events.md#{_anchor(topic)})" for topic in owned]
        rows.append(f"| `{service}` | {_cell(t.name for t in owned)} | {_cell(t.name for t in heard)} | {', '.join(said) or '–'} |")
    kept, sent = _cell(event.type for event in upkeep.EVENTS), _cell(event.type for event in partners.INBOUND)
    return "\n".join([*rows, "", f"Every service that decides also says {kept}. All may write `audit-events`. Partners send {sent}."])


def events() -> str:
    """Every topic with its owner, listeners, key, partitions and retention, and what each of its events says."""
    parts = [HEAD, *(_section(topic) for topic in asyncapi.every_topic())]
    return "\n".join([*parts, "## Said by every service that decides\n", *_table(upkeep.EVENTS), ""])


def _section(topic: Topic) -> str:
    owner = "every service" if topic.owner == "*" else f"`{topic.owner}`"
    kept = "for ever" if topic.retention_ms == FOR_EVER else f"{topic.retention_ms // DAY_MS} days"
    about = f"Written by {owner}, heard by {_cell(topic.listeners)}; keyed by {topic.key}; partitions: {topic.partitions}; kept {kept}."
    return "\n".join([f"## {topic.name}\n", about, "", *_table(_own(topic)), ""])


def _own(topic: Topic) -> list[type[Event]]:
    return [event for event in topic.events if event not in upkeep.EVENTS]


def _table(said: Iterable[type[Event]]) -> list[str]:
    rows = [f"| [`{event.type}`](../contracts/schemas/{event.type}.json) | {_words(event)} |" for event in said]
    return ["| event | what it says |", "|---|---|", *rows] if rows else []


def _words(event: type[Event]) -> str:
    """The first paragraph of its docstring."""
    return " ".join((getdoc(event) or "").partition("\n\n")[0].split()).replace("|", "\\|")


def _anchor(topic: Topic) -> str:
    """As GitHub makes it of a heading."""
    return topic.name.replace("{", "").replace("}", "")


def _cell(names: Iterable[str]) -> str:
    return ", ".join(f"`{name}`" for name in names) or "–"
