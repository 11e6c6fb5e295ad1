"""Crisis routing, wired: what it hears, what it decides, what it says. Contacts come by a stream of their own."""

from contracts import catalogue, crisis_routing, shift_ends
from infra import measuring
from infra.app import App, run
from infra.service import Service
from services.crisis_routing import domain, measures
from services.crisis_routing.api import ACCESS, ROUTES
from services.crisis_routing.commands import COMMANDS

SERVICE = Service(
    name="crisis_routing",
    topic=catalogue.topic_of("crisis_routing"),
    states=domain.STATES,
    hears={event.type: event for event in domain.HEARS},
    commands={command.type: command for command in COMMANDS},
    says={event.type: event for event in (*shift_ends.EVENTS, *crisis_routing.EVENTS)},
    route=domain.route,
    decide=domain.decide,
    evolve=domain.evolve,
    deadlines=domain.deadlines,
    whose=domain.whose,
    parties=("team", "facility", "program"),
    steward="role/crisis-desk",
)
APP = App(
    SERVICE,
    topics=[topic.name for topic in catalogue.heard_by("crisis_routing") if topic.name != catalogue.CRISIS_INTAKE],
    streams={"crisis": (catalogue.CRISIS_INTAKE,)},
    sweeps="crisis",
    partitions=catalogue.partitions_of,
    commands=ROUTES,
    access=ACCESS,
    pages=measuring.pages(SERVICE, measures.KINDS, measures.response),
)

if __name__ == "__main__":
    run(APP)
