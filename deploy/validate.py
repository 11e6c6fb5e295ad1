"""Events as a partner makes them: a first one to copy, what the front door would say to a file, and one sent for the trying."""

import json
import shlex
import time
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Annotated, Any
from uuid import uuid4

import orjson
import typer
from confluent_kafka import Consumer, Producer, TopicPartition

from contracts.catalogue import PARTNER_IN, PARTNER_OUT
from deploy import console
from deploy.access import partner_principal
from deploy.running import Running, running
from infra.problems import Problem
from services.intake.door import entries
from services.intake.entry import Entry

app = typer.Typer(no_args_is_help=True)
ANSWERED_WITHIN_S = 20.0
SAMPLE: dict[str, Any] = {
    "reference": "R-1",
    "requested_at": "2026-03-01T09:30:00-05:00",
    "service": "outpatient-therapy",
    "urgency": "urgent",
    "person": {"identifiers": [{"system": "urn:example:mrn", "value": "7"}], "family_name": "Example-Test", "phone": "555-0107"},
}
Type = Annotated[str, typer.Option("--type", help="Its CloudEvents type; FHIR and structured CloudEvents say it themselves.")]


@app.command()
def validate(
    file: Path,
    kind: Type = "",
    sender: Annotated[str, typer.Option("--partner", help="Whom it would come from.")] = "you",
    as_json: Annotated[bool, typer.Option("--json", help="For programs.")] = False,
) -> None:
    """What the front door would say, without sending anything. Exit code 1 unless every entry is taken."""
    ended = entries(sender, _headers(kind), contents(file))
    if as_json:
        print(json.dumps([told(entry) for entry in ended]))
    else:
        for entry in ended:
            console.say(f"{entry.pointer or '/'}: {entry.outcome}")
            for reason in entry.reasons:
                console.say(f"  {reason.code} {reason.pointer or '/'}: {reason.fix}")
    raise typer.Exit(0 if all(entry.outcome == "event" for entry in ended) else 1)


def told(entry: Entry) -> dict[str, Any]:
    """What became of an entry and why; nothing of what it holds but its own reference."""
    reasons = [{"code": reason.code, "pointer": reason.pointer, "fix": reason.fix} for reason in entry.reasons]
    return {"pointer": entry.pointer, "outcome": entry.outcome, "reference": entry.reference, "reasons": reasons}


@app.command()
def sample() -> None:
    """A first referral, as one JSON text; made up."""
    print(json.dumps({**SAMPLE, "reference": f"R-{uuid4().hex[:6]}"}, indent=1))


@app.command()
def send(
    file: Path,
    partner: Annotated[str, typer.Option("--partner", help="One of the demo's partners; their passwords are this run's own.")],
    kind: Type = "referral.requested.v1",
) -> None:
    """Publish a file on a demo partner's own topic with its own credential, and wait for the answer on its other one."""
    run = running()
    access = run.kafka(partner_principal(require_kept(run, partner)))
    value, id = contents(file), str(uuid4())
    consumer = _after_the_last(access, PARTNER_OUT + partner)
    try:
        producer = Producer({**access, "enable.idempotence": True})
        producer.produce(PARTNER_IN + partner, value, headers={**_headers(kind), **first_headers(partner, id)})
        producer.flush(ANSWERED_WITHIN_S)
        console.say(f"published on {PARTNER_IN}{partner}")
        console.say(_answer(consumer, reference_of(value)))
    finally:
        consumer.close()


def require_kept(run: Running, partner: str) -> str:
    """TL-2622 unless this run plays that partner itself and so knows its password."""
    kept = json.loads(run.secrets.path.read_bytes()) if run.secrets.path.exists() else {}
    if f"kafka/{partner_principal(partner)}" in kept:
        return partner
    why = "only the demo's partners are played by this run; a password that was shown once is not kept"
    raise Problem("TL-2622", f"this run cannot publish as {partner}", why, "throughline demo; or publish with the partner's own client")


def _after_the_last(access: dict[str, Any], topic: str) -> Consumer:
    """Reads what is said from now on; whatever it reads is nobody's progress."""
    consumer = Consumer({**access, "group.id": f"{access['sasl.username']}.look", "enable.auto.commit": False})
    _, end = consumer.get_watermark_offsets(TopicPartition(topic, 0), timeout=ANSWERED_WITHIN_S)
    consumer.assign([TopicPartition(topic, 0, end)])
    return consumer


def reference_of(value: bytes) -> str | None:
    """The sender's own number, where it stands on top of the message or in its data."""
    try:
        said = orjson.loads(value)
    except orjson.JSONDecodeError:
        return None
    found = (said.get("data", said) if isinstance(said.get("data", said), dict) else {}) if isinstance(said, dict) else {}
    return found.get("reference")


def _answer(consumer: Consumer, reference: str | None) -> str:
    until = time.monotonic() + ANSWERED_WITHIN_S
    while time.monotonic() < until:
        message = consumer.poll(0.2)
        if message is None or message.error():
            continue
        said = orjson.loads(message.value() or b"{}")
        if reference is None or said.get("reference") == reference:
            kind = dict(message.headers() or ()).get("ce_type") or b""
            return f"answered: {kind.decode() if isinstance(kind, bytes) else kind} {json.dumps(said)}"
    return "not answered yet: is intake up? throughline status"


def contents(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError as error:
        raise Problem("TL-2623", "the message cannot be read", type(error).__name__, "give a file", str(file)) from None


def _headers(kind: str) -> dict[str, bytes | None]:
    return {"ce_type": kind.encode()} if kind else {}


def first_headers(partner: str, id: str = "1") -> dict[str, str]:
    """Of a CloudEvent in binary mode, without its type."""
    return {"ce_specversion": "1.0", "ce_id": id, "ce_source": f"/{partner}/ehr", "content-type": "application/json"}


def first_event(bootstrap: str, partner: str) -> str:
    """One record with its headers, in words that a shell takes."""
    sasl = {"security.protocol": "SASL_PLAINTEXT", "sasl.mechanism": "SCRAM-SHA-512", "sasl.username": partner_principal(partner)}
    access = " ".join(f"-X {key}={value}" for key, value in sasl.items())
    headers = " ".join(f"-H {key}={value}" for key, value in {**first_headers(partner), "ce_type": "referral.requested.v1"}.items())
    body = shlex.quote(orjson.dumps(SAMPLE).decode())
    return f'  echo {body} |\n  kcat -P -b {bootstrap} {access} -X sasl.password="$PASSWORD" \\\n    -t {PARTNER_IN}{partner} {headers}'


def address(bootstrap: str, name: str) -> dict[str, Any]:
    user = partner_principal(name)
    return {
        "bootstrap": bootstrap, "security": "SASL_PLAINTEXT, SCRAM-SHA-512", "user": user,
        "publishes_to": PARTNER_IN + name, "reads": PARTNER_OUT + name, "groups": f"{user}.*",
    }  # fmt: skip


def told_credentials(bootstrap: str, passwords: Mapping[str, str]) -> None:
    """Many at once: one line each."""
    if passwords:
        console.table(["partner", "user", "password (shown once)"], _rows(passwords))
        console.say(f"{len(passwords)} admitted, at {bootstrap}; each publishes to {PARTNER_IN}NAME and reads {PARTNER_OUT}NAME")


def _rows(passwords: Mapping[str, str]) -> list[tuple[str, str, str]]:
    return [(name, partner_principal(name), password) for name, password in passwords.items()]


def told_first_event(bootstrap: str, name: str, password: str) -> None:
    """What a partner needs to publish its first event, complete enough to be pasted."""
    rows: Iterable[tuple[str, object]] = [*address(bootstrap, name).items(), ("password", f"{password}   (shown once)")]
    console.table([name, "admitted"], [(key, plain(value)) for key, value in rows])
    console.say(f"\nYour first event, with kcat (the password in $PASSWORD):\n\n{first_event(bootstrap, name)}\n")
    console.say(f"It is answered on {PARTNER_OUT}{name} within a second. Check others first: throughline event validate FILE")


def plain(value: object) -> str:
    return ", ".join(f"{key} {amount}" for key, amount in value.items()) if isinstance(value, dict) else str(value)
