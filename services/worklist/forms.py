"""What people may do from the console: each command of its owner as a form. Data alone; a test holds it to the owners' commands.

A form says where its command goes, what it asks, and who may give it. The console checks nothing of the domain: the owner of the
state decides, and what it answers is shown at the field it is about.
"""

from collections.abc import Mapping
from typing import Any

from contracts.kernel import kind_of
from infra.identity import Principal
from services.worklist import forms_care, forms_crisis, forms_front, forms_kept, forms_payer, forms_record, forms_team
from services.worklist.fields import Form

FORMS: Mapping[str, tuple[Form, ...]] = {
    **forms_front.FORMS,
    **forms_care.FORMS,
    **forms_crisis.FORMS,
    **forms_payer.FORMS,
    "transition": (*forms_care.FORMS["transition"], *forms_record.STAY_FORMS),
    "barrier": forms_record.BARRIER_FORMS,
    "risk-flag": forms_record.FLAG_FORMS,
    "record": (*forms_record.RECORD_FORMS, *forms_team.TEAM_FORMS),
}
"""By the kind of the aggregate that the command is about, in the order in which they come up."""
ON_ITS_PAGE = (
    "discard", "ask-hand-over", "cancel-line", "share-crisis-plan",
    "withdraw-request", "close-request", "report-outcome", "report-death", "end-authorization", "end-transition", "discharge-plan",
)  # fmt: skip


def offered(row: Mapping[str, Any], principal: Principal) -> list[Form]:
    """What this principal may do with an item now: what its fact allows, of that what their roles may give."""
    return [form for form in _of(row) if (form.always or form.command in row["allowed"]) and principal.roles & set(form.roles)]


def first(row: Mapping[str, Any], principal: Principal) -> Form | None:
    """What a row offers: an answer to whoever was asked for one; to everybody else first what is their own to do, and then what they
    may answer on behalf of those. Never what ends something, which is done on the item's own page."""
    asked = {what for what, of in row["asks"].items() if not _ids(principal).isdisjoint(of)}
    forms = [form for form in offered(row, principal) if form.command in row["allowed"] and form.command not in ON_ITS_PAGE]
    return min(forms, key=lambda form: 0 if form.answers in asked else 1 if form.answers is None else 2, default=None)


def _ids(principal: Principal) -> set[str]:
    """As whom somebody can be asked: themselves, a desk or program of theirs, a role that they hold alone or with others."""
    return {principal.id, *principal.organisations, *(f"role/{role}" for role in principal.roles)}


def form_of(row: Mapping[str, Any], command: str) -> Form | None:
    return next((form for form in _of(row) if form.command == command), None)


def _of(row: Mapping[str, Any]) -> tuple[Form, ...]:
    """The forms of what leads an item; of something that is kept, those of the keeping, whatever it is that is kept."""
    return forms_kept.FORMS.get(kind_of(row["item"])) or FORMS.get(row["lead"] or kind_of(row["item"]), ())
