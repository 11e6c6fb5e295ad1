"""Each alert exactly once in effect: whatever comes twice, whenever a process dies, in whatever order aggregates are heard."""

import asyncio
from collections import Counter
from datetime import timedelta
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from services.notification.alerts import Alerts
from services.notification.commands import SetAway
from services.notification.notices import Notice
from services.notification.recipients import Recipient, recipient
from tests.notification.house import LEASE, House
from tests.notification.stories import ANA, BEN, CARL, COORDINATOR, DAY, HOUR, MINUTE, NINE, accepted, no_program, unanswered

ITEMS = st.integers(0, 3).map(lambda n: f"placement/{n}")
LATENESSES = st.builds(
    no_program, st.sampled_from(["emergency", "urgent", "routine"]), st.sampled_from([COORDINATOR, ANA, BEN]),
    st.integers(1, 3).map(lambda n: NINE + n * HOUR),
)  # fmt: skip
PEOPLE = st.sampled_from([ANA, BEN, CARL])
MOODS = st.sampled_from(["take", "defer", "refuse", "drop", "die-before", "die-after"])


class Once(RuleBasedStateMachine):
    """The network speaks, time passes, everything goes wrong; then what was told is counted."""

    @initialize()
    def begin(self) -> None:
        self.loop = asyncio.new_event_loop()
        self.house = self.run(House().open())
        self.heard = len(self.house.log)

    def run(self, work: Any) -> Any:
        return self.loop.run_until_complete(work)

    @rule(item=ITEMS, event=LATENESSES)
    def something_is_late(self, item: str, event: Any) -> None:
        self.house.say(item, event)

    @rule(item=ITEMS)
    def a_program_is_silent(self, item: str) -> None:
        self.house.say(item, unanswered())

    @rule(item=ITEMS)
    def somebody_acts(self, item: str) -> None:
        self.house.say(item, accepted())

    @rule(order=st.randoms(use_true_random=False))
    def it_is_heard(self, order: Any) -> None:
        """In order within an aggregate, in any order across them."""
        fresh, self.heard = self.house.log[self.heard :], len(self.house.log)
        by_subject: dict[str, list[Any]] = {}
        for record in fresh:
            by_subject.setdefault(dict(record.headers)["ce_subject"].decode(), []).append(record)
        while by_subject:
            subject = order.choice(sorted(by_subject))
            self.run(self.house.take([by_subject[subject].pop(0)]))
            if not by_subject[subject]:
                del by_subject[subject]

    @rule()
    def the_whole_log_comes_again(self) -> None:
        before = len(self.house.tables.facts)
        self.run(self.house.take(self.house.log[: self.heard]))
        assert len(self.house.tables.facts) == before

    @rule(moods=st.lists(MOODS, max_size=6))
    def the_mail_system_has_moods(self, moods: list[str]) -> None:
        self.house.mail.moods = moods

    @rule()
    def the_process_dies(self) -> None:
        self.house.start()

    @rule(who=PEOPLE, backup=PEOPLE | st.none(), time=st.sampled_from([20 * MINUTE, 9 * DAY]))
    def somebody_goes_away(self, who: str, backup: str | None, time: timedelta) -> None:
        away = SetAway(until=self.house.clock.now() + time, backup=backup)
        assert self.run(self.house.ask(away, who, recipient(who))).kind == ("refused" if backup == who else "event")

    @rule(time=st.sampled_from([timedelta(seconds=1), LEASE, 20 * MINUTE, 5 * HOUR, DAY]))
    def time_passes(self, time: timedelta) -> None:
        self.run(self.house.pass_time(time, time / 2))

    @invariant()
    def every_alert_is_raised_once(self) -> None:
        raised = Counter((one.item, one.rule, one.milestone, one.level) for one in self.house.raised())
        assert max(raised.values(), default=1) == 1
        assert len({one.alert for one in self.house.raised()}) == len(raised)

    @invariant()
    def nobody_is_told_of_an_alert_in_two_messages(self) -> None:
        told = Counter((one.to, entry.alert) for one in self.house.queued() for entry in one.entries)
        assert max(told.values(), default=1) == 1
        for letters in self.house.mail.taken.values():
            assert len({(letter.address, letter.id, letter.at) for letter in letters}) == 1

    def teardown(self) -> None:
        """All is mended; after a while everybody was told, or it was acted on; and every state is the fold of its facts."""
        self.house.mail.moods = []
        self.it_is_heard_in_order()
        self.run(self.house.pass_time(2 * DAY, HOUR))
        self.run(self.house.work(100))
        notices = self.states("notice", Notice).values()
        assert {one.status for one in notices} <= {"sent", "delivered", "withdrawn"}
        held = {(who.partition("/")[2], one) for who, state in self.states("recipient", Recipient).items() for one in state.held}
        assert [one for _, one in held if one.until <= self.house.clock.now()] == []
        reached = {(one.to, entry.alert) for one in notices for entry in one.entries if one.status != "withdrawn"}
        reached |= {(who, one.entry.alert) for who, one in held}
        standing = [ladder for state in self.states("alert", Alerts).values() for ladder in state.ladders]
        assert {(person, ladder.alert) for ladder in standing for person in ladder.told if person not in ladder.left} <= reached
        assert self.run(self.house.wrong()) == []
        assert self.house.seen.failures == []
        self.loop.close()

    def states(self, kind: str, of: Any) -> dict[str, Any]:
        rows = self.house.tables.aggregates.items()
        return {name: of.model_validate_json(row.state) for name, row in rows if name.startswith(f"{kind}/") and row.state}

    def it_is_heard_in_order(self) -> None:
        self.run(self.house.take(self.house.log[self.heard :]))
        self.heard = len(self.house.log)


Once.TestCase.settings = settings(max_examples=20, stateful_step_count=25, deadline=None, suppress_health_check=list(HealthCheck))
TestOnce = Once.TestCase
