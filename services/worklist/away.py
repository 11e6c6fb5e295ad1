"""What happened of somebody's own and their team's while they were away: new, late, handed to them, resolved."""

import asyncio
from collections.abc import Sequence
from datetime import datetime

from services.worklist import history, questions
from services.worklist.api import Answers
from services.worklist.items import Document
from services.worklist.pages import capped
from services.worklist.questions import Question
from services.worklist.rows import Row
from services.worklist.views import Reader

SHOWN, HANDED_MAX = 5, 50


async def news(answers: Answers, reader: Reader, at: datetime) -> list[Row]:
    """What changed since then, with the first of each. Zeros are shown."""
    ids = {*reader.duties, reader.principal.id} if reader.concerned is None else reader.concerned
    asked = (
        ("New", questions.begun(ids, at)),
        ("Became late", questions.become_late(ids, at, reader.now)),
        ("Resolved", questions.resolved(ids, at)),
    )
    told = [await _told(answers, reader, name, question) for name, question in asked]
    handed = await _handed(answers, reader, at)
    rows = await answers.rows(reader.principal, handed[:SHOWN], "handed while away")
    return [*told[:2], {"name": "Handed to you", "count": str(len(handed)), "rows": rows}, *told[2:]]


async def _told(answers: Answers, reader: Reader, name: str, question: Question) -> Row:
    question = question.within(reader.concerned)
    count, page = await asyncio.gather(questions.count(answers.board, question), questions.ask(answers.board, question, limit=SHOWN))
    return {"name": name, "count": capped(count), "rows": await answers.rows(reader.principal, page.items, f"{question.name} while away")}


async def _handed(answers: Answers, reader: Reader, at: datetime) -> Sequence[Document]:
    """What they answer for now, somebody else answered for then, and there was then."""
    mine = (await questions.ask(answers.board, questions.mine_since(reader.principal.id, at), limit=HANDED_MAX)).items
    entries = await asyncio.gather(*(questions.timeline(answers.board, one["_id"]) for one in mine))
    then = [history.known_then(one["_id"], each, at) for one, each in zip(mine, entries, strict=True)]
    return [one for one, was in zip(mine, then, strict=True) if was and was["owner"] != reader.principal.id]
