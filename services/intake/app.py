"""The front door, wired: what it hears, what it decides, what it says."""

from contracts import answers as told
from contracts import catalogue, crisis_intake
from infra.app import App, run
from infra.outward import Outward
from infra.records import Received
from infra.service import Arrival, Service
from services.intake import answers, api, domain, submissions
from services.intake.commands import COMMANDS
from services.intake.door import entries


def door(partner: str, record: Received) -> tuple[Arrival, ...]:
    """A partner's record, entry by entry."""
    return entries(partner, dict(record.headers), record.value)


SERVICE = Service(
    name="intake",
    topic=catalogue.topic_of("intake"),
    states=domain.STATES,
    hears={event.type: event for event in domain.HEARS},
    commands={command.type: command for command in COMMANDS},
    says={event.type: event for event in (*catalogue.FRONT_DOOR, *crisis_intake.EVENTS)},
    route=domain.route,
    decide=domain.decide,
    evolve=domain.evolve,
    deadlines=domain.deadlines,
    outside=catalogue.PARTNER_IN,
    door=door,
    aside={"contact": catalogue.CRISIS_INTAKE},
    apart={"crisis": "crisis-"},
    outward={told.AuthorizationRequested.type: Outward(submissions.Sealed, submissions.opened)},
    answer=answers.of_entry,
)
APP = App(
    SERVICE,
    topics=[topic.name for topic in catalogue.heard_by("intake")],
    partitions=catalogue.partitions_of,
    commands=api.COMMANDS,
    access=api.ACCESS,
    answers_on=catalogue.PARTNER_OUT,
)

if __name__ == "__main__":
    run(APP)
