"""Pages on which people act: a command's form, a new referral; what was wrong is said where, and what was taken leads back to its item."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute

from contracts.kernel import kind_of
from infra.browser import COOKIE
from infra.http import Answer
from infra.identity import Principal
from services.worklist import about, forms, standing, words
from services.worklist.api import concerned, known
from services.worklist.fields import Field, Form
from services.worklist.forms_front import NEW_REFERRAL
from services.worklist.forms_team import TEAM_FORMS
from services.worklist.items import Document, by_kind
from services.worklist.pages import Site
from services.worklist.relay import Answered, Fault, Owners, speaker
from services.worklist.rows import Listed, Row

LEAVES = ("decline-offer",)
"""What takes an item out of the sight of a desk that was only asked: it goes back to what else waits on it."""
INSTANT = "%Y-%m-%dT%H:%M"


class Acting:
    """Forms of a site, and the owners that their commands go to."""

    def __init__(self, site: Site, owners: Owners) -> None:
        self.site, self.answers, self._owners = site, site.answers, owners

    def routes(self) -> list[BaseRoute]:
        return [
            self.site.guarded("/do/{command}/{id:path}", self.show, "act"),
            self.site.guarded("/do/{command}/{id:path}", self.give, "act", "POST"),
            self.site.guarded("/new", self.show_new, "enter"),
            self.site.guarded("/new", self.give_new, "enter", "POST"),
        ]

    async def show(self, request: Request) -> Response:
        found, row, form = await self.asked(request)
        return await self.page(request, form, found, row, {}, None)

    async def give(self, request: Request) -> Response:
        """Sent on in the person's own name. What the owner refuses comes back with its reasons, and nothing that was typed is lost."""
        found, row, form = await self.asked(request)
        stated = await request.form()
        answer = await self.sent(request, form, form.service or speaker(found["sections"]), subject_of(row), stated)
        if not answer.taken:
            return await self.page(request, form, found, row, stated, answer)
        return RedirectResponse(back_to(stated, row["item"], answer), 303)

    async def show_new(self, request: Request) -> Response:
        return await self.page(request, NEW_REFERRAL, None, None, {"reference": f"OWN-{self.answers.clock.now():%y%m%d-%H%M%S}"}, None)

    async def give_new(self, request: Request) -> Response:
        stated = await request.form()
        answer = await self.sent(request, NEW_REFERRAL, NEW_REFERRAL.service, "", stated)
        if not answer.taken:
            return await self.page(request, NEW_REFERRAL, None, None, stated, answer)
        item = f"referral/{answer.fact.split('/')[2]}" if answer.fact.startswith("intake-events/request/") else ""
        return RedirectResponse(f"/items/{item}?after={answer.fact}" if item else "/pending", 303)

    async def sent(self, request: Request, form: Form, service: str, subject: str, stated: FormData) -> Answered:
        """What its owner said of it. A form that lacks something is not sent."""
        body, empty = body_of(form, stated)
        if empty:
            return missing(empty)
        path = form.path.format(id=subject.partition("/")[2])
        return await self._owners.give(service, path, body, token_of(request), key_of(stated))

    async def asked(self, request: Request) -> tuple[Document, Row, Form]:
        found = await known(self.answers, request)
        (row,) = await self.answers.rows(request.state.principal, [found], "form", whole=True)
        form = forms.form_of(row, request.path_params["command"])
        if form is None:
            raise Answer(
                "TL-5701", "the console has no form for this command here", "the item may have gone on", "open the item again", status=404
            )
        return found, row, form

    async def page(
        self,
        request: Request,
        form: Form,
        found: Document | None,
        row: Row | None,
        stated: Mapping[str, Any],
        answer: Answered | None,
        **more: Any,
    ) -> Response:
        """The form as it stands, with what its owner said of it: a fault of the owner's is none of whoever asked."""
        listed, now = await self.answers.names.listed(), self.answers.clock.now()
        fields = [field for one in form.fields if is_asked(field := shown(one, found, listed, stated, answer, now))]
        named = {field["name"] for field in fields}
        left = [fault for fault in answer.faults if fault.field not in named] if answer else []
        given = {"form": form, "row": row, "fields": fields, "answer": answer, "left": left, "key": stated.get("key") or str(uuid4())}
        command = request.path_params.get("command")  # of its form, or of a step towards it; a team is open to change at any time
        given["allowed_now"] = row is None or form in TEAM_FORMS or command in row["allowed"]
        given["back"] = stated.get("back") or request.query_params.get("back") or _way_back(form, row, request.state.principal)
        status = (answer.status if answer.status < 500 else 503) if answer else 200
        return self.site.render("form.html", request, status=status, **given, **more)


def _way_back(form: Form, row: Row | None, principal: Principal) -> str:
    leaves = form.command in LEAVES and concerned(principal) is not None
    return "/next-steps?tab=waiting" if leaves else f"/items/{row['item']}" if row else "/pending"


def subject_of(row: Row) -> str:
    """The aggregate that a command is about: of a referral, the one that leads."""
    return f"{row['lead'] or kind_of(row['item'])}/{row['item'].partition('/')[2]}"


def body_of(form: Form, stated: FormData | Mapping[str, Any]) -> tuple[dict[str, Any], list[Field]]:
    """The command's body as it was typed, and what had to be there and is not."""
    body: dict[str, Any] = {}
    empty: list[Field] = []
    for field in form.fields:
        value = _value(field, stated)
        if value in (None, "", []):
            empty += [field] if field.required else []
            continue
        inside = body
        *parts, last = field.name.split(".")
        for part in parts:
            inside = inside.setdefault(part, {})
        inside[last] = value
    if form.command == "enter-decision" and isinstance(body.get("answer"), dict) and "line" in body:
        body["answer"]["line"] = body.pop("line")
    return body, empty


def _value(field: Field, stated: Any) -> Any:
    if field.kind == "flag":
        return bool(stated.get(field.name))
    if field.kind == "choices":
        return [str(one) for one in stated.getlist(field.name)]
    text = str(stated.get(field.name) or "")
    if field.kind == "long":
        return text
    text = text.strip()
    if field.kind == "instant" and text:
        return instant(text)
    if (field.kind == "number" or field.of == "lines") and text.isascii() and text.isdecimal():
        return int(text)
    return text


def instant(text: str) -> str:
    """As the browser's field gives it, in UTC; what is none is left as it is, for the owner to say so."""
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        return text
    return (at if at.tzinfo else at.replace(tzinfo=UTC)).isoformat()


def missing(empty: Sequence[Field]) -> Answered:
    return Answered(False, "", "Something is missing", "", 422, tuple(Fault(one.name, "missing", f"{one.label}: say it") for one in empty))


def shown(field: Field, found: Document | None, listed: Listed, stated: Mapping[str, Any], answer: Answered | None, now: datetime) -> Row:
    """A field as the page shows it: with what was typed, what can be chosen, and what is wrong with it."""
    typed = stated.getlist(field.name) if isinstance(stated, FormData) and field.kind == "choices" else stated.get(field.name, "")
    value = typed or (now.strftime(INSTANT) if field.now and not stated.get("key") else "")
    faults = [told(fault.fix, fault.code) for fault in answer.faults if fault.field == field.name] if answer else []
    options = [
        (value, words.who(value, listed.names) if "/" in value else LABELS.get(value, words.plain(value))) for value in field.choices
    ]
    options += _known(field.of, found, listed)
    return {
        "name": field.name,
        "id": f"f-{field.name.replace('.', '-')}",
        "label": field.label,
        "kind": field.kind,
        "options": options,
        "hint": field.hint,
        "required": field.required,
        "value": value,
        "fault": "; ".join(faults),
    }


def is_asked(field: Row) -> bool:
    """What nobody lists is not asked: a choice of nothing only makes people wonder."""
    return bool(field["kind"] != "known" or field["options"] or field["required"])


def told(fix: str, code: str) -> str:
    return fix[:1].upper() + fix[1:] if fix else words.plain(code)


LABELS = {
    "en": "English",
    "es": "Spanish",
    "email": "E-mail",
    "ed": "Emergency department",
    "e-mail": "E-mail",
    "handed-to-911": "Handed to 911",
    "A1": "A1 approved",
    "A2": "A2 approved in part",
    "A3": "A3 denied",
    "A4": "A4 not decided yet",
    "A5": "A5 denied again",
    "A6": "A6 approved with changes",
    "CT": "CT payer wants a call",
    "NA": "NA needs none",
    "C": "C cancelled",
}


def _known(of: str, found: Document | None, listed: Listed) -> list[tuple[str, str]]:
    """What the item or the network names: programs that were asked, booked visits, lines, people on duty."""
    kinds = by_kind(found["sections"]) if found else {}
    sections = list(kinds.values())
    match of:
        case "asked":
            asked = standing.asked(kinds) or [one["id"] for one in listed.programs]
            return [(id, words.who(id, listed.names)) for id in asked]
        case "programs":
            return [(one["id"], one["name"]) for one in listed.programs]
        case "teams":
            chosen = [section["team"] for section in sections if section.get("team")]
            return [(id, words.who(id, listed.names)) for id in dict.fromkeys([*chosen, *(one["id"] for one in listed.teams)])]
        case "facilities":
            return [(one["id"], one["name"]) for one in listed.facilities]
        case "visits":
            booked = [
                value for section in sections for name, value in section.items() if name.startswith("visit_") and isinstance(value, dict)
            ]
            return [(one["id"], about.day(one["at"])) for one in sorted(booked, key=lambda one: one["at"])]
        case "lines":
            return [
                (str(one["line"]), f"{one['line']}: {words.plain(one.get('service') or '')}, {one['stands']}")
                for one in about.lines(kinds.get("authorization", {}))
            ]
        case "people":
            return _people(listed)
        case "colleagues":
            return [(id, name) for id, name in _people(listed) if kind_of(id) == "staff"]
        case "services" | "levels" | "payers" | "languages" | "areas":
            offered = sorted({one for program in listed.programs for one in program.get(of, ())})
            return [(one, words.plain(one)) for one in offered]
        case "organisations":
            partners = [(one["_id"].partition("/")[2], words.who(one["_id"], listed.names)) for one in listed.partners]
            return [*partners, *((one["id"], one["name"]) for one in listed.programs)]
        case "partners":
            return [(one["_id"].partition("/")[2], words.who(one["_id"], listed.names)) for one in listed.partners]
    return []


def _people(listed: Listed) -> list[tuple[str, str]]:
    """Everybody on duty, each with what for; and the roles themselves: whoever is on duty then."""
    duties: dict[str, list[str]] = {}
    for duty, people in listed.staff:
        for person in people:
            duties.setdefault(person, []).append(words.who(duty, listed.names))
    roles = [(duty, f"{words.who(duty, listed.names)}, whoever is on duty") for duty, _ in listed.staff]
    return [*((id, f"{words.who(id, listed.names)}, {', '.join(of)}") for id, of in sorted(duties.items())), *roles]


def token_of(request: Request) -> str:
    return request.cookies.get(COOKIE) or request.headers.get("authorization", "").partition(" ")[2]


def key_of(stated: Mapping[str, Any]) -> str:
    """Made with the page, so that a second click, or another try, is the same command."""
    key = str(stated.get("key") or "")
    return key if 16 <= len(key) <= 128 and key.isascii() and key.isprintable() and " " not in key else str(uuid4())


def back_to(stated: Mapping[str, Any], item: str, answer: Answered) -> str:
    """To where the person came from, and only to a page of ours; with the fact that must be seen there."""
    back = str(stated.get("back") or "")
    safe = back if back.startswith("/") and not back.startswith(("//", "/\\")) else f"/items/{item}"
    path, _, question = safe.partition("?")
    kept = "&".join(part for part in question.split("&") if part and not part.startswith("after="))
    return f"{path}?{kept}{'&' if kept else ''}after={answer.fact}" if answer.fact else safe
