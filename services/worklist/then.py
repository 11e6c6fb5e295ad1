"""As of another instant: the field that asks for it, and two answers, named. What was known then, and what was true then."""

from collections.abc import Mapping
from datetime import datetime

from starlette.requests import Request

from services.worklist import history, words
from services.worklist.fields import at
from services.worklist.filling import UNCLEAR, clock_of, shown, unsent
from services.worklist.items import Document
from services.worklist.local import OFFSET, Unclear
from services.worklist.relay import Fault
from services.worklist.rows import Listed, Row

AS_OF = at("as_of", "When", required=False, now=False)
KNOWN, TRUE = (
    ("Known then", "Of what had been recorded by then."),
    ("True then", "Of what had happened by then, however late we heard of it."),
)


def asked(request: Request) -> tuple[datetime | None, Row]:
    """The instant that is asked about, typed by the reader's clock or with a zone of its own; and the field for it, with its clock."""
    stated, local = request.query_params, clock_of(request.query_params, request)
    at, wrong = None, ""
    if typed := stated.get(AS_OF.name):
        try:
            at = local.instant(typed, stated.get(AS_OF.name + OFFSET, ""))
        except Unclear as unclear:
            wrong = str(unclear)
        except (ValueError, OverflowError):
            wrong = "give a day and a time"
    holds = local.stated(AS_OF.name, at) if at else stated
    answer = unsent([Fault(AS_OF.name, UNCLEAR, wrong)]) if wrong else None
    return at, {**shown(AS_OF, None, Listed({}), holds, answer, local), "zone": local.zone, "at": at}


def both(items: Mapping[str, history.Entries], at: datetime) -> list[Row]:
    """What these items were, by each of the two answers; an item that there was not is left out."""
    folds = ((KNOWN, history.known_then), (TRUE, history.true_then))
    return [{"name": name, "hint": hint, "items": _all(fold, items, at)} for (name, hint), fold in folds]


def _all(fold: history.Fold, items: Mapping[str, history.Entries], at: datetime) -> list[Document]:
    return [state for item, entries in items.items() if (state := fold(item, entries, at))]


def as_at(row: Row, at: datetime) -> Row:
    """A row by the clock of that instant."""
    late = bool(row["due"] and row["due"] < at)
    return {**row, "due_in_words": words.due(row["due"], at) if row["open"] else "", "late": late}
