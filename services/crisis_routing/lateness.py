"""When a step of a crisis is late: its owner is warned, it is told once, and what a late report shows to be wrong is taken back."""

from contracts import clocks
from contracts.crisis_lateness import EpisodeOverdue, EpisodeWarned
from contracts.kernel import Deadline, DeadlinePassed
from services.crisis_routing.rules import RULES
from services.crisis_routing.steps import Case, Decided


def passed(case: Case, data: DeadlinePassed) -> Decided:
    """The time of a step is over, or partly used up. A clock that stands no more is nothing."""
    step, clock = case.episode.telling, Deadline(data.name, data.about, data.at)
    if step is None or clock not in clocks.deadlines(step):
        return ()
    said = step.model_dump(include={"action", "rule", "due", "owner", "waiting_on"})
    if case.now < step.due:
        return ((case.subject, EpisodeWarned(**said, warns_at=clocks.still_to_come(step, case.now))),)
    late = EpisodeOverdue(**said, **RULES.cited(step.rule), late_minutes=clocks.late_minutes(step, case.now))
    return ((case.subject, late),)
