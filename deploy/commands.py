"""Sub-commands for those who run the network: partners, the network file, what was kept, tokens. Thin: each calls one function."""

from pathlib import Path
from typing import Annotated

import typer

from deploy import apply as applied
from deploy import console, kept, network, partners
from deploy.access import partner_principal
from deploy.local.settings import LocalSettings
from deploy.running import Running
from infra.identity import Principal
from infra.problems import Problem
from services.intake.door import entries

partner = typer.Typer(no_args_is_help=True, help="Organisations that publish to us.")
networks = typer.Typer(no_args_is_help=True, help="The network file.")
event = typer.Typer(no_args_is_help=True, help="Messages, before they are sent.")
quarantine = typer.Typer(no_args_is_help=True, help="Inputs that one of us must look at.")
audit = typer.Typer(no_args_is_help=True, help="History against state.")
parked = typer.Typer(no_args_is_help=True, help="Aggregates held by a message that failed.")


@partner.command("add")
def add(names: list[str]) -> None:
    """Topics, access, limits and a credential, which is shown once."""
    running = _running()
    passwords = {name: running.secrets.password(f"kafka/{partner_principal(name)}") for name in names}
    made = partners.add(running.broker(), passwords)
    console.say(f"topics: {made}")
    for name, password in passwords.items():
        console.say(f"{name}: publish to partner-in-{name}, read partner-out-{name}, at {running.bootstrap}, SASL SCRAM-SHA-512")
        console.say(f"  user {partner_principal(name)}  password {password}  (shown once)")


@partner.command("rotate")
def rotate(name: str) -> None:
    """A new password; the old one ends when its connections must sign in again."""
    running = _running()
    running.secrets.forget([f"kafka/{partner_principal(name)}"])
    password = running.secrets.password(f"kafka/{partner_principal(name)}")
    partners.rotate(running.broker(), {name: password})
    console.say(f"{name}: password {password}  (shown once)")


@partner.command("revoke")
def revoke(name: str) -> None:
    """Access first, which works at once, then the credential."""
    running = _running()
    partners.revoke(running.broker(), [name])
    running.secrets.forget([f"kafka/{partner_principal(name)}"])
    console.say(f"{name}: can neither publish nor read any more; its topics stay")


@networks.command("apply")
def apply(file: Path) -> None:
    """Make the file true. Again changes nothing."""
    applied.apply(_running(), network.load(file), console.say)


@networks.command("check")
def check(file: Path) -> None:
    """Every fault, by its place in the file."""
    found = network.load(file)
    console.say(f"{found.id}: {len(found.partners)} partners, {len(found.programs)} programs, {len(found.staff)} people")


@event.command("validate")
def validate(
    file: Path,
    kind: Annotated[str, typer.Option("--type", help="Its CloudEvents type; FHIR and structured CloudEvents say it themselves.")] = "",
    sender: Annotated[str, typer.Option("--partner", help="Whom it would come from.")] = "you",
) -> None:
    """What the front door would say, without sending anything. Exit code 1 unless every entry is taken."""
    ended = entries(sender, {"ce_type": kind.encode()} if kind else {}, file.read_bytes())
    for entry in ended:
        console.say(f"{entry.pointer or '/'}: {entry.outcome}")
        for reason in entry.reasons:
            console.say(f"  {reason.code} {reason.pointer or '/'}: {reason.fix}")
    raise typer.Exit(0 if all(entry.outcome == "event" for entry in ended) else 1)


@quarantine.command("list")
def list_quarantined(service: Annotated[str, typer.Argument()] = "intake") -> None:
    """Where they came from and since when."""
    kept.run(service, kept.quarantined, LocalSettings())


@quarantine.command("replay")
def replay(name: str, service: str = "intake") -> None:
    """Decide it again, as it was: the code was mended."""
    console.say(kept.outcome(kept.run(service, lambda _, upkeep: upkeep.replay(name), LocalSettings())))


@quarantine.command("repair")
def repair(name: str, file: Path, service: str = "intake") -> None:
    """Decide it again with the bytes of a file in the place of what came."""
    console.say(kept.outcome(kept.run(service, lambda _, upkeep: upkeep.replay(name, file.read_bytes()), LocalSettings())))


@quarantine.command("discard")
def discard(name: str, reason: str, service: str = "intake") -> None:
    """Nothing follows from it. The reason is a code of the list, not a sentence."""
    kept.run(service, lambda _, upkeep: upkeep.discard(name, reason), LocalSettings())
    console.say("discarded")


@parked.command("list")
def list_parked(service: Annotated[str, typer.Argument()] = "intake") -> None:
    """Which, and how many messages wait in each."""
    kept.run(service, kept.parked, LocalSettings())


@parked.command("release")
def release(subject: str, service: str = "intake") -> None:
    """Decide what waits, in order; what fails again stays."""
    console.say(kept.outcome(kept.run(service, lambda _, upkeep: upkeep.release(subject), LocalSettings())))


@audit.command("verify")
def verify(service: Annotated[str, typer.Argument()] = "intake") -> None:
    """Every stored state must be the fold of its facts. Exit code 1 when one is not."""
    wrong = kept.run(service, lambda store, upkeep: kept.audit(store, upkeep, console.say), LocalSettings())
    raise typer.Exit(1 if wrong else 0)


def token(principal: str, roles: list[str]) -> None:
    """A token of the local issuer, for trying the HTTP interfaces: `throughline token staff/7 intake-desk`."""
    print(_running().token(Principal(principal, frozenset(roles))))


def _running() -> Running:
    running = Running(LocalSettings())
    if not running.secrets.path.exists():
        raise Problem("TL-2621", "nothing runs here", fix="throughline up", where=str(running.settings.state))
    return running
