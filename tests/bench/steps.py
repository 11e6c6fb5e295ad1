"""Where the CPU of a process goes, by step: its stack is looked at every few milliseconds of its CPU time (SIGPROF).

A sample belongs to the first row of the table whose function is on the stack; what is on none of them is named too, so that the
shares add up to the whole.
"""

import signal
from collections import Counter
from types import FrameType

EVERY_S = 0.002
TABLE = (
    ("infra/inbound.py", "items", "parse and door"),
    ("infra/settle.py", "_route", "route and claims"),
    ("infra/deciding.py", "decide", "decide"),
    ("infra/sealing.py", "", "seal"),
    ("infra/rows.py", "changes", "encode"),
    ("infra/vault.py", "keys", "data keys"),
    ("infra/store/mongo.py", "mark", "mark"),
    ("infra/store/commands.py", "", "encode"),
    ("infra/store/documents.py", "_insert", "encode"),
    ("infra/settle.py", "_load", "load"),
    ("infra/store/mongo.py", "claims", "load"),
    ("infra/store/mongo.py", "receipts", "load"),
    ("infra/store/mongo.py", "load", "load"),
    ("infra/store/mongo.py", "_borrowing", "commit"),
    ("infra/store/mongo.py", "commit", "commit"),
    ("infra/store/mongo.py", "unpublished", "publish"),
    ("infra/publisher.py", "publish", "publish"),
    ("infra/lane.py", "_commit", "offsets"),
    ("infra/due.py", "", "due loop"),
    ("infra/watching.py", "", "metrics and spans"),
    ("infra/settle.py", "", "runtime, other"),
    ("infra/runtime.py", "", "runtime, other"),
    ("infra/lane.py", "", "runtime, other"),
    ("faststream/", "consume", "framework"),
    ("aiokafka/producer/", "", "publish"),
    ("aiokafka/consumer/", "", "fetch"),
    ("aiokafka/", "", "broker connections"),
    ("pymongo/", "", "database connections"),
)
REST = "event loop and other"
STEPS = (*dict.fromkeys(step for _, _, step in TABLE), REST)


class Sampler:
    """Counts samples by step while it runs."""

    def __init__(self) -> None:
        self.samples: Counter[str] = Counter()

    def start(self) -> None:
        signal.signal(signal.SIGPROF, self._sample)
        signal.setitimer(signal.ITIMER_PROF, EVERY_S, EVERY_S)

    def stop(self) -> dict[str, float]:
        """Shares of the whole, by step."""
        signal.setitimer(signal.ITIMER_PROF, 0)
        every = sum(self.samples.values()) or 1
        return {step: self.samples[step] / every for step in STEPS if self.samples[step]}

    def _sample(self, number: int, frame: FrameType | None) -> None:
        self.samples[step_of(frame)] += 1


def step_of(frame: FrameType | None) -> str:
    """The step that this stack is in."""
    stack = []
    while frame is not None:
        stack.append((frame.f_code.co_filename, frame.f_code.co_name))
        frame = frame.f_back
    return next((step for path, name, step in TABLE if any(path in file and name in function for file, function in stack)), REST)
