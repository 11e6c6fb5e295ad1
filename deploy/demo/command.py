"""The network of invented people, played from the command line."""

import os
import time
from typing import Annotated

import typer

from deploy import console
from deploy.demo import run
from deploy.local import state
from deploy.local.commands import INTERRUPTED, chosen, started
from deploy.local.stack import supervisor
from deploy.running import Running

app = typer.Typer()


@app.command()
def demo(
    people: Annotated[int, typer.Option("--people", help="How many invented people are referred.")] = 200,
    detach: Annotated[bool, typer.Option("--detach", "-d", help="Return once it is fed, and leave it running.")] = False,
) -> None:
    """Start everything, feed it an invented network, and print where to look. Ctrl-C stops it all."""
    settings = chosen()
    os.environ["THROUGHLINE_DEMO_DATA"] = "true"
    console.say("starting; the first time, Kafka and the database are fetched and built (about five minutes)")
    try:
        soon = run.people_soon(people)
        started(settings)
        run.play(Running(settings), people, console.say, soon)
        if not detach:
            console.say("running; Ctrl-C stops everything")
        while not detach and supervisor(settings.state):
            time.sleep(0.5)
    except KeyboardInterrupt:
        console.say(f"stopped: {', '.join(state.stop(settings.state))}")
        raise typer.Exit(INTERRUPTED) from None
