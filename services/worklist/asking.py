"""A form at an address of its own, about what need not be an item: whoever asks, a team of the roster, a program's feed."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute

from services.worklist.acting import Acting
from services.worklist.fields import Form


@dataclass(frozen=True, slots=True)
class Asked:
    """Which form about which subject, what it begins with, and the page that it leads back to."""

    form: Form
    subject: str
    back: str
    begins: Mapping[str, str] = field(default_factory=dict)


def asking(acting: Acting, path: str, action: str, asked: Callable[[Request], Awaitable[Asked]]) -> list[BaseRoute]:
    """The form, and its command: what its owner refuses comes back with its reasons, and nothing that was typed is lost."""

    async def ask(request: Request) -> Response:
        one = await asked(request)
        return await acting.page(request, one.form, None, None, {"back": one.back, **one.begins}, None)

    async def give(request: Request) -> Response:
        one, stated = await asked(request), await request.form()
        answer = await acting.sent(request, one.form, one.form.service, one.subject, stated)
        if not answer.taken:
            return await acting.page(request, one.form, None, None, stated, answer)
        return RedirectResponse(f"{one.back}?after={answer.fact}" if answer.fact else one.back, 303)

    return [acting.site.guarded(path, ask, action), acting.site.guarded(path, give, action, "POST")]
