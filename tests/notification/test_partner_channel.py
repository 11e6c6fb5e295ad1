"""A channel that somebody else wrote: installed with pip, found, used by notification, and tried by the kit that its author runs."""

import asyncio
import logging
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from shutil import copytree
from threading import Event
from typing import Any

import pytest

from contracts.kernel import Personal
from contracts.notices import NoticeFailed, NoticeSent
from contracts.recipients import RecipientBounced
from infra.settings import Settings
from services.notification import channel as protocol
from services.notification.channel import Channel, Handed, Letter
from services.notification.channels import channels
from services.notification.commands import Contact, ListContacts
from services.notification.composing import Composer
from services.notification.recipients import recipient
from services.notification.sending import Sender
from services.notification.trying import Bench, main
from tests.notification.house import House
from tests.notification.stories import ANA, no_program

EXAMPLE = Path(__file__).parent / "example_channel"
TAKEN, REFUSED, HANGING = "+12025550100", "+12025550199", "+12025550188"
SETTINGS = Settings(service="notification", development=True)


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The example, built and installed as any distribution is."""
    source, target = tmp_path_factory.mktemp("source") / "example", tmp_path_factory.mktemp("target")
    copytree(EXAMPLE, source)
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-index", "--no-deps"]
    subprocess.run([*pip, "--no-build-isolation", "--target", str(target), str(source)], check=True, timeout=120)
    return target


class Gateway:
    """What takes pages, by their id: a number that is gone, and one of a server that never answers."""

    def __init__(self) -> None:
        self.pages: dict[str, list[bytes]] = {}
        self.url = ""

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while head := await reader.readuntil(b"\r\n\r\n"):
                length = next(int(line.split(b":")[1]) for line in head.split(b"\r\n") if line.lower().startswith(b"content-length"))
                body = await reader.readexactly(length)
                if HANGING.encode() in body:
                    await asyncio.sleep(60)
                if REFUSED.encode() not in body:
                    self.pages.setdefault(head.split(b" ")[1].decode().rpartition("/")[2], []).append(body)
                writer.write(b"HTTP/1.1 %s\r\ncontent-length: 0\r\n\r\n" % (b"410 Gone" if REFUSED.encode() in body else b"201 Created"))
                await writer.drain()
        except (asyncio.IncompleteReadError, asyncio.CancelledError, ConnectionError):
            pass
        finally:
            writer.close()


@asynccontextmanager
async def gateway() -> AsyncIterator[Gateway]:
    kept = Gateway()
    server = await asyncio.start_server(kept.serve, "127.0.0.1", 0)
    kept.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    yield kept
    server.close()


@pytest.fixture
def beside(installed: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[pytest.MonkeyPatch]:
    monkeypatch.syspath_prepend(str(installed))
    yield monkeypatch
    sys.modules.pop("example_desk_pager", None)


async def told(house: House, address: str) -> None:
    await house.ask(ListContacts(contacts=(Contact(channel="pager", address=Personal(address)),)), "staff/platform", recipient(ANA))
    house.say("placement/1", no_program("emergency", owner=ANA))
    await house.take(house.log[-1:])
    for _ in range(200):
        await house.work(1)
        await asyncio.sleep(0.01)
        if house.facts(NoticeSent) or house.facts(NoticeFailed):
            break
    await house.work()


async def paged(made: pytest.MonkeyPatch, taker: Gateway) -> House:
    """Notification with every channel that is installed here."""
    made.setenv("PAGER_URL", taker.url)
    house = await House().open()
    every = {**channels(SETTINGS), "email": house.mail, "inbox": house.inbox}
    house.errands._performer = Sender(house.vault, every, Composer("http://board"))
    return house


async def test_what_pip_installed_is_found_and_a_crisis_is_told_through_it(beside: pytest.MonkeyPatch) -> None:
    async with gateway() as taker:
        house = await paged(beside, taker)
        await told(house, TAKEN)
        (sent,) = house.facts(NoticeSent)
        assert (sent.channel, sent.code, sent.to) == ("pager", "201", ANA)  # type: ignore[attr-defined]
        ((body,),) = taker.pages.values()
        assert TAKEN.encode() in body and b"http://board/alerts/placement/1/" in body and house.inbox.shown == []


async def test_a_number_that_is_gone_goes_to_the_inbox_and_is_passed_over_from_then_on(beside: pytest.MonkeyPatch) -> None:
    async with gateway() as taker:
        house = await paged(beside, taker)
        await told(house, REFUSED)
        (failed,) = house.facts(NoticeFailed)
        assert (failed.reason, failed.next_channel) == ("bounced", "inbox")  # type: ignore[attr-defined]
        assert len(house.inbox.shown) == 1 and house.facts(RecipientBounced) and taker.pages == {}


async def test_it_is_not_there_where_it_is_not_set_up(beside: pytest.MonkeyPatch) -> None:
    beside.delenv("PAGER_URL", raising=False)
    assert "pager" not in channels(SETTINGS)


async def test_the_example_keeps_every_promise_that_can_be_tried(beside: pytest.MonkeyPatch) -> None:
    async with gateway() as taker:
        beside.setenv("PAGER_URL", taker.url)
        import example_desk_pager

        found = await Bench(example_desk_pager.Pager(taker.url, within_s=1.0), TAKEN, REFUSED, HANGING).faults()
        assert len(found) == 7 and not any(found.values()), found
        again = [bodies for bodies in taker.pages.values() if len(bodies) == 2]
        assert len(again) == 1 and again[0][0] == again[0][1], "the same notice again is the same page, under the same id"


def test_the_kit_runs_as_a_command(beside: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["nobody", "--taken", TAKEN]) == 1 and "there is no channel nobody" in capsys.readouterr().out
    assert main(["inbox", "--taken", TAKEN]) == 0
    assert capsys.readouterr().out.count("yes  ") == 5


class Broken:
    """Takes a notice as a channel should, but for one thing."""

    def __init__(self, **wrong: Any) -> None:
        self.wrong = wrong

    async def send(self, letter: Letter) -> Any:
        if error := self.wrong.get("raises"):
            raise error
        if seconds := self.wrong.get("blocks"):
            Event().wait(seconds)
        if self.wrong.get("deaf"):
            try:
                await asyncio.sleep(0.05)
            except asyncio.CancelledError:
                await asyncio.sleep(2)
        if word := self.wrong.get("logs"):
            logging.getLogger("pager").debug("paging %s", getattr(letter, word))
        await asyncio.sleep(self.wrong.get("waits", 0))
        return self.wrong.get("answers", Handed("sent", "250"))


@pytest.mark.parametrize(
    ("channel", "told"),
    [
        (Broken(raises=OSError("no route")), "it raised OSError"),
        (Broken(waits=1.0), "no answer within 0.5 s"),
        (Broken(blocks=0.05), "the process stood still for"),
        (Broken(answers=Handed("sent", "250 OK for Ana")), "its code is no code"),
        (Broken(answers="sent"), "it answered str"),
        (Broken(answers=Handed("deferred", "busy")), "it answered deferred (busy); sent or delivered is true here"),
        (Broken(deaf=True), "it goes on for more than a second after it was interrupted"),
        (Broken(logs="address"), "stood in what it logged"),
        (Broken(logs="text"), "stood in what it logged"),
    ],
    ids=["raises", "late", "blocks", "words", "another-type", "defers", "deaf", "logs-address", "logs-text"],
)
async def test_each_promise_that_is_broken_is_told(channel: Channel, told: str) -> None:
    found = await Bench(channel, TAKEN, within_s=0.5).faults()
    assert any(told in fault for fault in found.values()), found


async def test_an_address_that_is_taken_though_it_should_not_be_is_told() -> None:
    found = await Bench(Broken(), TAKEN, REFUSED, HANGING).faults()
    assert found["says that an address takes nothing"].endswith("failed is true here")
    assert found["answers in time though nobody answers it"].endswith("deferred is true here")


@pytest.mark.parametrize(
    ("channel", "reason"),
    [(Broken(answers=Handed("failed", "no mailbox for Ana Testperson")), "unreadable"), (Broken(waits=5.0), "timeout")],
    ids=["words", "hangs"],
)
async def test_words_of_a_server_are_not_recorded_and_a_channel_that_never_answers_is_interrupted(
    channel: Channel, reason: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(protocol, "ANSWERS_WITHIN_S", 0.1)
    letter = Letter("1", TAKEN, "-", "s", "t", "h", House().clock.now(), "en")
    assert (await protocol.handed(channel, letter)).code == reason
