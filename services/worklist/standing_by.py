"""Whoever stands by for a crisis, by the roster: a team that signs on and off, a facility that counts its beds."""

from starlette.requests import Request
from starlette.routing import BaseRoute

from contracts.kernel import kind_of
from infra.http import Answer
from infra.identity import Principal
from services.worklist.acting import Acting
from services.worklist.asking import Asked, asking
from services.worklist.fields import Form
from services.worklist.forms_crisis import STANDING_BY
from services.worklist.views import CRISIS


class StandingBy:
    """A page for each thing that they say. Nothing need ever have been heard of them: the roster lists them."""

    def __init__(self, acting: Acting) -> None:
        self._acting, self._names = acting, acting.answers.names

    def routes(self) -> list[BaseRoute]:
        return asking(self._acting, "/standing-by/{command}/{id:path}", "stand-by", self._asked)

    async def _asked(self, request: Request) -> Asked:
        """A facility that has beds of one kind counts those."""
        id, roster = request.path_params["id"], await self._names.listed()
        form = next((one for one in STANDING_BY.get(kind_of(id), ()) if one.command == request.path_params["command"]), None)
        listed = next((one for one in (*roster.teams, *roster.facilities) if one["id"] == id), None)
        if form is None or listed is None:
            raise Answer("TL-1501", "there is no such page", "the roster does not list it", "open the crises again", status=404)
        beds = listed.get("beds", ())
        return Asked(form, id, CRISIS.path, {"beds": beds[0]} if len(beds) == 1 else {})


def may_say(principal: Principal) -> dict[str, tuple[Form, ...]]:
    """By kind: what somebody may say of those who stand by."""
    return {kind: tuple(form for form in forms if principal.roles & set(form.roles)) for kind, forms in STANDING_BY.items()}
