"""That a program's own feed has fallen silent, or speaks again: told by whoever watches over the network, of any program it lists."""

from starlette.requests import Request
from starlette.routing import BaseRoute

from contracts.feeds import feed_of
from infra.http import Answer
from services.worklist.acting import Acting
from services.worklist.asking import Asked, asking
from services.worklist.forms_kept import REPORT_FEED


class Reporting:
    """A page for each program. Of a partner's feed nobody need report: the front door hears it, or hears nothing."""

    def __init__(self, acting: Acting) -> None:
        self._acting, self._site = acting, acting.site

    def routes(self) -> list[BaseRoute]:
        return asking(self._acting, "/report-feed/{id:path}", "report-feed", self._asked)

    async def _asked(self, request: Request) -> Asked:
        id, listed = request.path_params["id"], await self._acting.answers.names.listed()
        if id not in {one["id"] for one in listed.programs}:
            raise Answer("TL-1501", "there is no such page", "the directory lists no such program", "open the network again", status=404)
        back = "/network" if self._site.may(request.state.principal, "see-network") else "/operations"
        return Asked(REPORT_FEED, feed_of(id), back)
