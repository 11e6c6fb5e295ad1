"""A channel that hands notices to a pager gateway over HTTP: an example to copy, installed and used as it is by the tests.

The gateway takes `PUT /pages/<id>` with `{"to", "text"}`; the same id again is the same page. `PAGER_URL` says where it is.
"""

import os
import re

from httpx2 import AsyncClient, HTTPError, Limits, Timeout

from infra.settings import Settings
from services.notification.channel import Handed, Letter

LINK = re.compile(r"https?://\S+")
WITHIN_S = 20.0
"""Less than what the sender waits for, so that the reason told is ours."""


class Pager:
    def __init__(self, gateway: str, within_s: float = WITHIN_S) -> None:
        self._client = AsyncClient(base_url=gateway, timeout=Timeout(within_s), limits=Limits(max_connections=32))

    async def send(self, letter: Letter) -> Handed:
        """A page is short: what the subject says, and where to look."""
        link = LINK.search(letter.text)
        try:
            answer = await self._client.put(
                f"/pages/{letter.id}", json={"to": letter.address, "text": f"{letter.subject}\n{link[0] if link else ''}"}
            )
        except HTTPError as error:  # its name: what it says may name the number that was paged
            return Handed("deferred", type(error).__name__.lower())
        if answer.is_success:
            return Handed("sent", str(answer.status_code))
        gone = answer.status_code in (400, 404, 410, 422)
        return Handed("failed" if gone else "deferred", "bounced" if answer.status_code == 410 else str(answer.status_code))


def channel(settings: Settings) -> Pager | None:
    """None where no gateway is named: this process has no pager then."""
    gateway = os.environ.get("PAGER_URL", "")
    return Pager(gateway) if gateway else None
