"""The thin edge: what the store says is queued, composed and handed to its channel. It decides nothing."""

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any

import structlog

from contracts.kernel import Event
from infra.sealing import unseal
from infra.store import Aggregate
from infra.vault import Vault
from services.notification.channel import Channel, Handed, Letter, handed
from services.notification.commands import BeginNotice, EndNotice
from services.notification.composing import Composer
from services.notification.notices import Notice
from services.notification.recipients import INBOX, Recipient, recipient

log = structlog.get_logger(__name__)


class Sender:
    """The service's outside, as the errand loop knows it."""

    def __init__(self, vault: Vault, channels: Mapping[str, Channel], composer: Composer) -> None:
        self._vault, self._channels, self._composer = vault, channels, composer

    def begin(self, subject: str, state: Any, token: str, until: datetime) -> Event | None:
        if not isinstance(state, Notice) or state.status != "queued":
            return None
        items = tuple(dict.fromkeys(entry.item for entry in state.entries))
        return BeginNotice(claim=token, until=until, items=items, records=state.records)

    def begun(self, state: Any, token: str) -> bool:
        return isinstance(state, Notice) and state.status == "attempting" and state.claim == token

    def beside(self, state: Any) -> Collection[str]:
        """Addresses are used as they are listed now."""
        return () if state.channel == INBOX else (recipient(state.to),)

    async def perform(self, subject: str, state: Any, beside: Mapping[str, Aggregate]) -> Event:
        notice: Notice = state
        ended = await self._handed(subject, notice, beside)
        log.info(f"handed to {notice.channel}", name=subject, outcome=ended.outcome, code=ended.code)
        return EndNotice(claim=notice.claim or "", channel=notice.channel, outcome=ended.outcome, code=ended.code)

    async def _handed(self, subject: str, notice: Notice, beside: Mapping[str, Aggregate]) -> Handed:
        channel = self._channels.get(notice.channel)
        if channel is None:
            return Handed("failed", "no-such-channel")
        address = "" if notice.channel == INBOX else await self._address(notice, beside.get(recipient(notice.to)))
        if address is None:
            return Handed("failed", "no-address")
        return await handed(channel, self._letter(subject, notice, address))

    def _letter(self, subject: str, notice: Notice, address: str) -> Letter:
        message = self._composer.compose(notice)
        return Letter(
            id=subject.partition("/")[2], address=address, domain=notice.domains.get(notice.channel, "-"), subject=message.subject,
            text=message.text, html=message.html, at=notice.queued_at, locale=notice.locale,
        )  # fmt: skip

    async def _address(self, notice: Notice, row: Aggregate | None) -> str | None:
        """Opened for this one moment."""
        if row is None or row.state is None:
            return None
        keys = await self._vault.keys([row.id])
        if row.id not in keys:
            return None
        known = unseal(Recipient.model_validate_json(row.state), row.id, keys[row.id])
        return next((one.address.plain for one in known.contacts if one.channel == notice.channel), None)
