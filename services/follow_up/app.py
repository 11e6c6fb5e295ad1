"""Follow-up, wired: what it hears, what it decides, what it says."""

from contracts import catalogue
from contracts.members import MEMBERS
from infra import measuring
from infra.app import App, run
from infra.service import Service
from services.follow_up import domain, measures
from services.follow_up.api import ACCESS, ROUTES
from services.follow_up.commands import COMMANDS

SERVICE = Service(
    name="follow_up",
    topic=catalogue.topic_of("follow_up"),
    states=domain.STATES,
    hears={event.type: event for event in domain.HEARS},
    commands={command.type: command for command in COMMANDS},
    says={event.type: event for event in catalogue.CARE},
    route=domain.route,
    decide=domain.decide,
    evolve=domain.evolve,
    deadlines=domain.deadlines,
    parties=("program", "partner", "facility", "owner"),
    members=MEMBERS,
)
APP = App(
    SERVICE,
    topics=[topic.name for topic in catalogue.heard_by("follow_up")],
    partitions=catalogue.partitions_of,
    commands=ROUTES,
    access=ACCESS,
    pages=measuring.pages(SERVICE, measures.KINDS, measures.measures),
)

if __name__ == "__main__":
    run(APP)
