"""Authorization, wired: what it hears, what it decides, what it says."""

from contracts import authorization, authorization_lines, catalogue, members, payers
from contracts.members import MEMBERS
from infra import measuring
from infra.app import App, run
from infra.service import Service
from services.authorization import domain, measures
from services.authorization.api import ACCESS, ROUTES
from services.authorization.commands import COMMANDS

SAYS = (*members.EVENTS, *payers.EVENTS, *authorization.EVENTS, *authorization_lines.EVENTS)
SERVICE = Service(
    name="authorization",
    topic=catalogue.topic_of("authorization"),
    states=domain.STATES,
    hears={event.type: event for event in domain.HEARS},
    commands={command.type: command for command in COMMANDS},
    says={event.type: event for event in SAYS},
    route=domain.route,
    decide=domain.decide,
    evolve=domain.evolve,
    deadlines=domain.deadlines,
    parties=("program", "owner"),
    members=MEMBERS,
)
APP = App(
    SERVICE,
    topics=[topic.name for topic in catalogue.heard_by("authorization")],
    partitions=catalogue.partitions_of,
    commands=ROUTES,
    access=ACCESS,
    pages=measuring.pages(SERVICE, measures.KINDS, measures.turnaround),
)

if __name__ == "__main__":
    run(APP)
