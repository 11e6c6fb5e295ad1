"""What operators do with inputs that were kept, and a look at the network file. Thin: each calls one function."""

from pathlib import Path

from deploy import console, kept, network
from deploy.local.settings import LocalSettings
from deploy.operations import networks, parked, quarantine
from deploy.validate import contents


@networks.command()
def check(file: Path) -> None:
    """Every fault, by its place in the file."""
    found = network.load(file)
    console.say(f"{found.id}: {len(found.partners)} partners, {len(found.programs)} programs, {len(found.staff)} people")


@quarantine.command()
def replay(name: str, service: str = "intake") -> None:
    """Decide it again, as it was: the code was mended."""
    console.say(kept.outcome(kept.run(service, lambda _, upkeep: upkeep.replay(name), LocalSettings())))


@quarantine.command()
def repair(name: str, file: Path, service: str = "intake") -> None:
    """Decide it again with the bytes of a file in the place of what came."""
    mended = contents(file)
    console.say(kept.outcome(kept.run(service, lambda _, upkeep: upkeep.replay(name, mended), LocalSettings())))


@quarantine.command()
def discard(name: str, reason: str, service: str = "intake") -> None:
    """Nothing follows from it. The reason is a code of the list, not a sentence."""
    kept.run(service, lambda _, upkeep: upkeep.discard(name, reason), LocalSettings())
    console.say("discarded")


@parked.command()
def release(subject: str, service: str = "intake") -> None:
    """Decide what waits, in order; what fails again stays."""
    console.say(kept.outcome(kept.run(service, lambda _, upkeep: upkeep.release(subject), LocalSettings())))
