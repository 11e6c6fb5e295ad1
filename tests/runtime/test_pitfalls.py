"""Pitfalls that were once fallen into, each as what must hold; the two that are marked do not hold yet."""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta

import orjson
import pytest

from contracts.assignment import PlacementAccepted
from contracts.kernel import DeadlinePassed, Early, Fact, Reason, Refused, Route
from infra import bus, settle
from infra.envelope import headers
from infra.packing import Oversize
from infra.problems import Problem
from infra.publisher import PublishFailed
from infra.records import Record
from infra.restore import rebuilt
from infra.service import Service
from infra.store import FactRow, Unavailable
from infra.store.memory import MemoryStore
from infra.upkeep import Upkeep
from services.intake.commands import AcknowledgeRequest
from tests.intake.desk import PERSON, Desk, request
from tests.runtime.accounts import SERVICE, Asked, Bench, Bomb, Credit, Credited, Reminded, account_of, asked, heard
from tests.runtime.test_settling import due_loop

ONE = {"number": "1", "amount": 5}
assert bus


@pytest.fixture
async def bench(monkeypatch: pytest.MonkeyPatch) -> Bench:
    made = Bench()
    await made.vault.open(create=True)
    monkeypatch.setattr(settle, "TRIES", 4)
    return made


@pytest.fixture
async def desk(monkeypatch: pytest.MonkeyPatch) -> Desk:
    made = Desk()
    await made.vault.open(create=True)
    monkeypatch.setattr(settle, "TRIES", 4)
    return made


def with_service(bench: Bench, service: Service) -> None:
    bench.settler.service = service


# — loss


async def test_two_systems_of_one_sender_may_number_alike(bench: Bench) -> None:
    one, two = ({"type": Asked.type, "id": "1", "source": source} for source in ("/emr", "/crm"))
    records = [Record("in-acme", 0, n, tuple(headers(names)), orjson.dumps([{"number": str(n)}])) for n, names in enumerate((one, two))]
    assert await bench.take(*records) == ["event", "event"]


@pytest.mark.xfail(strict=True, reason="another message under a used id is dropped, and nobody is told")
async def test_another_message_under_a_used_id_is_not_dropped_in_silence(bench: Bench) -> None:
    assert await bench.take(asked(1, ONE, id="constant")) == ["event"]
    told = len([row for row in bench.log.rows if row.topic == "out"])
    outcome = await bench.take(asked(2, {"number": "2", "amount": 9}, id="constant"))
    assert outcome != ["duplicate"] or len([row for row in bench.log.rows if row.topic == "out"]) > told


async def test_a_new_request_under_a_withdrawn_reference_is_never_called_a_duplicate(desk: Desk) -> None:
    await desk.send("requested", request())
    await desk.send("withdrawn", {"reference": "R-1", "reason": "moved"})
    await desk.send("requested", request(urgency="emergency", requested_at="2026-03-02T08:50:00Z"))
    assert desk.answers()[-1].get("outcome") != "duplicate"


async def test_a_repair_that_bears_no_entry_is_no_repair(bench: Bench) -> None:
    await bench.take(asked(1, {"verdict": "quarantine", **ONE}))
    (name,) = [receipt.id for receipt in bench.tables.receipts.values() if receipt.state == "quarantined"]
    with suppress(Problem):
        await Upkeep(bench.settler, bench.replayer, "staff/7").replay(name, b"[]")
    assert bench.tables.receipts[name].state == "quarantined"
    assert "input.repaired.v1" not in bench.said()


async def test_a_deadline_that_failed_fires_after_the_release(bench: Bench) -> None:
    def broken(message, world, now):  # type: ignore[no-untyped-def]
        if isinstance(message.data, DeadlinePassed):
            raise Bomb
        return SERVICE.decide(message, world, now)

    await bench.take(asked(1, ONE))
    with_service(bench, replace(SERVICE, decide=broken))
    bench.clock.advance(timedelta(hours=2))
    await due_loop(bench).sweep()
    with_service(bench, SERVICE)
    await Upkeep(bench.settler, bench.replayer, "staff/7").release(account_of("1"))
    for _ in range(3):
        await due_loop(bench).sweep()
    assert Reminded.type in bench.said()


# — stalls


async def test_an_amendment_may_repeat_the_identifier_that_we_know(desk: Desk) -> None:
    await desk.send("requested", request())
    assert await desk.send("amended", {"reference": "R-1", "person": PERSON | {"phone": "555-0100"}}) == ["event"]


async def test_what_is_told_of_an_erased_record_stops_no_neighbour(bench: Bench) -> None:
    await bench.vault.erase(account_of("1"))
    outcomes = await bench.take(asked(1, {"number": "1", "holder": "Somebody"}), asked(2, {"number": "2", "amount": 1}))
    assert outcomes[1] == "event"


async def test_a_state_that_cannot_be_read_stops_no_neighbour(bench: Bench) -> None:
    await bench.take(asked(1, ONE))
    bench.tables.aggregates[account_of("1")].state = b'{"balance":"changed"}'
    assert (await bench.take(asked(2, ONE), asked(3, {"number": "2", "amount": 1})))[1] == "event"


async def test_a_state_that_cannot_be_read_stops_no_other_deadline(bench: Bench) -> None:
    await bench.take(asked(1, ONE), asked(2, {"number": "2", "amount": 1}))
    bench.tables.aggregates[account_of("1")].state = b'{"balance":"changed"}'
    bench.clock.advance(timedelta(hours=2))
    try:
        await due_loop(bench).sweep()
    finally:
        assert Reminded.type in bench.said("2")


async def test_a_kept_input_whose_key_is_gone_stops_no_other_deadline(bench: Bench) -> None:
    def waiting(message, world, now):  # type: ignore[no-untyped-def]
        unborn = isinstance(message.data, Asked) and message.data.amount == 3
        return Early(account_of("1")) if unborn else SERVICE.decide(message, world, now)

    with_service(bench, replace(SERVICE, decide=waiting))
    await bench.take(asked(1, {"number": "1", "amount": 3}), asked(2, {"number": "2", "amount": 1}))
    (name,) = [receipt.id for receipt in bench.tables.receipts.values() if receipt.state == "early"]
    await bench.vault.erase(name)
    bench.clock.advance(timedelta(hours=2))
    try:
        await due_loop(bench).sweep()
    finally:
        assert Reminded.type in bench.said("2")


async def test_a_message_of_ours_refused_before_its_aggregate_was_born_may_come_again(bench: Bench) -> None:
    def strict(message, world, now):  # type: ignore[no-untyped-def]
        return Refused((Reason("T-9"),)) if isinstance(message.data, Credited) else SERVICE.decide(message, world, now)

    with_service(bench, replace(SERVICE, decide=strict))
    record = heard("other/1", 1, Credited(amount=1, to=account_of("1")))
    assert await bench.take(record) == ["quarantined"]
    assert await bench.take(record) == ["duplicate"]


async def test_a_message_of_ours_that_cannot_be_routed_may_come_again(bench: Bench) -> None:
    def lost(message, blind):  # type: ignore[no-untyped-def]
        if isinstance(message.data, Credited):
            raise Bomb
        return SERVICE.route(message, blind)

    with_service(bench, replace(SERVICE, route=lost))
    record = heard("other/1", 1, Credited(amount=1, to=account_of("1")))
    assert await bench.take(record) == ["quarantined"]
    assert await bench.take(record) == ["duplicate"]


async def test_a_returned_message_may_come_again_after_its_receipt_expired(bench: Bench) -> None:
    record = asked(1, {"verdict": "return", "number": "1"})
    assert await bench.take(record) == ["refused"]
    bench.tables.receipts.clear()  # what the expiry index does after 30 days
    assert await bench.take(record) == ["refused"]


class OneBadTopic:
    """A broker on which one topic cannot be spoken on."""

    def __init__(self, error: Exception) -> None:
        self.error, self.rows, self.calls = error, list[FactRow](), 0

    async def publish(self, rows: Sequence[FactRow]) -> None:
        self.calls += 1
        bad = [row for row in rows if row.topic == "out" and row.key == "1"]
        self.rows += [row for row in rows if row.topic != "out"]
        if bad:
            raise self.error


async def test_one_topic_that_fails_presses_nobody_else(bench: Bench) -> None:
    await bench.take(asked(0, ONE))
    bench.settler.publisher, loop = OneBadTopic(PublishFailed(["out"], "TopicUnknown")), due_loop(bench)
    for n in range(1, 20):
        await bench.take(asked(n, {"number": "1", "amount": 1}), *(asked(100 * n + m, {"number": "2", "amount": 1}) for m in range(9)))
        bench.clock.advance(timedelta(seconds=1))
        await loop.sweep()
    left = sum(len(facts) for facts in bench.tables.unmarked.values())
    assert left > 0
    assert bench.settler.owed == 0, "an outside topic that fails is nobody's but its own"


async def test_what_was_acknowledged_beside_a_failing_topic_is_not_sent_for_ever(bench: Bench) -> None:
    bench.settler.publisher = broken = OneBadTopic(PublishFailed(["out"], "TopicUnknown"))
    await bench.take(asked(1, ONE))
    bench.clock.advance(timedelta(seconds=1))
    loop = due_loop(bench)
    for _ in range(10):
        await loop.sweep()
    assert len(broken.rows) <= 4


async def test_a_fact_that_does_not_fit_its_topic_does_not_make_the_due_loop_spin(bench: Bench) -> None:
    class Narrow(OneBadTopic):
        async def publish(self, rows: Sequence[FactRow]) -> None:
            if large := [row.id for row in rows if row.topic == "out"]:
                raise Oversize(large)

    bench.settler.publisher = Narrow(Oversize([]))
    await bench.take(asked(1, ONE))
    bench.clock.advance(timedelta(seconds=1))
    loop = due_loop(bench)
    await loop.sweep()
    assert not await loop.sweep()


async def test_messages_that_go_on_coming_do_not_put_off_the_steward(bench: Bench) -> None:
    loop = due_loop(bench)
    for n in range(1, 8):
        await bench.take(heard("other/1", n, Credited(amount=1, to=account_of("1"))))
        bench.clock.advance(timedelta(minutes=10))
        await loop.sweep()
    assert "message.overdue.v1" in bench.said()


async def test_what_is_kept_of_a_record_is_not_many_times_the_record(desk: Desk) -> None:
    event = {"specversion": "1.0", "type": "referral.withdrawn.v1", "data": {"partner": "another", "reference": "R", "reason": "x" * 90}}
    record = Record("partner-in-riverbend", 0, 1, (("content-type", b"application/cloudevents-batch+json"),), orjson.dumps([event] * 300))
    outcomes = await desk.settler.settle(list(desk.reader.items(record)))
    assert [outcome.kind for outcome in outcomes] == ["quarantined"] * 20 + ["refused"] * 280
    assert desk.answers()[-1]["issues"][0]["code"] == "TL-4006"


# — order, twice, wrong


async def test_a_build_that_meets_a_newer_schema_waits(bench: Bench) -> None:
    await bench.take(asked(1, ONE))
    bench.tables.aggregates[account_of("1")].sv = SERVICE.schema + 1
    with suppress(Exception):
        await bench.take(asked(2, ONE))
    assert bench.tables.aggregates[account_of("1")].v == 1


async def test_a_restored_aggregate_is_parked_if_it_was(bench: Bench) -> None:
    await bench.take(asked(1, ONE), asked(2, {"number": "1", "amount": 666}))
    assert bench.tables.aggregates[account_of("1")].parked
    facts = [row for row in bench.log.rows if row.aggregate == account_of("1") and row.topic == SERVICE.topic]
    (row,) = rebuilt(SERVICE, {}, facts, {}).aggregates
    assert row.parked


async def test_a_sender_who_withdrew_is_not_told_of_an_acceptance_after_it(desk: Desk) -> None:
    await desk.send("requested", request())
    await desk.send("withdrawn", {"reference": "R-1", "reason": "moved"})
    placement = desk.one("request")[0].replace("request/", "placement/")
    await desk.hear(placement, 1, PlacementAccepted(program="p", by="staff/9", released=()))
    assert [one["task_status"] for one in desk.answers() if "task_status" in one][-1] == "cancelled"


async def test_a_repaired_input_waits_behind_a_parked_aggregate(bench: Bench) -> None:
    await bench.take(asked(1, ONE), asked(2, {"verdict": "quarantine", **ONE}), asked(3, {"number": "1", "amount": 666}))
    (name,) = [receipt.id for receipt in bench.tables.receipts.values() if receipt.state == "quarantined"]
    (outcome,) = await Upkeep(bench.settler, bench.replayer, "staff/7").replay(name, orjson.dumps([ONE]))
    assert outcome.kind == "parked"
    assert bench.state("1").balance == 5


@pytest.mark.xfail(strict=True, reason="a waiting message is looked for only where it waits, not where it will write")
async def test_a_source_keeps_its_order_in_every_aggregate_that_a_waiting_message_will_change(bench: Bench) -> None:
    two = account_of("2")

    def both(message, blind):  # type: ignore[no-untyped-def]
        return Route((account_of("1"), two)) if message.sequence == 1 else SERVICE.route(message, blind)

    def decide(message, world, now):  # type: ignore[no-untyped-def]
        if message.sequence != 1:
            return SERVICE.decide(message, world, now)
        return Early(account_of("1")) if world[account_of("1")] is None else [Fact(two, Credited(amount=100))]

    with_service(bench, replace(SERVICE, route=both, decide=decide))
    await bench.take(asked(2, {"number": "2", "amount": 1}))
    await bench.take(heard("other/1", 1, Credited(amount=100, to=two)), heard("other/1", 2, Credited(amount=7, to=two)))
    await bench.take(asked(1, ONE))
    await due_loop(bench).sweep()
    amounts = [
        orjson.loads(row.data)["amount"] for row in bench.log.rows if row.aggregate == two and row.attributes["type"] == Credited.type
    ]
    assert amounts == [1, 100, 7]


async def test_two_answers_to_one_input_have_two_ids(bench: Bench) -> None:
    def mended(message, world, now):  # type: ignore[no-untyped-def]
        return Refused((Reason("T-3"),)) if getattr(message.data, "amount", 0) == 666 else SERVICE.decide(message, world, now)

    await bench.take(asked(1, ONE), asked(2, {"number": "1", "amount": 666}))
    with_service(bench, replace(SERVICE, decide=mended))
    await Upkeep(bench.settler, bench.replayer, "staff/7").release(account_of("1"))
    told = [(row.attributes["id"], orjson.loads(row.data)["verdict"]) for row in bench.log.rows if row.topic == "out"]
    assert [verdict for _, verdict in told] == ["event", "quarantine", "return"]
    assert len({id for id, _ in told}) == 3


async def test_a_sender_is_told_of_what_is_kept_behind_a_parked_aggregate(bench: Bench) -> None:
    await bench.take(asked(1, ONE), asked(2, {"number": "1", "amount": 666}), asked(3, {"number": "1", "amount": 7}))
    assert len([row for row in bench.log.rows if row.topic == "out"]) == 3


async def test_a_repair_whose_fact_could_not_be_written_can_be_finished(bench: Bench) -> None:
    await bench.take(asked(1, {"verdict": "quarantine", **ONE}))
    (name,) = [receipt.id for receipt in bench.tables.receipts.values() if receipt.state == "quarantined"]
    commits = []

    async def pause(point: str) -> None:
        if point == "commit:begin":
            commits.append(point)
            if len(commits) == 2:
                raise Unavailable

    bench.settler.store = MemoryStore(bench.tables, pause=pause)
    steward = Upkeep(bench.settler, bench.replayer, "staff/7")
    for _ in range(2):
        try:
            await steward.replay(name, orjson.dumps([ONE]))
        except (Unavailable, Problem):
            continue
    assert "input.repaired.v1" in bench.said()


async def test_a_command_that_cannot_be_routed_fails_and_leaves_nothing(bench: Bench) -> None:
    def closed(message, blind):  # type: ignore[no-untyped-def]
        if isinstance(message.data, Credit):
            raise Unavailable("the vault is not open")
        return SERVICE.route(message, blind)

    await bench.take(asked(1, ONE))
    with_service(bench, replace(SERVICE, route=closed))
    with suppress(Unavailable):
        assert (await bench.command(account_of("1"), Credit(amount=1))).kind == "failed"
    with_service(bench, SERVICE)
    assert (await bench.command(account_of("1"), Credit(amount=1))).kind == "event"


# — security


async def test_the_part2_label_is_on_every_fact_of_a_request(desk: Desk) -> None:
    await desk.send("requested", request(sensitivity="part2", consent="C-1"))
    await desk.command(desk.one("request")[0], AcknowledgeRequest())
    inner = [row.attributes for row in desk.log.rows if row.topic == "intake-events"]
    assert {attributes.get("sensitivity") for attributes in inner} == {"part2"}
    assert {attributes.get("consentid") for attributes in inner} == {"C-1"}
