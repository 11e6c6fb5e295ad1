"""What operators do: partners admitted, renewed and shut out, the network file, inputs that were kept.

A partner's password is shown once and kept nowhere. What a kept input holds is shown only to who says why, and that is written down.
"""

import json
import re
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime
from getpass import getuser
from pathlib import Path
from typing import Annotated, Any, TypeVar

import typer

from contracts.upkeep import InputQuarantined
from deploy import agreed, console, kept, network, partners
from deploy.access import partner_principal
from deploy.local.settings import LocalSettings
from deploy.network import broker_of
from deploy.running import Running, running
from deploy.validate import address, plain, told_credentials, told_first_event
from infra.keeping import subject_of
from infra.problems import Problem
from infra.store import Unavailable
from infra.store.mongo import MongoStore
from infra.upkeep import Upkeep

app = typer.Typer(no_args_is_help=True)
networks = typer.Typer(no_args_is_help=True)
quarantine = typer.Typer(no_args_is_help=True)
parked = typer.Typer(no_args_is_help=True)
audit = typer.Typer(no_args_is_help=True)
T = TypeVar("T")
AsJson = Annotated[bool, typer.Option("--json", help="For programs.")]


@app.command()
def add(
    names: Annotated[list[str] | None, typer.Argument(help="2 to 40 of a-z, 0-9 and inner hyphens each.")] = None,
    file: Annotated[Path | None, typer.Option("--from", help="A file with a name on each line; # begins a comment.")] = None,
    as_json: AsJson = False,
) -> None:
    """Topics, access, limits and a credential, which is shown once. Who is admitted already stays as they are."""
    wanted = list(dict.fromkeys([*(names or ()), *(named(file) if file else ())]))
    if not wanted:
        raise Problem("TL-2606", "nobody is named", fix="throughline partner add NAME…, or --from FILE")
    run = running()
    passwords = partners.admit(broker_of(run), wanted)
    if as_json:
        print(json.dumps([_credential(run, name, passwords.get(name)) for name in wanted]))
        return
    for name in wanted:
        if name not in passwords:
            console.say(f"{name}: admitted already; nothing was changed (a new password: throughline partner rotate {name})")
    if len(passwords) == 1:
        ((name, password),) = passwords.items()
        told_first_event(run.bootstrap, name, password)
    else:
        told_credentials(run.bootstrap, passwords)


@app.command("list")
def listed(as_json: AsJson = False) -> None:
    """Everybody who has a topic here, and whether they may use it."""
    standings = partners.standings(broker_of(running()))
    if as_json:
        print(json.dumps(standings))
        return
    console.table(["partner", "standing"], list(standings.items()))
    console.say(f"{len(standings)} partners")


@app.command()
def show(name: str, as_json: AsJson = False) -> None:
    """Where it publishes, how it signs in, what it may do, how it stands. Never its password: nobody here knows it."""
    run = running()
    standing = partners.require(broker_of(run), name)
    told = {"standing": standing, **address(run.bootstrap, name), "limits": dict(partners.QUOTA)}
    if as_json:
        print(json.dumps({"partner": name, **told}))
    else:
        console.table([name, ""], [(key, plain(value)) for key, value in told.items()])


@app.command()
def rotate(name: str, as_json: AsJson = False) -> None:
    """A new password; the old one is wrong from now on. Open connections end when they must sign in again."""
    run = running()
    if partners.require(broker_of(run), name) == "revoked":
        raise Problem("TL-2607", f"{name} was revoked and has no password to renew", fix=f"admit it again: throughline partner add {name}")
    password = partners.fresh_password()
    partners.rotate(broker_of(run), {name: password})
    run.secrets.forget([f"kafka/{partner_principal(name)}"])
    if as_json:
        print(json.dumps(_credential(run, name, password)))
    else:
        console.say(f"{name}: user {partner_principal(name)}  password {password}  (shown once)")


@app.command()
def revoke(name: str) -> None:
    """Access first, which works at once, then the credential. Its topics stay."""
    run = running()
    before = partners.require(broker_of(run), name)
    partners.revoke(broker_of(run), [name])
    run.secrets.forget([f"kafka/{partner_principal(name)}"])
    again = "was revoked already" if before == "revoked" else "can neither publish nor read any more"
    console.say(f"{name}: {again}; its topics stay (to admit it again: throughline partner add {name})")


def of_store(service: str, do: Callable[[MongoStore, Upkeep], Awaitable[T]], settings: LocalSettings) -> T:
    """What the service's own store says, with its own credentials."""
    try:
        return kept.run(service, do, settings)
    except Unavailable as error:
        raise Problem("TL-2626", "the database does not answer", str(error), "throughline status", service) from None


def named(file: Path) -> list[str]:
    """The names in a file, in order."""
    try:
        lines = file.read_text("utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise Problem("TL-2604", "the list of partners cannot be read", type(error).__name__, "give a text file", str(file)) from None
    return [name for line in lines if (name := line.partition("#")[0].strip())]


def _credential(run: Running, name: str, password: str | None) -> dict[str, Any]:
    return {"partner": name, "new": password is not None, "password": password, **address(run.bootstrap, name)}


@networks.command("apply")
def network_apply(
    file: Path, dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would change; change nothing.")] = False
) -> None:
    """Make the file true. Again changes nothing."""
    run = running()
    told_credentials(run.bootstrap, network.apply(run, network.load(file), console.say, dry_run))


@networks.command("rules")
def network_rules(file: Path, directory: Path) -> None:
    """Write what the file says of clocks, hours and agreements, as a directory of rules for THROUGHLINE_RULES."""
    laid = agreed.lay(network.load(file), directory)
    console.say(f"{directory}: the network's hours, and {len(laid)} rules of agreements")


@quarantine.command("list")
def list_kept(service: Annotated[str, typer.Argument()] = "intake", as_json: AsJson = False) -> None:
    """Where they came from and since when."""
    found = of_store(service, lambda store, _: store.waiting("quarantined"), LocalSettings())
    rows = [(one.id, one.topic, one.offset, one.entry or "/", age(one.received_at)) for one in found]
    told_rows(("input", "topic", "offset", "entry", "age"), rows, f"{len(rows)} quarantined", as_json)


@quarantine.command("show")
def show_kept(
    name: str,
    service: Annotated[str, typer.Argument()] = "intake",
    reveal: Annotated[bool, typer.Option("--reveal", help="Its bytes too; needs --reason, and is written down.")] = False,
    reason: Annotated[str, typer.Option("--reason", help="Why: a code or a ticket's number, no sentence.")] = "",
    as_json: AsJson = False,
) -> None:
    """Where it came from, what is wrong with it, how old it is. What it holds only with --reveal and a reason."""
    settings = LocalSettings()
    if reveal:
        accounted(settings, service, name, reason)
    told = of_store(service, lambda store, upkeep: looked_at(store, upkeep, name, reveal), settings)
    if as_json:
        print(json.dumps(told))
        return
    console.table([name, ""], [(key, value) for key, value in told.items() if key not in ("issues", "holds")])
    console.table(["code", "at", "what to do"], [(one["code"], one["pointer"] or "/", one["fix"]) for one in told["issues"]])
    if reveal:
        print(told["holds"])


@parked.command("list")
def list_parked(service: Annotated[str, typer.Argument()] = "intake", as_json: AsJson = False) -> None:
    """Which aggregates a message holds, and how many messages wait in each."""
    found = of_store(service, lambda store, _: store.waiting("parked"), LocalSettings())
    waiting = Counter(one.aggregate for one in found)
    told_rows(("aggregate", "waiting"), list(waiting.items()), f"{len(waiting)} parked", as_json)


@audit.command("verify")
def verify(service: Annotated[str, typer.Argument(help="All that decide, if none is named.")] = "") -> None:
    """Every stored state must be the fold of its facts. Exit code 1 when one is not."""
    wrong = 0
    for one in (service,) if service else kept.DECIDING:
        console.say(f"{one}:")
        wrong += of_store(one, lambda store, upkeep: kept.audit(store, upkeep, console.say), LocalSettings())
    raise typer.Exit(1 if wrong else 0)


async def looked_at(store: MongoStore, upkeep: Upkeep, name: str, reveal: bool) -> dict[str, Any]:
    """A quarantined input as its fact told it; its bytes are opened only on request."""
    receipt = await upkeep.receipt(name)
    facts = [fact for fact in await store.history(subject_of(name)) if fact.attributes["type"] == InputQuarantined.type]
    said = InputQuarantined.model_validate_json(facts[-1].data)
    told = {
        "topic": receipt.topic, "partition": receipt.partition, "offset": receipt.offset, "entry": receipt.entry or "/",
        "age": age(receipt.received_at), "owner": said.next.owner if said.next else None,
        "due": said.next.due.isoformat() if said.next and said.next.due else None,
        "issues": [issue.model_dump() for issue in said.issues],
    }  # fmt: skip
    record = await upkeep.replayer.record(receipt) if reveal else None
    return {**told, "holds": (record.value or b"").decode("utf-8", "replace")} if record else told


def accounted(settings: LocalSettings, service: str, name: str, reason: str) -> None:
    """One line for who looked at what and why, before anything is shown. TL-2625 without a reason."""
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._/-]{2,59}", reason):
        why = "what an input holds may be about somebody; who opens it says why"
        raise Problem("TL-2625", "a reason is needed", why, "--reason with a code or a ticket's number, such as ticket-812", name)
    did = {"did": "reveal-input", "service": service, "input": name, "reason": reason}
    line = {"at": datetime.now(UTC).isoformat(), "who": getuser(), **did}
    file = settings.state / "logs" / "operators.log"
    file.parent.mkdir(parents=True, exist_ok=True)
    with file.open("a", encoding="utf-8") as log:
        log.write(json.dumps(line) + "\n")


def age(since: datetime | None) -> str:
    minutes = int((datetime.now(UTC) - since).total_seconds() // 60) if since else 0
    return f"{minutes} min" if minutes < 120 else f"{minutes // 60} h" if minutes < 2880 else f"{minutes // 1440} days"


def told_rows(columns: Sequence[str], rows: Sequence[Sequence[object]], summary: str, as_json: bool) -> None:
    if as_json:
        print(json.dumps([dict(zip(columns, row, strict=True)) for row in rows]))
        return
    console.table(columns, rows)
    console.say(summary)
