"""An installation's own channel is one entry point; what is not set up is not there."""

from importlib.metadata import EntryPoint

import pytest

from infra.settings import Settings
from services.notification import channels as module
from services.notification.channel import Handed, Inbox, Letter
from services.notification.channels import GROUP, channels


class Pager:
    async def send(self, letter: Letter) -> Handed:
        return Handed("sent")


def pager(settings: Settings) -> Pager | None:
    return Pager() if settings.network == "local" else None


SETTINGS = Settings(service="notification", development=True)


def test_a_partners_channel_is_found_by_its_entry_point(monkeypatch: pytest.MonkeyPatch) -> None:
    points = [EntryPoint("pager", f"{__name__}:pager", GROUP)]
    monkeypatch.setattr(module, "entry_points", lambda group: points if group == GROUP else [])
    assert {name: type(one) for name, one in channels(SETTINGS).items()} == {"inbox": Inbox, "pager": Pager}
    assert set(channels(SETTINGS.model_copy(update={"network": "elsewhere"}))) == {"inbox"}


def test_mail_is_there_where_a_relay_is() -> None:
    assert set(channels(SETTINGS.model_copy(update={"smtp_host": "mail.example.org"}))) == {"inbox", "email"}
