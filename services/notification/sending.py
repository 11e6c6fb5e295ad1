"""The thin edge: what the store says is queued, composed and handed to its channel. It decides nothing."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import structlog

from contracts.kernel import Event
from infra.sealing import unseal
from infra.store import Store
from infra.vault import Vault
from services.notification.channel import Channel, Handed, Letter
from services.notification.commands import BeginNotice, EndNotice
from services.notification.composing import Composer
from services.notification.notices import Notice
from services.notification.recipients import INBOX, Recipient, recipient

log = structlog.get_logger(__name__)


class Sender:
    """The service's outside, as the errand loop knows it."""

    def __init__(self, store: Store, vault: Vault, channels: Mapping[str, Channel], composer: Composer) -> None:
        self._store, self._vault, self._channels, self._composer = store, vault, channels, composer

    def begin(self, subject: str, state: Any, token: str, until: datetime) -> Event | None:
        if not isinstance(state, Notice) or state.status != "queued":
            return None
        items = tuple(dict.fromkeys(entry.item for entry in state.entries))
        return BeginNotice(claim=token, until=until, items=items, records=state.records)

    def begun(self, state: Any, token: str) -> bool:
        return isinstance(state, Notice) and state.status == "attempting" and state.claim == token

    async def perform(self, subject: str, state: Any) -> Event:
        notice: Notice = state
        handed = await self._handed(subject, notice)
        log.info(f"handed to {notice.channel}", name=subject, outcome=handed.outcome, code=handed.code)
        return EndNotice(claim=notice.claim or "", channel=notice.channel, outcome=handed.outcome, code=handed.code)

    async def _handed(self, subject: str, notice: Notice) -> Handed:
        channel = self._channels.get(notice.channel)
        if channel is None:
            return Handed("failed", "no-such-channel")
        address = "" if notice.channel == INBOX else await self._address(notice)
        if address is None:
            return Handed("failed", "no-address")
        return await channel.send(self._letter(subject, notice, address))

    def _letter(self, subject: str, notice: Notice, address: str) -> Letter:
        message = self._composer.compose(notice)
        return Letter(
            id=subject.partition("/")[2], address=address, domain=notice.domains.get(notice.channel, "-"), subject=message.subject,
            text=message.text, html=message.html, at=notice.queued_at, locale=notice.locale,
        )  # fmt: skip

    async def _address(self, notice: Notice) -> str | None:
        """As it is listed now, opened for this one moment."""
        record = recipient(notice.to)
        row = (await self._store.load([record])).get(record)
        if row is None or row.state is None:
            return None
        keys = await self._vault.keys([record])
        if record not in keys:
            return None
        known = unseal(Recipient.model_validate_json(row.state), record, keys[record])
        return next((one.address.plain for one in known.contacts if one.channel == notice.channel), None)
