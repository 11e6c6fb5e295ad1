"""The mistakes: one small edit each, and what must notice it.

A killer is a test (`test_keeping.py::test_…`, in tests/mutants; or a path below tests/) or `seeds:first+count` of the simulation.
Every killer passes without the mistake. `old` stands exactly once in its file.
"""

from dataclasses import dataclass

from tests.mutants.entering import MISTAKES as ENTERING
from tests.mutants.following import MISTAKES

SETTLING, LANE, KEEPING = "runtime/test_settling.py", "mutants/test_lane.py", "mutants/test_keeping.py"
PASSING = "runtime/test_passing.py"
ERRANDS, LADDER, SILENCE = "runtime/test_errands.py", "notification/test_ladder.py", "notification/test_silence.py"
WAKING = "runtime/test_waking.py"
TELLING, SMTP = "notification/test_telling.py", "notification/test_smtp.py"
TELLING_PY, ALERTS_PY, NOTICES_PY = (f"services/notification/{name}.py" for name in ("telling", "alerts", "notices"))
ROSTER_PY, RECIPIENTS_PY, SMTP_PY = (f"services/notification/{name}.py" for name in ("roster", "recipients", "smtp"))
VIEWS = "intake/test_views.py"
FEEDS = "intake/test_feeds.py"
ERRANDS_PY = "infra/errands.py"


@dataclass(frozen=True)
class Mutant:
    name: str
    file: str
    old: str
    new: str
    killer: str


def test(file: str, sentence: str) -> str:
    return f"{file}::test_{sentence.replace(' ', '_')}"


SEEDS = "seeds:0+40"

COMMIT = """        if written:
            await self.store.commit(written)
"""
PUBLISH = """            await self.publisher.publish(await readable(self.service.outward, self.vault, rows))
        except PublishFailed"""

MUTANTS = (
    # — one transaction, checked versions
    Mutant("ignore a conflict", "infra/settle.py", COMMIT,
           "        try:\n            await self.store.commit(written)\n        except Conflict:\n            pass\n", SEEDS),
    Mutant("take an unknown commit for a success", "infra/settle.py", COMMIT,
           "        try:\n            await self.store.commit(written)\n        except Unknown:\n            pass\n", SEEDS),
    Mutant("blame a message for an unknown commit", "infra/settle.py", COMMIT,
           "        try:\n            await self.store.commit(written)\n"
           "        except Unknown:\n            raise Rejected from None\n", SEEDS),
    Mutant("halve and forget the second half", "infra/settle.py",
           "return [*await self.settle(items[:middle], poison), *await self.settle(items[middle:], poison)]",
           "return await self.settle(items[:middle], poison)", SEEDS),
    Mutant("leave receipts out of the transaction", "infra/rows.py", "return Changes(list(work.changed.values()), rows, receipts, dict",
           "return Changes(list(work.changed.values()), rows, [], dict", SEEDS),
    Mutant("leave claims out of the transaction", "infra/rows.py", "receipts, dict(work.claims)), rows", "receipts, {}), rows", SEEDS),
    Mutant("take a claim that is held", "infra/working.py",
           " for claim in fact.claims if claim not in self.held}", " for claim in fact.claims}", SEEDS),
    # — publishing
    Mutant("publish only what was just decided", "infra/settle.py", "        if doubtful:\n", "        if False:\n", SEEDS),
    Mutant("publish what others left only where the version is known", "infra/clean.py", "== _mark(subject, version)",
           "in (0, _mark(subject, version))", SEEDS),
    Mutant("publish others' later facts first", "infra/settle.py",
           "rows = sorted({row.id: row for row in (*left, *rows)}.values(), key=lambda row: row.id)",
           "rows = [*(row for row in left if row.id not in {one.id for one in rows}), *rows]", SEEDS),
    Mutant("publish in reverse", "infra/settle.py", PUBLISH, PUBLISH.replace("vault, rows)", "vault, rows[::-1])"), SEEDS),
    Mutant("mark before publishing", "infra/settle.py", PUBLISH,
           "            await self.store.mark_published([row.id for row in rows])\n" + PUBLISH, SEEDS),
    Mutant("take a failed publication for a success", "infra/settle.py",
           "failed = [row for row in rows if row.topic in error.topics or not error.topics]", "failed = []", SEEDS),
    Mutant("forget marks that failed", "infra/settle.py", "                self.unmarked += ids\n                raise",
           "                raise", test(KEEPING, "marks that failed are made later")),
    Mutant("never publish what a dead process left", "infra/due.py", "left = await self._publish_left(parts)", "left = False", SEEDS),
    Mutant("ids by chance", "infra/working.py",
           "derived(fact.subject, cause.id, str(index))", "derived(fact.subject, cause.id, str(index), __import__(\"uuid\").uuid4().hex)",
           test(KEEPING, "facts of the same decision have the same ids whoever decides")),
    # — hearing once, in order
    Mutant("ignore the watermark", "infra/deciding.py", "if item.message.sequence and any(", "if False and any(", SEEDS),
    Mutant("compare the watermark one off", "infra/working.py", "row.wm.get(item.source, 0) >= item.message.sequence",
           "row.wm.get(item.source, 0) > item.message.sequence", SEEDS),
    Mutant("raise no watermark", "infra/deciding.py",
           "        work.hear(item, targets)\n        if item.kind", "        if item.kind", SEEDS),
    Mutant("one sender's ids are another's", "infra/inbound.py",
           "derived(record.topic, *cause, arrival.pointer)", "derived(*cause, arrival.pointer)",
           test(SETTLING, "two senders may use the same event id")),
    Mutant("ignore receipts", "infra/deciding.py", "        if receipt:\n", "        if False:\n", SEEDS),
    Mutant("ignore what this batch has kept", "infra/working.py",
           "return self.receipts.get(id) or (kept.receipt if kept else self.loaded.receipts.get(id))",
           "return self.receipts.get(id) or self.loaded.receipts.get(id)",
           test(KEEPING, "a kept message that comes twice in a batch is kept once")),
    # — offsets
    Mutant("commit offsets before settling", "infra/lane.py", "            if await self._settled(records, generation):\n",
           "            await self._commit(records, generation)\n            if await self._settled(records, generation):\n", SEEDS),
    Mutant("commit offsets of another's partitions", "infra/lane.py", "for place, offset in offsets.items() if place in self.assigned}",
           "for place, offset in offsets.items()}", test(LANE, "no offset is committed for a partition of another")),
    Mutant("commit for an old generation", "infra/lane.py", "if generation == self._generation and mine and self.consumer:",
           "if mine and self.consumer:", test(LANE, "a batch from before a rebalance commits nothing")),
    Mutant("go on behind a failed batch", "infra/lane.py", "self.consumer.seek(place, offset)", "pass",
           test(LANE, "what could not be settled is read again from its first record")),
    Mutant("a lost commit fails the batch", "infra/lane.py",
           "except (KafkaError, AssertionError) as error:", "except AssertionError as error:",
           test(LANE, "a lost commit is no error and nothing ever leaves the lane")),
    Mutant("do not drain", "infra/lane.py",
           "if not self._idle.is_set():", "if False:", test(LANE, "a rebalance waits for the batch in hand")),
    Mutant("do not fence", "infra/lane.py", "        if unfenced := self._unfenced:\n            await self._fence(",
           "        if unfenced := self._unfenced:\n            str(",
           test(LANE, "whoever held a partition before is fenced off before the first record")),
    # — deadlines
    Mutant("sweep everybody's partitions", "infra/due.py", "parts = sorted(await self._owned())", "parts = list(range(24))",
           test(KEEPING, "only owned partitions are swept")),
    Mutant("fire a disarmed deadline", "infra/deciding.py",
           ".id in work.armed(subject):\n", ".id in work.armed(subject) or True:\n",
           test(KEEPING, "a deadline that fired meanwhile is disarmed")),
    Mutant("let what is due at once wait for the due loop", "infra/settle.py", "await self._pass(batch)", "pass",
           test(PASSING, "it passes in the same transaction")),
    Mutant("let what was due before pass with whatever comes", "infra/working.py", "old.due_at is None or old.due_at > self.now", "True",
           test(PASSING, "what was due before is the due loops")),
    Mutant("load nothing for a deadline of the batch", "infra/settle.py",
           "self.store.load, subjects - known)", "self.store.load, () if known else subjects)",
           test(PASSING, "whom it concerns beside is loaded for it")),
    Mutant("let deadlines pass in a batch that met a conflict", "infra/settle.py", "if not careful:", "if True:",
           test(PASSING, "after a conflict they are left to the due loop")),
    Mutant("count the turns of a batch as one", "infra/settle.py", '.v}.{turn}"', '.v}"',
           test(PASSING, "the same instant owed again within a batch and after it leads to facts of their own")),
    Mutant("fire a deadline again while it stands", "infra/working.py", "if row is None or one.id not in row.spent}", "}",
           test(SETTLING, "a deadline that was found twice fires once although it still stands")),
    Mutant("do not note what fired", "infra/deciding.py",
           '        if item.kind == "deadline":\n            work.spend(item)\n        own = ', "        own = ",
           test(KEEPING, "a deadline that changes nothing is not swept again")),
    Mutant("leave what is due to the next interval", "infra/settle.py", "        self._wake(work)\n", "",
           test(WAKING, "what is due by a commit is done at once")),
    Mutant("wake for what is due later", "infra/settle.py", "row.due_at is not None and row.due_at <= work.now", "row.due_at is not None",
           test(WAKING, "what is due later wakes nobody")),
    # — keeping and parking
    Mutant("drop what is early", "infra/deciding.py",
           'return self._keep(item, decision.waits_for, "early")', 'return Outcome("early")', SEEDS),
    Mutant("never look at early messages again", "infra/working.py", "if row.kept and not row.parked:", "if False:",
           test(SETTLING, "a message before its cause waits and its source keeps its order")),
    Mutant("let a source overtake its early message", "infra/deciding.py",
           "            if waits(row, item.source):\n", "            if False:\n", SEEDS),
    Mutant("let a released message overtake an early one", "infra/deciding.py",
           "first = not waits(work.rows.get(item.held_by), item.source, before=work.loaded.receipts[item.receipt].order)", "first = True",
           test(KEEPING, "a released message does not overtake an early one of its source")),
    Mutant("let a parked aggregate go on", "infra/deciding.py", "            if row and row.parked:\n", "            if False:\n",
           test(SETTLING, "a poison message parks its aggregate and no other")),
    Mutant("try a poison message for ever", "infra/deciding.py", "return self._failed(item, targets, error)", "raise",
           test(SETTLING, "a poison message parks its aggregate and no other")),
    Mutant("release too early", "infra/deciding.py", "        if holds_parked(row):\n", "        if False:\n",
           test(KEEPING, "an aggregate is not released while a message waits in it for a person")),
    Mutant("tell twice what is overdue", "infra/deciding.py",
           'if until <= work.now and f"told {receipt.order} {item.source}" not in row.kept:', "if until <= work.now and receipt.waits_for:",
           test(KEEPING, "what is overdue is told once although a receipt was read too soon")),
    Mutant("lose a repaired message that is early", "infra/deciding.py", "        if item.held_by:\n            order = ",
           "        if item.was:\n            order = ",
           test(KEEPING, "a repaired input that comes before its cause is kept and decided later")),
    Mutant("number a second time like the first", "infra/deciding.py", "return AGAIN_AT * version + first",
           "return first", test(KEEPING, "what is quarantined again is told again as a fact of its own")),
    # — sealing, basis
    Mutant("store a state unsealed", "infra/rows.py", "            if isinstance(said.fact.data, Sealable):\n                seal_here(",
           "            if False:\n                seal_here(", test(SETTLING, "the state is the fold of the facts with the same tokens")),
    Mutant("keep a bad input unsealed", "infra/rows.py", 'if kept.item.kind == "outside":\n        raw', "if False:\n        raw",
           test(SETTLING, "what is quarantined is an item with an owner and a clock and its bytes are sealed")),
    Mutant("forget on what it was decided", "infra/working.py", '"basis": basis or None', '"basis": None',
           test(KEEPING, "a fact says on which version of what was only read it was decided")),
    # — errands
    Mutant("let one lane take every place", ERRANDS_PY, "while waiting and self._busy[lane] < self._lane_max and ", "while waiting and ",
           test(ERRANDS, "a lane that hangs holds up no other")),
    Mutant("let a flood go before what presses", ERRANDS_PY, "key=lambda lane: self._turns[pool_of(lane)]", "key=lambda lane: 0",
           test(ERRANDS, "what presses most is begun first however much else waits")),
    Mutant("let a pool take more than its places", ERRANDS_PY, "self._busy[pool] < self._pools[pool]", "True",
           test(ERRANDS, "a pool that is full of hung lanes holds up no other pool")),
    Mutant("begin what another process has claimed", ERRANDS_PY,
           "if state is not None and self._performer.begun(state, tokens[subject]):", "if state is not None:",
           test(ERRANDS, "of two processes one does it")),
    Mutant("forget what was done while the database is away", ERRANDS_PY, "            self._done = done + self._done\n", "",
           test(ERRANDS, "what is done is told when the database is back")),
    Mutant("remember what is done in a list of before", ERRANDS_PY,
           "                self._done.append((subject, token, ended))\n",
           "",
           test(ERRANDS, "what takes long is told although others were settled meanwhile")),
    Mutant("keep the place of an errand that raised", ERRANDS_PY,
 
                    '"raised")\n                self._release(subject)', '"raised")',
           test(ERRANDS, "an errand that raises keeps its claim and frees its place")),
    Mutant("leave a free place to the next interval", ERRANDS_PY, "                self.wake()\n", "                pass\n",
           test(WAKING, "what must be done outside begins at once and whoever waits for a place gets it at once")),
    # — who is told of what, once
    Mutant("tell again what was told", TELLING_PY, "ladder.alert != alert or notice or any(", "ladder.alert != alert or any(",
           test(LADDER, "a deadline that comes twice tells once")),
    Mutant("raise again what was acted on", ALERTS_PY, "return first in self.over or any(", "return any(",
           test(LADDER, "what was acted on is not raised by the same fact again")),
    Mutant("send what was acted on meanwhile", NOTICES_PY, "    if not any(_stands(", "    if told and not any(True or _stands(",
           test(LADDER, "what was acted on before it was handed over is withdrawn")),
    Mutant("say something else under the same name", NOTICES_PY, "if entry.alert in state.standing or _stands(", "if _stands(",
           test(TELLING, "a message that may have arrived says the same when it is sent again")),
    Mutant("tell again what was held", ALERTS_PY, "(*ladder.held_for, *ladder.left)", "ladder.left",
           test(TELLING, "what was told with other things is not told again by a service that forgot which deadlines passed")),
    Mutant("tell after all whom somebody stood in for", ALERTS_PY, "(*ladder.held_for, *ladder.left)", "ladder.held_for",
           test(TELLING, "who was stood in for is not told after all by a service that forgot which deadlines passed")),
    Mutant("send it in circles among those who are away", TELLING_PY, " and known.backup not in ladder.left:", ":",
           test(TELLING, "of two who stand in for each other and are both away the second is told")),
    Mutant("send to whom a death was reported", NOTICES_PY, "or not {entry.item, entry.record} & set(silent)]", "or True]",
           test(SILENCE, "it stops every item of the same need and of the same record")),
    Mutant("let an acknowledgement end the climbing", ALERTS_PY,
           'status=lambda _: "acknowledged", climbs_at=lambda _: fact.climbs_at',
           'status=lambda _: "acknowledged", climbs_at=lambda _: None',
           test(LADDER, "an acknowledgement is not acting it gives one more time")),
    Mutant("take the past for the present", ROSTER_PY, "return at < (self.began_at or now) - BEFORE_US", "return False",
           test(SILENCE, "a new service on an old log tells nobody of what happened before it")),
    Mutant("take an outage for the past", ROSTER_PY, "return at < (self.began_at or now) - BEFORE_US",
           "return at < now - BEFORE_US", test(SILENCE, "a service that was down for a week still tells what nobody was told")),
    Mutant("hold a crisis until the morning", RECIPIENTS_PY, '        if severity == "crisis":\n', "        if False:\n",
           test(TELLING, "a crisis wakes whom it concerns")),
    Mutant("wake who only owns it", RECIPIENTS_PY, 'severity == "urgent" and to_duty and not', 'severity == "urgent" and not',
           test(TELLING, "an urgent alert wakes who has the duty and not who merely owns it")),
    Mutant("lose what does not fit a digest", RECIPIENTS_PY, "yield Deadline(RELEASE, first.entry.alert, first.until)",
           'yield Deadline(RELEASE, "held", first.until)',
           test(TELLING, "more than fifty things are told in several messages and none is lost")),
    Mutant("name a message anew each time", SMTP_PY, 'f"<{letter.id}@', 'f"<{letter.id}.{asyncio.get_running_loop().time()}@',
           test(SMTP, "the same letter twice is the same bytes under the same id")),
    Mutant("call a lost answer a success", SMTP_PY,
           'as error:\n            return Handed("deferred", _trouble(error))', 'as error:\n            return Handed("sent", "250")',
           test(SMTP, "every fault is told for what it is")),
    # — referrals
    Mutant("leave a silent hand-off silent", "services/assignment/steps.py", "found = list(_of_hand_off(state))", "found = []",
           test("assignment/test_ownership.py", "asked in vain it is its owners who is told once and a late yes counts")),
    Mutant("move what somebody does not answer for", "services/assignment/ownership.py",
           "    if placement.owner != data.of:\n", "    if False:\n",
           test("assignment/test_ownership.py", "what somebody does not answer for is not moved from them")),
    Mutant("give somebody one more than they may have", "services/assignment/placement.py", "or len(load.items) < limit",
           "or len(load.items) <= limit", test("assignment/test_caseloads.py", "beyond the limit it finds another who is on duty")),
    Mutant("count what somebody has no more", "services/assignment/caseloads.py", "if who not in state.holders)", "if False)",
           test("assignment/test_caseloads.py",
                "what is handed on counts towards the other at once and leaves the first in the next breath")),
    Mutant("let the word that came last stand", "services/intake/views.py", "_rank(word) <= _rank(before)", "_rank(word) == _rank(before)",
           test(VIEWS, "an older word and the same again say nothing new")),
    Mutant("hear anybody of where a referral stands", "services/intake/views.py", "if state and state.receiver == partner else None",
           "if state else None", f"{VIEWS}::test_nobody_else_may_say_it_and_whoever_asks_learns_nothing"),
    Mutant("take what is older and behind for a disagreement", "services/intake/views.py",
           "if is_newer or stages.is_ahead(theirs.means, ours.means[0]) else None", "",
           test(VIEWS, "what is behind and older than what we know is no disagreement")),
    Mutant("keep what somebody said of another interval", "services/intake/views.py",
           "views.sender and after.interval != before.interval", "False",
           test(VIEWS, "another who has it and another interval begin with nothing said")),
    Mutant("open a referral again and ask nobody whether the person lives", "services/intake/needs.py",
           "yield Deadline(ASK, state.record, state.reopened_at)", "yield from ()",
           test("laws/test_laws.py", "the same lives break nothing as it is")),
    Mutant("let a deadline that comes again lead to the same facts", "infra/passing.py", "subject, turn, name", "subject, name",
           test("runtime/test_settling.py", "the same instant owed again after it was taken back leads to facts of its own")),
    Mutant("write a feed with every word", "services/intake/feeds.py", "or (known and now < known.heard_until)", "or False",
           test(FEEDS, "however much a partner sends its feed is written once an hour")),
    Mutant("never notice that a partner is silent", "services/intake/domain.py", "            return tuple(feeds.deadlines(state))",
           "            return ()", test(FEEDS, "three business days without a word are silence with an owner and a clock")),
    Mutant("let a partner stay silent for ever", "services/intake/feeds.py", "    if known and known.silent:", "    if False:",
           test(FEEDS, "its next word takes it back at once and it is listened for again")),
    # — care, plans and transitions
    *(Mutant(*mistake) for mistake in MISTAKES),
    # — the way in
    *(Mutant(*mistake) for mistake in ENTERING),
)  # fmt: skip
