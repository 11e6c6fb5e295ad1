"""Whose an item is and who belongs to whom, as a deciding service itself knows it: its door narrows commands by both.

An item is whose its own state says, in the fields that the service names (`Service.parties`) and in its owner. So a rule of the
organisation's scope means the same wherever a command is posted, and nobody gets past it by leaving out the page in front of it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from starlette.requests import Request

from contracts.kernel import kind_of
from infra.access import Item
from infra.identity import Principal
from infra.service import Service
from infra.store import Store

ROLE = "role/"


@dataclass(frozen=True, slots=True)
class Narrowing:
    """`subjects` are the patterns of the aggregates that commands are about, by the path at which these are posted."""

    service: Service
    store: Store
    subjects: Mapping[str, str]

    async def item_of(self, request: Request) -> Item | None:
        """What a scoped rule is about; None for what is not there, or is about to be made."""
        pattern = self.subjects.get(request.scope["route"].path, "")
        state = await self._state(pattern.format(**request.path_params, new=""))
        return concerning(state, self.service.parties) if state else None

    async def belonging(self, principal: Principal) -> frozenset[str]:
        """Organisations of somebody beside those that their token names."""
        members = await self._state(self.service.members) if self.service.members else None
        return members.of(principal.id) if members else frozenset()

    async def _state(self, subject: str) -> Any:
        kind = self.service.states.get(kind_of(subject))
        row = (await self.store.load([subject])).get(subject) if kind else None
        return kind.model_validate_json(row.state) if kind and row and row.state else None


def concerning(state: Any, parties: tuple[str, ...]) -> Item:
    """A role is nobody's organisation, and says nothing of whose an item is: people of many organisations hold it."""
    owner = getattr(state, "owner", None) or ""
    named = {getattr(state, name, None) for name in parties} | {owner}
    return Item(frozenset(one for one in named if one and not one.startswith(ROLE)), "" if owner.startswith(ROLE) else owner)
