"""Notification, wired: what it hears, what it decides, what it says, and how that leaves the house."""

from contracts import catalogue
from infra.app import App, run
from infra.process import Parts
from infra.service import Service
from services.notification import domain
from services.notification.api import ACCESS, ROUTES
from services.notification.channels import channels
from services.notification.commands import COMMANDS
from services.notification.composing import Composer
from services.notification.pages import pages
from services.notification.sending import Sender
from services.notification.smtp import PLACES_MAX
from services.notification.sources import CRISIS_TOPICS

HEARD = catalogue.heard_by("notification")
SERVICE = Service(
    name="notification",
    topic=catalogue.topic_of("notification"),
    states=domain.STATES,
    hears={event.type: event for topic in HEARD for event in topic.events},
    commands={command.type: command for command in COMMANDS},
    says={event.type: event for event in catalogue.TELLING},
    route=domain.route,
    decide=domain.decide,
    evolve=domain.evolve,
    deadlines=domain.deadlines,
    errand=domain.errand,
    whose=domain.whose,
)


def sender(made: Parts) -> Sender:
    settings = made.settings
    composer = Composer(settings.alerts_url or settings.board_url, settings.demo_data)
    return Sender(made.vault, channels(settings), composer)


APP = App(
    SERVICE,
    topics=[topic.name for topic in HEARD if topic.name not in CRISIS_TOPICS],
    streams={"crisis": CRISIS_TOPICS},
    partitions=catalogue.partitions_of,
    lanes_max=1,
    commands=ROUTES,
    access=ACCESS,
    performer=sender,
    pools={"crisis": 256, "other": 256},
    lane_max=PLACES_MAX,
    pages=pages,
)

if __name__ == "__main__":
    run(APP)
