"""What the e-mail channel makes of everything a mail server can do."""

import asyncio
import time
from dataclasses import replace
from datetime import UTC, datetime
from email import message_from_bytes
from email.policy import compat32, default
from string import ascii_letters

import pytest
from hypothesis import given
from hypothesis.strategies import text

from infra.settings import Settings
from services.notification.channel import Handed, Letter
from services.notification.smtp import Smtp, header, written
from tests.notification.postman import Fault, Postman

AT = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)


def letter(n: int = 1, domain: str = "example.org") -> Letter:
    link = "http://127.0.0.1/alerts/placement/1/0f0e9d3c-5a44-5b61-9d7e-2b6f7f0a1c11"
    return Letter(f"notice-{n}", f"somebody@{domain}", domain, "Subject: á", f"Text {link}\n.\nEnd", f"<p>{link}</p>", AT, "en")


def channel(postman: Postman, within_s: float = 1.0) -> Smtp:
    relay = {"smtp_host": "127.0.0.1", "smtp_port": postman.port, "smtp_security": "none"}
    return Smtp(Settings(service="notification", development=True, **relay), within_s)


@pytest.mark.parametrize(
    ("fault", "handed", "taken"),
    [
        ("", Handed("sent", "250"), 1),
        ("hang", Handed("deferred", "timeout"), 0),
        ("defer", Handed("deferred", "451"), 0),
        ("reject", Handed("failed", "554"), 0),
        ("nobody", Handed("failed", "550"), 0),
        ("drop-before", Handed("deferred", "dropped"), 0),
        ("drop-inside", Handed("deferred", "dropped"), 0),
        ("drop-after", Handed("deferred", "dropped"), 1),
    ],
)
async def test_every_fault_is_told_for_what_it_is(fault: Fault, handed: Handed, taken: int) -> None:
    async with Postman(lambda domain: fault if domain else "") as postman:
        assert await channel(postman, 0.3).send(letter()) == handed
        assert len(postman.taken) == taken


async def test_a_server_that_closes_at_once_or_is_not_there_is_waited_for() -> None:
    async with Postman(lambda domain: "refuse") as postman:
        assert (await channel(postman).send(letter())).outcome == "deferred"
    assert (await channel(postman).send(letter())).outcome == "deferred"


async def test_after_a_fault_the_next_message_goes() -> None:
    faults: list[Fault] = ["drop-inside", "defer", "", "", "drop-after", ""]
    async with Postman(lambda domain: faults.pop(0) if domain else "") as postman:
        way = channel(postman)
        assert [(await way.send(letter(n))).outcome for n in range(6)] == ["deferred", "deferred", "sent", "sent", "deferred", "sent"]


async def test_the_same_letter_twice_is_the_same_bytes_under_the_same_id() -> None:
    async with Postman() as postman:
        way = channel(postman)
        await way.send(letter())
        await way.send(letter())
        ((name, _),) = postman.taken
        (taken,) = postman.taken.values()
    assert name == "<notice-1@localhost>" and taken.times == 2 and len(taken.bodies) == 1


async def test_a_server_that_hangs_for_one_domain_delays_no_other() -> None:
    async with Postman(lambda domain: "hang" if domain == "hung.example" else "") as postman:
        way, began = channel(postman, 5.0), time.monotonic()
        stuck = asyncio.create_task(way.send(letter(0, "hung.example")))
        for n in range(20):
            assert (await way.send(letter(n + 1))).outcome == "sent"
        assert time.monotonic() - began < 4 and not stuck.done()
        stuck.cancel()


def test_what_is_written_is_mail_in_both_forms_and_says_that_a_machine_wrote_it() -> None:
    message = message_from_bytes(written(letter(), "throughline@example.org"), policy=default)
    assert message["Auto-Submitted"] == "auto-generated" and message["Message-ID"] == "<notice-1@example.org>"
    assert [part.get_content_type() for part in message.walk()] == ["multipart/alternative", "text/plain", "text/html"]
    assert "." in message.get_body(("plain",)).get_content().splitlines() and message["Subject"] == "Subject: á"


@given(text(ascii_letters + "áñü ¿.=", min_size=1, max_size=300), text(ascii_letters + "áñü ¿.=\n", max_size=3_000))
def test_what_is_written_is_read_again_as_it_was(subject: str, words: str) -> None:
    sent = replace(letter(), subject=" ".join(subject.split()) or "-", text=words)
    wire = written(sent, "throughline@example.org")
    message = message_from_bytes(wire, policy=default)
    assert message["Subject"] == sent.subject and message.get_body(("plain",)).get_content().replace("\r\n", "\n") == words
    assert all(len(line) <= 78 for line in wire.split(b"\r\n") if not line.startswith(b"Message-ID:"))


@pytest.mark.parametrize("subject", ["short", "x" * 66, "x" * 67, "x" * 68, "x" * 69, "x" * 70, "a word " * 30, "una derivación", "a\tb"])
def test_a_header_is_written_as_the_library_writes_it(subject: str) -> None:
    assert header("Subject", subject) == compat32.clone(linesep="\r\n").fold_binary("Subject", subject)
