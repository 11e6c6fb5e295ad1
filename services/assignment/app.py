"""Assignment, wired: what it hears, what it decides, what it says."""

from contracts import catalogue
from infra.app import App, run
from infra.service import Service
from services.assignment import domain
from services.assignment.api import ACCESS, BULK, ROUTES
from services.assignment.commands import COMMANDS

SERVICE = Service(
    name="assignment",
    topic=catalogue.topic_of("assignment"),
    states=domain.STATES,
    hears={event.type: event for event in domain.HEARS},
    commands={command.type: command for command in COMMANDS},
    says={event.type: event for event in catalogue.PLACING},
    route=domain.route,
    decide=domain.decide,
    evolve=domain.evolve,
    deadlines=domain.deadlines,
    whose=domain.whose,
)
APP = App(
    SERVICE,
    topics=[topic.name for topic in catalogue.heard_by("assignment")],
    partitions=catalogue.partitions_of,
    commands=ROUTES,
    bulk=BULK,
    access=ACCESS,
)

if __name__ == "__main__":
    run(APP)
